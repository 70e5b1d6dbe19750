import AuditArchive
import AuditRecord
import CloudsmithEmulator
import Crypto
import PartitionFormats
import Platform

/// Writes an archive commit by commit without the exporter: no lock, no intent, no fsync, and the manifest only once at the
/// end. The archive passes `verify`.
struct GeneratedHistory {
  private let folder: String
  private let source: ArchiveSource
  private let start: Timestamp
  private let paths: ArchivePaths
  /// A commit of the exporter's own writer: the members that all commits share.
  private let template: Commit
  private var manifest: Manifest?
  /// The last day of the last run, and how many of its events are committed.
  private var newest: (day: GeneratedDay, rows: Int)?
  /// Days that are not settled yet.
  private var open: Set<Day> = []

  /// The exporter's defaults.
  private static let settle = TimeSpan.minutes(10)
  private static let lookback = TimeSpan.hours(24)

  var commits: Int { manifest?.commit ?? 0 }

  init(at folder: String, source: ArchiveSource, start: Timestamp) async throws {
    self.folder = folder
    self.source = source
    self.start = start
    paths = ArchivePaths(source.log)
    template = try await GeneratedHistory.writeTemplate(at: folder, source, Day(containing: start))
    try FileManager.default.createDirectory(
      atPath: "\(folder)/\(paths.commits)", withIntermediateDirectories: true)
  }

  /// Makes an archive of one commit with the exporter's writer, and deletes all of it but the file that names its kind.
  private static func writeTemplate(
    at folder: String, _ source: ArchiveSource, _ day: Day
  ) async throws -> Commit {
    let sample = try GeneratedDay(day, of: source.log)
    let commit = try await Archive(ArchiveLocation(folder: folder), log: source.log).withWriter(
      source: source, holder: .thisProcess(since: day.end),
      settings: WriterSettings(toolVersion: "benchmark")
    ) { writer in
      var change = Change(committedAt: day.end + settle, lookback: lookback)
      var rows: RowSelection? = RowSelection(sample.rows)
      change.days = [try await writer.stage(day) { rows.take() }]
      change.covered = [day.window]
      return try await writer.commit(change)
    }
    let kind = try Data(contentsOf: URL(filePath: "\(folder)/\(ArchivePaths.kind)"))
    try FileManager.default.removeItem(atPath: folder)
    let place = "\(folder)/\(ArchivePaths.kind)"
    try FileManager.default.createDirectory(
      atPath: "\(folder)/\(ArchivePaths.folder(of: ArchivePaths.kind))", withIntermediateDirectories: true)
    try kind.write(to: URL(filePath: place))
    return commit
  }

  /// Commits what a run would commit that starts ten minutes after `end` and covers everything before `end`.
  mutating func commitRun(upTo end: Timestamp) async throws {
    var sealed: [GeneratedPart] = []
    var added = 0
    let first = newest?.day.day ?? Day(containing: start)
    for number in first.number...Day(containing: end).number {
      let day = Day(number: number)
      guard day.start < end else { continue }
      if newest?.day.day != day { newest = (try GeneratedDay(day, of: source.log), 0) }
      guard let (events, known) = newest else { continue }
      let count = events.count(before: end)
      guard count > known else { continue }
      newest?.rows = count
      added += count - known
      let new = try await events.sealed(count)
      // A later run replaces the part of an incomplete day, so that part is not written.
      if count == events.rows.count { try writePart(new) }
      sealed.append(new)
    }
    try commit(sealed, rowsAdded: added, upTo: end)
  }

  func writeManifest() throws {
    guard let manifest else { return }
    try write(ArchiveJSON.encode(manifest), to: paths.manifest)
  }

  private mutating func commit(_ days: [GeneratedPart], rowsAdded: Int, upTo end: Timestamp) throws {
    var commit = template
    let number = commits + 1
    let time = end + GeneratedHistory.settle
    let before = manifest?.coverage.end ?? start
    commit.standing.commit = number
    commit.standing.committedAt = time
    commit.standing.start = start
    commit.standing.coverage = Coverage([Window(from: start, to: end)])
    commit.standing.lookbackDue = Coverage([
      Window(from: max(start, time - GeneratedHistory.lookback), to: end)
    ])
    commit.previousCommitSHA256 = manifest?.commitSHA256

    var changed: [Day: Partition] = [:]
    for sealed in days {
      changed[sealed.day] = partition(sealed, number)
      open.insert(sealed.day)
    }
    for day in open where commit.standing.isWhole(day) && day.end <= end - GeneratedHistory.lookback {
      guard var partition = changed[day] ?? manifest?.partition(day) else { continue }
      partition.state = .settled
      changed[day] = partition
      open.remove(day)
    }
    commit.partitionsChanged = changed.values.sorted { $0.eventDate < $1.eventDate }
    commit.filesAdded = days.compactMap { changed[$0.day]?.files.first?.path }.sorted()
    commit.filesRemoved = days.flatMap { manifest?.partition($0.day)?.files.map(\.path) ?? [] }.sorted()

    commit.run = RunCounters()
    commit.run.window = Window(from: max(start, before - GeneratedHistory.lookback), to: end)
    commit.run.timeFilter = "walk"
    commit.run.requests = 1
    commit.run.eventsReceived = rowsAdded
    commit.run.rowsAdded = rowsAdded
    commit.run.complete = true

    let record = ArchiveJSON.encode(commit)
    try write(record, to: paths.commit(number))
    manifest.apply(commit, sha256: SHA256.hash(data: record).hex)
  }

