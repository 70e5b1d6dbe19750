package import AuditArchive
import AuditExport
package import AuditRecord
package import ExportConfiguration

/// The command that fetches a window anew, to be pasted: with every setting that the archive has and a default does not.
package struct ReplaceCommand {
  package let log: LogName
  package let archive: String
  /// What the archive is an archive of; nil where that cannot be read.
  package var source: ArchiveSource?
  /// What its days are written in.
  package var formats: Set<PartFormat> = []
  /// `--retention` as it is set here, by the environment for example.
  package var retention: TimeSpan
  package let now: Timestamp

  package init(
    log: LogName, archive: String, source: ArchiveSource? = nil, formats: Set<PartFormat> = [],
    retention: TimeSpan = ExportSettings.Default.retention, now: Timestamp
  ) {
    self.log = log
    self.archive = archive
    self.source = source
    self.formats = formats
    self.retention = retention
    self.now = now
  }

  /// How long the command stays good after `now`: a longer retention claims nothing that the API does not show.
  private static let margin = TimeSpan.days(30)

  /// `cloudsmith-audit-export export -o acme --archive /srv/audit --from 2024-02-12 --to 2024-02-14 --replace`
  package func text(_ window: Window) -> String {
    var words = [
      "cloudsmith-audit-export", "export", "-o", "\(log)", "--archive", archive, "--from", time(window.from),
      "--to", time(window.to), "--replace",
    ]
    let needed = now - window.from + Self.margin
    if needed > min(retention, ExportSettings.Default.retention) {
      words += ["--retention", "\(-(-needed.microseconds).flooredDivision(by: Day.microseconds).quotient)d"]
    }
    if !formats.isEmpty, formats != [.csv] {
      words += [
        "--format", PartFormat.allCases.filter(formats.contains).map(\.rawValue).joined(separator: ","),
      ]
    }
    if let source {
      if source.apiHost != Settings.apiHost.defaultText { words += ["--api-host", source.apiHost] }
      if let query = source.query { words += ["--query", query] }
    }
    return words.map(shell).joined(separator: " ")
  }

  /// One for each run of days that follow one another.
  package func texts(_ days: some Sequence<Day>) -> [String] {
    var runs: [(first: Day, last: Day)] = []
    for day in Set(days).sorted() {
      if let run = runs.last, run.last.next == day {
        runs[runs.count - 1].last = day
      } else {
        runs.append((day, day))
      }
    }
    return runs.map { text(Window(from: $0.first.start, to: $0.last.end)) }
  }

  /// A date where it is the beginning of one.
  private func time(_ time: Timestamp) -> String {
    let day = Day(containing: time)
    return day.start == time ? "\(day)" : "\(time)"
  }
}

/// An export as the command line that asks for it, to be pasted: what was given as an option, and in any case what an archive is made
/// with.
package struct ExportCommandLine {
  /// `cloudsmith-audit-export export -o acme --archive /srv/audit --backfill-start-time 2024-01-01`
  package let text: String

  /// - Parameters:
  ///   - config: the job file that the rest is in.
  ///   - isReplacing: whether `--replace` was given.
  package init(
    _ sources: SettingSources, log: LogName, archive: String, config: String?, isReplacing: Bool
  ) throws(Failure) {
    var words = ["cloudsmith-audit-export", "export"]
    if let config { words += [Settings.config.option, shell(config)] }
    words += ["-o", "\(log)"]
    if config == nil { words += [Settings.archive.option, shell(archive)] }
    let named = [Settings.log.option] + (config == nil ? [Settings.archive.option] : [])
    // Another shell need not have the variables of this one.
    let ofArchive = [Settings.archive.option, Settings.query.option] + [Settings.backfillStart.option]
    for setting in Settings.ofExport where !named.contains(setting.option) {
      guard let given = try setting.find(in: sources) else { continue }
      switch given.source {
      case .option: break
      case .variable: guard ofArchive.contains(setting.option) else { continue }
      case .file: continue
      }
      if case .boolean? = setting.jobForm {
        words.append(given.text == "true" ? setting.option : "--no-\(setting.option.dropFirst(2))")
      } else {
        words += [setting.option, shell(setting.shown(given.text))]
      }
    }
    if isReplacing { words.append("--replace") }
    text = words.joined(separator: " ")
  }
}

/// A word as a shell reads it.
private func shell(_ word: String) -> String {
  let isPlain = word.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: ","):
      true
    default: false
    }
  }
  return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
