import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Foundation
import HTTP
import Synchronization
import TestSupport
import Testing

/// When a run commits the days that it has staged, and what becomes of them when it stops.
@Suite(.fewAtOnce) struct CommitTests {
  private let start = time("2024-02-01T00:00:00Z")
  private let now = time("2024-04-30T01:00:00Z")

  private func harness(
    _ disk: FaultyFileSystem = FaultyFileSystem(folder: "/archive"), _ behaviours: any Behaviour...
  ) throws -> TestHarness {
    try TestHarness(now: now, files: disk) { configuration in
      configuration.events = .generated(Generation(count: 900, window: Window(from: start, to: now)))
      configuration.behaviours = behaviours
    }
  }

  /// Lets every request take a while.
  private func delay(_ harness: TestHarness, _ span: TimeSpan) {
    harness.beforeRequest.withLock {
      $0 = { [clock = harness.clock] (_: Int) throws(TransportFault) in clock.advance(to: clock.now + span) }
    }
  }

  private func expectSound(_ harness: TestHarness) async throws {
    #expect(try await harness.violations() == [])
    #expect(
      try await Archive(at: harness.folder, log: harness.log, fileSystem: harness.files).verify()?.findings
        == [])
  }

  @Test func `a commit is due thirty seconds after the last one, or at 64 MiB of text`() {
    var schedule = CommitSchedule(at: .seconds(100))
    #expect(!schedule.isDue(at: .seconds(129.999)) && schedule.isDue(at: .seconds(130)))
    schedule.stage(textBytes: 32 << 20)
    schedule.stage(textBytes: (32 << 20) - 1)
    #expect(!schedule.isDue(at: .seconds(129)))
    schedule.stage(textBytes: 1)
    #expect(schedule.isDue(at: .seconds(101)))
    schedule.commit(at: .seconds(120))
    #expect(!schedule.isDue(at: .seconds(149)) && schedule.isDue(at: .seconds(150)))
  }

  @Test func `ninety days within thirty seconds make one commit`() async throws {
    let harness = try harness()
    let summary = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 50 })
    #expect(summary.commits == [1] && summary.daysWritten.count == 90 && summary.counters.complete)
    await #expect(try harness.manifest?.gaps == [])
    try await expectSound(harness)
  }

  @Test func `the list is read on while a commit is made`() async throws {
    let bucket = MemoryBucket()
    let harness = try TestHarness(now: now, store: .bucket(bucket)) { configuration in
      configuration.events = .generated(Generation(count: 900, window: Window(from: start, to: now)))
    }
    let requests = Mutex(0)
    harness.beforeRequest.withLock {
      $0 = { [clock = harness.clock] (_: Int) throws(TransportFault) in
        requests.withLock { $0 += 1 }
        clock.advance(to: clock.now + .seconds(7))
      }
    }
    let others = Mutex(0)
    bucket.meanwhile(before: "create \(ArchivePaths(harness.log).commit(1))") {
      let before = requests.withLock(\.self)
      // At most a minute: a busy machine may not run the other task at once.
      for _ in 0..<60_000 where others.withLock(\.self) == 0 {
        try? await Task.sleep(for: .milliseconds(1))
        others.withLock { $0 = requests.withLock(\.self) - before }
      }
    }
    try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 20 })
      .requireComplete()
    #expect(others.withLock(\.self) > 0)
  }

  @Test func `a slow backfill commits about every thirty seconds, and each commit states its content`()
    async throws
  {
    let harness = try harness()
    delay(harness, .seconds(7))
    let commits = Mutex([Commit]())
    let summary = try await harness.export(
      .incremental(backfillStart: start),
      observe: { event in
        if case .committed(let commit) = event { commits.withLock { $0.append(commit) } }
      }, adjust: { $0.pageSize = 20 })
    let made = commits.withLock(\.self)
    #expect(made.count > 5 && summary.commits == made.map(\.commit))
    for (one, next) in zip(made, made.dropLast().dropFirst()) {
      #expect(next.committedAt - one.committedAt >= CommitSchedule.interval)
    }
    // While every page completes a day, one request more; the last pages complete none before the end of the list is known.
    for (one, next) in zip(made, made.dropLast(2).dropFirst()) {
      #expect(next.committedAt - one.committedAt <= CommitSchedule.interval + .seconds(9))
    }
    #expect(made.dropLast().allSatisfy { !$0.run.complete } && made.last?.run.complete == true)
    #expect(made.reduce(0) { $0 + $1.run.rowsAdded } == summary.counters.rowsAdded)
    #expect(made.reduce(0) { $0 + $1.run.requests } == summary.counters.requests)
    try await expectSound(harness)
  }

  @Test func `text over the limit is committed at once`() async throws {
    let harness = try harness()
    let summary = try await harness.export(
      .incremental(backfillStart: start),
      adjust: {
        $0.pageSize = 10
        $0.commitTextLimit = 1
      })
    // Days that one page completes are staged together.
    #expect(summary.commits.count > 45 && summary.daysWritten.count == 90)
    try await expectSound(harness)
  }

  @Test(arguments: [TransportFault.interrupted("cut by the test"), .cancelled])
  func `a run stopped by the API or a signal commits what it has at once`(fault: TransportFault) async throws
  {
    let harness = try harness()
    harness.beforeRequest.withLock {
      $0 = { (number: Int) throws(TransportFault) in if number > 9 { throw fault } }
    }
    let summary = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 50 })
    #expect(summary.commits == [1] && !summary.counters.complete)
    #expect(summary.counters.rowsAdded == summary.counters.eventsReceived - summary.counters.duplicates)
    #expect(try await harness.archived().count == summary.counters.rowsAdded)
    await #expect(try harness.manifest?.coverage.isEmpty == false)
    try await expectSound(harness)
  }

  @Test func `if the disk is full for one day, the days staged before it are kept`() async throws {
    var kept: Set<Int> = []
    for operation in stride(from: 60, to: 200, by: 9) {
      let disk = FaultyFileSystem(folder: "/archive")
      let harness = try harness(disk)
      disk.fail(at: operation, .full)
      let summary = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 50 })
      guard case .stoppedByArchive = summary.outcome else { continue }
      disk.restart()
      let days = try await harness.manifest?.partitions.count { $0.rows > 0 } ?? 0
      #expect(days == summary.daysWritten.count && days < 90)
      kept.insert(days)
      try await expectSound(harness)
    }
    #expect(kept.count > 5 && kept.max()! > 10, "\(kept.sorted())")
  }

  @Test func `an event shown again after its day was staged is archived once`() async throws {
    // Read where it belongs, and shown again among those of weeks before.
    let harness = try harness(
      FaultyFileSystem(folder: "/archive"),
      MisplacedEvents([.init(from: 120, to: 780)], during: RequestRange(from: 8)))
    let summary = try await harness.export(
      .incremental(backfillStart: start),
      adjust: {
        $0.pageSize = 100
        $0.timeFilter = .walk
      })
    // All of it in less than the interval, so that nothing but the event itself makes the run commit.
    #expect(harness.clock.elapsed < CommitSchedule.interval)
    let archived = try await harness.archived()
    let stray = try #require(try harness.truth().dropLast(120).last)
    #expect(archived.count { $0 == stray } == 1 && archived.count > 600, "it ended as \(summary.outcome)")
    try await expectSound(harness)
  }

  @Test(arguments: [(1 << 20, 1), (1, 90)], [1, 2, 8])
  func `a format conversion commits on the same schedule, however many days are staged at a time`(
    limits: (text: Int, commits: Int), width: Int
  ) async throws {
    let (limit, commits) = limits
    let harness = try harness()
    _ = try await harness.export(.incremental(backfillStart: start))
    harness.formats.withLock { $0 = [.csv, .parquet] }
    let told = Mutex([[Day]]())
    let summary = try await harness.export(
      .incremental(backfillStart: start),
      observe: { if case .converted(let days) = $0 { told.withLock { $0.append(days) } } },
      adjust: {
        $0.commitTextLimit = limit
        $0.conversionWidth = width
      })
    let converted = told.withLock(\.self)
    #expect(converted.count == commits && converted.joined().count == 90)
    #expect(Array(converted.joined()) == converted.joined().sorted())
    // And one of the run.
    #expect(summary.commits.count == commits + 1 && summary.daysWritten.count == 90)
    await #expect(try harness.manifest?.partitions.allSatisfy { $0.has([.csv, .parquet]) } == true)
    try await expectSound(harness)
  }

  @Test(arguments: [1, 8])
  func `a stopped conversion keeps the days that it has written`(width: Int) async throws {
    let before = FaultyFileSystem(folder: "/archive")
    _ = try await harness(before).export(.incremental(backfillStart: start))
    var kept: Set<Int> = []
    for operation in stride(from: 300, to: 3_000, by: 170) {
      let disk = FaultyFileSystem(copyOf: before)
      let harness = try harness(disk)
      harness.formats.withLock { $0 = [.csv, .parquet] }
      disk.fail(at: operation, .full)
      let summary: ExportSummary
      // Opening fails before there is a run.
      do {
        summary = try await harness.export(
          .incremental(backfillStart: start), adjust: { $0.conversionWidth = width })
      } catch is ArchiveError {
        continue
      }
      guard case .stoppedByArchive = summary.outcome else { continue }
      disk.restart()
      let days = try await harness.manifest?.partitions.count { $0.has([.csv, .parquet]) } ?? 0
      #expect(days == summary.daysWritten.count && summary.commits.count <= 1)
      kept.insert(days)
      try await expectSound(harness)
    }
    #expect(kept.count > 3 && kept.max()! > 20, "\(kept.sorted())")
  }
}