  /// The entry of the next revision of a day.
  private func partition(_ sealed: GeneratedPart, _ commit: Int) -> Partition {
    var partition = template.partitionsChanged[0]
    partition.eventDate = sealed.day
    partition.state = .open
    partition.revision = (manifest?.partition(sealed.day)?.revision ?? 0) + 1
    partition.changedInCommit = commit
    partition.rows = sealed.summary.rows
    partition.minEventAt = sealed.summary.minEventAt
    partition.maxEventAt = sealed.summary.maxEventAt
    partition.contentSHA256 = sealed.contentSHA256
    partition.files[0].path = path(sealed, revision: partition.revision)
    partition.files[0].rows = sealed.summary.rows
    partition.files[0].bytes = sealed.summary.bytes
    partition.files[0].uncompressedBytes = sealed.summary.uncompressedBytes
    partition.files[0].sha256 = sealed.summary.sha256
    partition.files[0].minEventAt = sealed.summary.minEventAt ?? sealed.day.start
    partition.files[0].maxEventAt = sealed.summary.maxEventAt ?? sealed.day.start
    return partition
  }

  private func path(_ sealed: GeneratedPart, revision: Int) -> String {
    paths.part(
      PartName(
        format: .csv, day: sealed.day, index: 0, revision: revision,
        hash: ArchivePaths.shortHash(sealed.summary.sha256)))
  }

  private func writePart(_ sealed: GeneratedPart) throws {
    let path = path(sealed, revision: (manifest?.partition(sealed.day)?.revision ?? 0) + 1)
    try FileManager.default.createDirectory(
      atPath: "\(folder)/\(ArchivePaths.folder(of: path))", withIntermediateDirectories: true)
    try write(sealed.bytes, to: path)
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(filePath: "\(folder)/\(path)"))
  }
}

/// Generated events of one day, one per hour. A day always has the same events.
struct GeneratedDay {
  let day: Day
  /// In the order of the archive.
  let rows: RowBatch

  init(_ day: Day, of log: LogName) throws {
    self.day = day
    let events = GeneratedDay.log(day, log).events
    var parser = EventParser()
    rows = try parser.parse(events.json(0..<events.count)).rows
    precondition(rows.count == events.count, "every made-up event is a row")
  }

  /// The number of events before a time.
  func count(before time: Timestamp) -> Int { rows.eventAt.count { $0 < time.microseconds } }

  /// Writes the first `count` events as a part file.
  func sealed(_ count: Int) async throws -> GeneratedPart {
    var content = DayContentHash()
    var bytes: [UInt8] = []
    var writer = try CSVPartWriter()
    let selection = RowSelection(rows, rows: (0..<Int32(count)).map { $0 })
    _ = try await writer.append(selection, content: &content) { bytes += $0 }
    let summary = try await writer.finish(content: &content) { bytes += $0 }
    return GeneratedPart(day: day, summary: summary, contentSHA256: content.sha256, bytes: bytes)
  }

  /// The events of these days as a JSON array, newest first, as the API lists them.
  static func json(_ days: some BidirectionalCollection<Day>, of log: LogName) -> [UInt8] {
    var json = [UInt8(ascii: "[")]
    for day in days.reversed() {
      let events = self.log(day, log).events
      for index in (0..<events.count).reversed() {
        if json.count > 1 { json.append(UInt8(ascii: ",")) }
        json += events.record(index)
      }
    }
    return json + [UInt8(ascii: "]")]
  }

  private static func log(_ day: Day, _ name: LogName) -> EmulatedLog {
    var log = EmulatedLog(name: name, seed: UInt64(day.number))
    for hour in 0..<24 {
      // Two minutes past the hour, and some microseconds.
      let fraction = (day.number * 24 + Int64(hour)) * 7_919 % 1_000_000
      log.insertGenerated(at: day.start + .minutes(Double(hour * 60 + 2)) + TimeSpan(microseconds: fraction))
    }
    return log
  }
}

/// The part file of a day, not yet in an archive.
struct GeneratedPart {
  let day: Day
  let summary: PartSummary
  let contentSHA256: String
  let bytes: [UInt8]
}
