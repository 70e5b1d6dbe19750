import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import ObjectStoreFakes
import Synchronization
import TestSupport
import Testing

/// How many requests a run makes of an API without faults.
@Suite(.fewAtOnce) struct EconomyTests {
  private let now = time("2024-12-20T01:50:00Z")

  @Test(arguments: [30, 86, 300, 3_600])
  func `a nightly run makes at most four requests more than window and lookback have pages`(
    seconds: Int
  ) async throws {
    let step = TimeSpan.seconds(Double(seconds) + 0.000_317)
    let before = LongLog(count: 40 * 86_400 / seconds, newest: now - .seconds(7), step: step)
    let harness = try TestHarness(now: now)
    _ = try await harness.export(.incremental(backfillStart: now - .days(2)), from: before)
    await #expect(try harness.manifest?.gaps == [])

    let tonight = now + .days(1)
    harness.clock.advance(to: tonight)
    let new = Int((tonight - now).microseconds / step.microseconds)
    let log = LongLog(count: before.count + new, newest: before.newest + step * new, step: step)
    let summary = try await harness.export(.incremental(backfillStart: nil), from: log)
    try summary.requireComplete()
    let span = try #require(summary.plan.span)
    #expect(span.length > .hours(47))
    let pages = (log.events(in: Window(from: span.from, to: tonight)) + 499) / 500
    #expect(log.seen.withLock(\.requests) <= pages + 4)
  }

  /// The program makes one more, to see whether there is an archive.
  @Test(arguments: [([PartFormat.csv], 11), ([.csv, .parquet], 12)] as [(Set<PartFormat>, Int)])
  func `a night without new events makes at most twelve requests to a bucket`(
    formats: Set<PartFormat>, requests: Int
  ) async throws {
    let bucket = ObjectBucket()
    let harness = try TestHarness(now: now, store: .objects(bucket)) { configuration in
      configuration.events = .generated(
        Generation(count: 50, window: Window(from: now - .days(9), to: now - .days(5))))
    }
    harness.formats.withLock { $0 = formats }
    harness.isVerified.withLock { $0 = false }
    try await harness.export(.incremental(backfillStart: now - .days(10))).requireComplete()
    for night in 1...3 {
      harness.clock.advance(to: now + .days(Double(night)))
      bucket.store.startRecording()
      try await harness.export(.incremental(backfillStart: nil)).requireComplete()
      #expect(bucket.store.recorded == requests)
    }
  }

  /// To see whether there is an archive, the program makes ten more requests on a first run, and one more on a night.
  ///
  /// - Parameters:
  ///   - first: the requests of a first run, without those that test the store and those of the parts.
  ///   - quiet: the requests of a night without new events.
  ///   - news: the requests of a night with a new day, without those of its parts.
  @Test(
    arguments: [
      ([.csv, .parquet], false, 22, 12, 14), ([.csv, .parquet], true, 27, 14, 19),
      ([.parquet], true, 27, 13, 18),
    ] as [(Set<PartFormat>, Bool, Int, Int, Int)])
  func `a table costs a bucket five requests for each run with news, and two for a night without`(
    formats: Set<PartFormat>, isTable: Bool, first: Int, quiet: Int, news: Int
  ) async throws {
    let bucket = ObjectBucket()
    let harness = try TestHarness(now: now, store: .objects(bucket)) { configuration in
      configuration.events = .generated(
        Generation(count: 50, window: Window(from: now - .days(9), to: now - .days(5))))
    }
    harness.formats.withLock { $0 = formats }
    harness.isTable.withLock { $0 = isTable }
    func requests() -> [String] {
      bucket.store.requests.suffix(bucket.store.recorded).filter {
        !$0.contains(".probe-") && !$0.contains("event_date")
      }
    }
    bucket.store.startRecording()
    try await harness.export(.incremental(backfillStart: now - .days(10))).requireComplete()
    #expect(requests().count == first, "\(requests())")

    harness.clock.advance(to: now + .days(1))
    bucket.store.startRecording()
    try await harness.export(.incremental(backfillStart: nil)).requireComplete()
    #expect(requests().count == quiet, "\(requests())")

    harness.clock.advance(to: now + .days(2))
    harness.api.withLock { $0.change(harness.log) { $0.insertGenerated(at: now + .days(1.5)) } }
    bucket.store.startRecording()
    try await harness.export(.incremental(backfillStart: nil)).requireComplete()
    #expect(requests().count == news, "\(requests())")
    let parts = bucket.store.requests.suffix(bucket.store.recorded).count { $0.contains("event_date") }
    #expect(parts == formats.count)
  }

  @Test func `a commit that replaces nothing asks a bucket for each new part once`() async throws {
    let bucket = ObjectBucket()
    let harness = try TestHarness(now: now, store: .objects(bucket)) { configuration in
      configuration.events = .generated(
        Generation(count: 200, window: Window(from: now - .days(20), to: now - .days(1))))
    }
    try await harness.export(.incremental(backfillStart: now - .days(21))).requireComplete()
    let parts = bucket.paths.count { $0.hasPrefix("csv/") }
    #expect(parts >= 19)
    #expect(bucket.store.requests.count { $0.contains("/csv/") && !$0.contains("list-type") } == parts)
  }