/// Nights in which nothing happened are proven, not passed over.
@Suite(.fewAtOnce) struct QuietTests {
  private let start = time("2024-02-01T00:00:00Z")
  private let evening = time("2024-02-03T12:00:00Z")

  private func record(_ harness: TestHarness, _ number: Int) throws -> Commit {
    let path = harness.folder + "/" + ArchivePaths(harness.log).commit(number)
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
    return try ArchiveJSON.decode(Commit.self, from: bytes, path: path)
  }

  @Test func `a run without events writes a commit that extends the coverage`() async throws {
    let harness = try TestHarness(now: evening, events: 200, since: start, until: start + .days(1))
    _ = try await harness.export(.incremental(backfillStart: start))
    let before = try await #require(try harness.manifest)
    for night in 1...3 {
      harness.clock.advance(to: evening + .days(Double(night)))
      let settled = harness.clock.now - .minutes(10)
      let summary = try await harness.export(.incremental(backfillStart: nil))
      #expect(summary.counters.rowsAdded == 0 && summary.daysWritten.isEmpty)
      let number = try #require(summary.commits.last)
      let commit = try record(harness, number)
      #expect(commit.coverage.end == settled)
      #expect(commit.highWaterMark == settled)
      #expect(commit.run.complete && commit.filesAdded.isEmpty && commit.filesRemoved.isEmpty)
      // The days that were quiet are named, with no rows.
      let day = Day(containing: harness.clock.now)
      let partition = try await #require(try harness.manifest?.partition(day))
      #expect(partition.rows == 0 && partition.revision == 0 && partition.files.isEmpty)
    }
    // Nothing of it is anything to load.
    let changes = try #require(
      try await Archive(at: harness.folder, log: harness.log).changes(since: before.commit))
    #expect(changes.days.isEmpty && changes.commit > before.commit)
    #expect(try await harness.violations().isEmpty)
  }

  @Test func `a run without any change writes a commit and no other file`()
    async throws
  {
    let harness = try await TestHarness.withArchive(now: evening, events: 200, since: start)
    let before = try await #require(try harness.manifest)
    let window = Window(from: start, to: start + .days(1))
    let summary = try await harness.export(.window(window, replace: false))
    let after = try await #require(try harness.manifest)
    #expect(summary.counters.rowsAdded == 0 && summary.commits == [before.commit + 1])
    #expect(after.coverage == before.coverage && after.partitions == before.partitions)
    let commit = try record(harness, before.commit + 1)
    #expect(commit.partitionsChanged.isEmpty && commit.filesAdded.isEmpty && commit.filesRemoved.isEmpty)
    #expect(commit.run.eventsReceived > 0 && commit.run.duplicates > 0)
    let changes = try #require(
      try await Archive(at: harness.folder, log: harness.log).changes(since: before.commit))
    #expect(changes.days.isEmpty && changes.commit == after.commit)
  }
}
