import AuditArchive
import AuditRecord

/// Writes an archive that is a Delta Lake table, run by run, with the exporter's own writer: all files are as the exporter writes them.
///
/// A run ends in the middle of a day, as a nightly run does, and the next one replaces that day.
struct GeneratedTable {
  let folder: String
  let source: ArchiveSource
  let start: Timestamp

  /// The exporter's defaults.
  private static let settle = TimeSpan.minutes(10)
  private static let lookback = TimeSpan.hours(24)

  /// Makes a commit, and a version of the table, for each run. Syncs all files to the disk.
  ///
  /// - Parameter ends: the end of the coverage after each run, in order.
  /// - Returns: the number of commits.
  func commitRuns(upTo ends: [Timestamp]) async throws -> Int {
    var settings = WriterSettings(toolVersion: "benchmark")
    settings.formats = [.parquet]
    settings.isTable = true
    let archive = Archive(ArchiveLocation(folder: folder), log: source.log)
    return try await archive.withWriter(
      source: source, holder: .thisProcess(since: start), settings: settings
    ) { writer in
      var covered = start
      for end in ends {
        var change = Change(committedAt: end + GeneratedTable.settle, lookback: GeneratedTable.lookback)
        change.start = start
        change.covered = [Window(from: covered, to: end)]
        for number in Day(containing: covered).number...Day(containing: end).number {
          let day = try GeneratedDay(Day(number: number), of: source.log)
          let count = day.count(before: end)
          guard count > 0 else { continue }
          var rows: RowSelection? = RowSelection(day.rows, rows: (0..<Int32(count)).map { $0 })
          change.days.append(try await writer.stage(day.day) { rows.take() })
        }
        change.run.window = Window(from: max(start, covered - GeneratedTable.lookback), to: end)
        change.run.complete = true
        _ = try await writer.commit(change)
        covered = end
      }
      return writer.manifest?.commit ?? 0
    }
  }
}
