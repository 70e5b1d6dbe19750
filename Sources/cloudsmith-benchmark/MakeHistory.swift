import ArgumentParser
import AuditArchive
import AuditRecord
import Platform

/// `cloudsmith-benchmark make-history`: writes the archives for `Scripts/benchmark --history`.
struct MakeHistory: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make-history",
    abstract: "Writes an archive with a long history of commits, as runs of the exporter would have left it.",
    discussion: """
      One event happens every hour, and every archive has the same events. An archive of CSV is not synced to the disk.
      """)

  @Option(help: ArgumentHelp("Write the archive to this folder, which must not exist.", valueName: "folder"))
  var archive: String

  @Option(help: ArgumentHelp("The organization whose log it is.", valueName: "slug"))
  var organization = "bench"

  @Option(help: ArgumentHelp("The API that it came from.", valueName: "URL"))
  var apiHost = "https://api.cloudsmith.io"

  @Option(help: ArgumentHelp("The day before which it ends, such as 2026-11-30.", valueName: "date"))
  var to: String

  @Option(help: ArgumentHelp("So many days before that it begins.", valueName: "count"))
  var days: Int

  @Option(help: ArgumentHelp("So many runs a day, each of which made a commit.", valueName: "count"))
  var runsPerDay = 1

  /// The format of the archive.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case csv, delta
  }

  @Option(
    help: ArgumentHelp(
      "The format of the archive: csv, or delta for a Delta Lake table, whose runs end within a day.",
      valueName: "format"))
  var format = Format.csv

  @Flag(help: "Let the first commit have all but what the last run found: two commits in all.")
  var backfilled = false

  @Option(
    help: ArgumentHelp(
      "Write the events of the last three days to this file too, for the emulator.", valueName: "file"))
  var recentEvents: String?

  func validate() throws {
    guard let log = LogName(organization), log.repository == nil else {
      throw ValidationError("'\(organization)' is not the slug of an organization.")
    }
    if Day(to) == nil { throw ValidationError("'\(to)' is not a date such as 2026-11-30.") }
    if !(1...36_500).contains(days) { throw ValidationError("--days needs a count from 1 to 36500.") }
    if !(1...1_440).contains(runsPerDay) || 1_440 % runsPerDay != 0 {
      throw ValidationError("--runs-per-day needs a count that divides the minutes of a day.")
    }
    if days * runsPerDay < 2 { throw ValidationError("A history has two runs at least.") }
    if FileManager.default.fileExists(atPath: archive) {
      throw ValidationError("'\(archive)' exists; give a folder that does not.")
    }
  }

  func run() async throws {
    guard let log = LogName(organization), let end = Day(to) else { return }
    let first = end.advanced(by: -days)
    if let recentEvents {
      let recent = max(first, end.advanced(by: -3))..<end
      try Data(GeneratedDay.json(recent, of: log)).write(to: URL(filePath: recentEvents))
    }
    let source = ArchiveSource(apiHost: apiHost, log: log)
    let runs = days * runsPerDay
    let step = TimeSpan(microseconds: Day.microseconds / Int64(runsPerDay))
    guard format == .csv else {
      let half = TimeSpan(microseconds: step.microseconds / 2)
      let ends = (backfilled ? [runs - 1, runs] : Array(1...runs)).map { first.start + step * $0 - half }
      let table = GeneratedTable(folder: archive, source: source, start: first.start)
      let commits = try await table.commitRuns(upTo: ends)
      print("\(commits) commits of \(days) days are in \(archive)")
      return
    }
    var history = try await GeneratedHistory(at: archive, source: source, start: first.start)
    for run in backfilled ? (runs - 1)...runs : 1...runs {
      try await history.commitRun(upTo: first.start + step * run)
    }
    try history.writeManifest()
    print("\(history.commits) commits of \(days) days are in \(archive)")
  }
}