  @Test func `a bucket that cannot be reached during verify is an error and no damage`() async throws {
    let bucket = ObjectBucket()
    let harness = try TestHarness(now: now, store: .objects(bucket)) { configuration in
      configuration.events = .generated(
        Generation(count: 200, window: Window(from: now - .days(20), to: now - .days(1))))
    }
    try await harness.export(.incremental(backfillStart: now - .days(21))).requireComplete()
    let archive = SimulatedStore.objects(bucket).archive(of: harness.log)
    #expect(try await archive.verify()?.findings.isEmpty == true)
    bucket.store.die(at: 30, isDone: false)
    await #expect {
      _ = try await archive.verify()
    } throws: { error in
      if case ArchiveError.storage(let error) = error { error.reason == .unreachable } else { false }
    }
  }

  @Test(arguments: [ExportSettings.TimeFilter.seek, .auto], [TimeFilter.exact, .ignored])
  func `a day among a million events is reached in log2 of the pages plus four requests`(
    way: ExportSettings.TimeFilter, filter: TimeFilter
  ) async throws {
    let log = LongLog(
      count: 1_000_000, newest: now - .seconds(3), step: .seconds(31.536_001), filter: filter)
    for day in [now - .days(360), now - .days(200.3)].map({ Day(containing: $0) }) {
      let harness = try TestHarness(now: now)
      let before = log.seen.withLock(\.requests)
      let summary = try await harness.export(
        .window(day.window, replace: false), from: log,
        adjust: {
          $0.timeFilter = way
        })
      try summary.requireComplete()
      let events = log.events(in: day.window)
      #expect(summary.counters.rowsAdded == events)
      #expect(summary.counters.timeFilter == "seek")
      let requests = log.seen.withLock(\.requests) - before
      // 2,000 pages.
      #expect(requests <= 11 + (events + 499) / 500 + 4)
    }
  }

  @Test(arguments: [ExportSettings.TimeFilter.seek, .auto])
  func `a backfill of 200 days killed ten times fetches no covered day again`(
    way: ExportSettings.TimeFilter
  ) async throws {
    let start = now - .days(200)
    let harness = try TestHarness(now: now)
    let log = LongLog(count: 30_000, newest: now - .minutes(1), step: .seconds(600.000_01))
    var kills = 0
    while kills < 11 {
      let covered = try await harness.manifest?.coverage ?? Coverage()
      log.seen.withLock { $0 = LongLog.Seen() }
      log.end.withLock { $0 = kills < 10 ? 45 : .max }
      let summary = try await harness.export(
        .incremental(backfillStart: start), from: log,
        adjust: {
          $0.timeFilter = way
          $0.pageSize = 60
          $0.lookback = .hours(1)
        })
      let again = log.seen.withLock(\.events).filter { day, shown in
        covered.contains(day.window) && shown.count >= log.events(in: day.window)
      }
      // The day that was cut, and the newest ones, which are claimed at the end of a run.
      #expect(again.count <= 2, "run \(kills): \(again.keys.sorted())")
      kills += 1
      if case .complete = summary.outcome { break }
    }
    let archived = try await harness.manifest?.partitions.reduce(0) { $0 + $1.rows }
    #expect(kills > 8)
    await #expect(try harness.manifest?.gaps == [])
    #expect(archived == log.events(in: Window(from: start, to: now - .minutes(10))))
  }

  @Test func `a gap older than the API's oldest event costs one request for the last page per week`()
    async throws
  {
    let step = TimeSpan.seconds(600.000_01)
    // The newest 60 days of one log.
    func log(at instant: Timestamp) -> LongLog {
      let written = Int((instant - now).microseconds / step.microseconds)
      return LongLog(count: 60 * 144, newest: now - .minutes(1) + step * written, step: step)
    }
    let harness = try TestHarness(now: now)
    // A backfill of 55 days that was cut, and never finished.
    let first = log(at: now)
    first.end.withLock { $0 = 9 }
    _ = try await harness.export(.incremental(backfillStart: now - .days(55)), from: first)
    await #expect(try harness.manifest?.gaps.isEmpty == false)

    var looks = 0
    for night in 1...9 {
      let tonight = now + .days(40 + Double(night))
      harness.clock.advance(to: tonight)
      let list = log(at: tonight)
      let summary = try await harness.export(.incremental(backfillStart: nil), from: list)
      try summary.requireComplete("night \(night)")
      guard night > 1 else { continue }
      let last = Day(containing: list.time(list.count - 1))
      if list.seen.withLock({ $0.events[last] != nil }) { looks += 1 }
      #expect(list.seen.withLock(\.requests) <= ((summary.plan.span.map(list.events) ?? 0) + 499) / 500 + 6)
    }
    #expect(looks <= 1)
  }
}
