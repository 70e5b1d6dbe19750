import AuditArchive
import AuditRecord

/// What an archive holds.
struct StatusReport: Report {
  let manifest: Manifest
  /// Newest first.
  let commits: [Commit]
  /// Files that the manifest names and that are missing, or of another size.
  let damaged: [DamagedFile]
  let now: Timestamp

  private var lag: TimeSpan { now - manifest.highWaterMark }

  // MARK: - Text

  var text: String {
    let rows = manifest.partitions.reduce(0) { $0 + $1.rows }
    let files = manifest.partitions.reduce(0) { $0 + $1.files.count }
    let bytes = manifest.partitions.reduce(0) { $0 + $1.files.reduce(0) { $0 + $1.bytes } }
    var lines = [
      "source           \(manifest.source.log) at \(manifest.source.apiHost)",
      "start            \(manifest.start)",
      "high-water mark  \(manifest.highWaterMark)  (\(lag.rounded) ago)",
    ]
    lines += labelled("coverage", manifest.coverage.intervals)
    lines += labelled("gaps", manifest.gaps)
    lines.append(
      "partitions       \(manifest.partitions.count) days, \(rows.grouped) rows, \(files) files, \(bytes.grouped) bytes"
    )
    if manifest.quarantinedRecords > 0 {
      lines.append("quarantine       \(manifest.quarantinedRecords.grouped) records")
      lines += manifest.quarantine.map { "                 \($0.path)  \($0.records)" }
    }
    lines += damaged.map { "damaged          \($0)" }
    lines.append("")
    lines.append("day         state    rev        rows       bytes")
    var days = manifest.partitions[...]
    while let day = days.popFirst() {
      // A stretch of days on which nothing happened, and nothing can any more, is one line.
      let quiet = days.prefix { $0.isQuiet }
      if day.isQuiet, quiet.count > 1, let last = quiet.last {
        lines.append("\(day.eventDate)  settled    0           0           0  and so to \(last.eventDate)")
        days = days.dropFirst(quiet.count)
        continue
      }
      let bytes = day.files.reduce(0) { $0 + $1.bytes }
      lines.append(
        "\(day.eventDate)  \(day.state == .open ? "open   " : "settled")\(right(String(day.revision), 5))"
          + "\(right(day.rows.grouped, 12))\(right(bytes.grouped, 12))")
    }
    lines.append("")
    lines.append("last commits")
    for commit in commits {
      lines.append(
        "\(right(String(commit.commit), 6))  \(commit.committedAt)  \(commit.run.rowsAdded.grouped) added, "
          + "\(commit.run.requests) requests\(commit.run.complete ? "" : ", run went on or stopped")")
    }
    return lines.joined(separator: "\n")
  }

  private func labelled(_ label: String, _ windows: [Window]) -> [String] {
    guard !windows.isEmpty else { return [left(label, 17) + "none"] }
    return windows.enumerated().map { index, window in
      left(index == 0 ? label : "", 17) + "\(window.from) to \(window.to)"
    }
  }

  private func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  // MARK: - JSON

  var json: String {
    let status = damaged.isEmpty ? ExitStatus.done : .damaged
    return JSONText.of(
      Document(
        status: status.word, exitStatus: status.rawValue, damaged: damaged.map(\.description),
        manifest: manifest,
        highWaterMarkLagSeconds: lag.seconds, lastCommits: commits))
  }

  private struct Document: Encodable {
    var status: String
    var exitStatus: Int32
    var damaged: [String]
    var manifest: Manifest
    var highWaterMarkLagSeconds: Double
    var lastCommits: [Commit]
  }
}

extension Partition {
  fileprivate var isQuiet: Bool { rows == 0 && revision == 0 && state == .settled }
}

extension TimeSpan {
  /// To the second, for people.
  fileprivate var rounded: TimeSpan { .seconds(seconds.rounded()) }
}
