import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

/// Windows by hand, and replacements: the API's word against the archive's.
@Suite(.fewAtOnce) struct ReplacementTests {
  private let start = time("2024-02-01T00:00:00Z")

  @Test func `an explicit window that is already archived changes nothing`() async throws {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try await TestHarness.withArchive(now: now, events: 500, since: start)
    let before = try await #require(try harness.manifest)
    let window = Window(from: time("2024-02-04T00:00:00Z"), to: time("2024-02-05T12:00:00Z"))
    let summary = try await harness.export(.window(window, replace: false))
    #expect(summary.daysWritten.isEmpty)
    #expect(summary.counters.duplicates > 50)
    let replaced = try await harness.export(.window(window, replace: true))
    #expect(replaced.daysWritten.isEmpty)
    #expect(replaced.rowsDropped == 0)
    let after = try await #require(try harness.manifest)
    #expect(after.partitions.map(\.files) == before.partitions.map(\.files))
    #expect(after.highWaterMark == before.highWaterMark)
  }

  @Test func `a replacement that would drop most of its window is refused unless that is allowed`()
    async throws
  {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try await TestHarness.withArchive(now: now, events: 501, since: start)
    let whole = try await harness.archived()
    harness.api.withLock { $0.setBehaviours([ThinnedList(to: .every(3))]) }
    let window = Window(from: time("2024-02-03T00:00:00Z"), to: time("2024-02-05T00:00:00Z"))
    let held = whole.count { window.contains($0.time) }

    let refused = try await harness.export(.window(window, replace: true))
    guard case .incomplete(.replacementTooLarge(let dropped, held)) = refused.outcome else {
      Issue.record("it ended as \(refused.outcome)")
      return
    }
    #expect(dropped * 2 > held)
    #expect(refused.rowsDropped == 0)
    #expect(try await harness.archived() == whole)

    let told = try await harness.export(
      .window(window, replace: true), adjust: { $0.allowsMassRemoval = true })
    #expect(told.rowsDropped == dropped)
    #expect(try await harness.archived().count == whole.count - dropped)
  }

  @Test func `without a count of the list, a replacement drops nothing unless that is allowed`()
    async throws
  {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try await TestHarness.withArchive(now: now, events: 501, since: start)
    let whole = try await harness.archived()
    let window = Window(from: time("2024-02-03T00:00:00Z"), to: time("2024-02-05T00:00:00Z"))
    harness.api.withLock { $0.setBehaviours([CountField.absent]) }
    let same = try await harness.export(.window(window, replace: true))
    try same.requireComplete()
    // The head is whole, and everything below it is thinned in both readings.
    let thinned: [any Behaviour] = [
      CountField.absent, ThinnedList(to: .every(2), during: RequestRange(from: 4)),
    ]
    harness.api.withLock { $0.setBehaviours(thinned) }
    let refused = try await harness.export(.window(window, replace: true), adjust: { $0.pageSize = 100 })
    guard case .incomplete(.replacementUncounted(let dropped)) = refused.outcome else {
      Issue.record("it ended as \(refused.outcome)")
      return
    }
    #expect(dropped > 0)
    #expect(try await harness.archived() == whole)
    harness.api.withLock { $0.setBehaviours(thinned) }
    let told = try await harness.export(
      .window(window, replace: true),
      adjust: {
        $0.pageSize = 100
        $0.allowsMassRemoval = true
      })
    #expect(told.rowsDropped == dropped)
  }

  /// Each takes two requests: the page that has all, and the same page once more at the end.
  @Test(arguments: 1...3)
  func `a replacement drops no event that its second read shows`(thinned requests: Int)
    async throws
  {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try await TestHarness.withArchive(now: now, events: 501, since: start)
    let whole = try await harness.archived()
    harness.api.withLock {
      $0.setBehaviours([ThinnedList(to: .every(3), during: RequestRange(from: 1, length: requests))])
    }
    let window = Window(from: time("2024-02-03T00:00:00Z"), to: time("2024-02-05T00:00:00Z"))
    let summary = try await harness.export(
      .window(window, replace: true), adjust: { $0.allowsMassRemoval = true })
    #expect(summary.rowsDropped == 0)
    #expect(try await harness.archived() == whole)
  }

  @Test func `a replacement through the time filter drops no event that its second read shows`() async throws
  {
    let now = time("2024-02-08T12:00:00Z")
    let window = Window(from: time("2024-02-03T00:00:00Z"), to: time("2024-02-05T00:00:00Z"))
    // One read through the filter takes as many requests as a run that replaces nothing.
    let once = try TestHarness(now: now, events: 501, since: start)
    once.api.withLock { $0.setBehaviours([ThinnedList(to: .every(3))]) }
    let read = try await once.export(.window(window, replace: false), adjust: { $0.timeFilter = .filter })
    #expect(read.counters.timeFilter == "filter")

    let harness = try await TestHarness.withArchive(now: now, events: 501, since: start)
    let whole = try await harness.archived()
    let first = RequestRange(from: 1, length: read.counters.requests)
    harness.api.withLock { $0.setBehaviours([ThinnedList(to: .every(3), during: first)]) }
    let summary = try await harness.export(
      .window(window, replace: true),
      adjust: {
        $0.timeFilter = .filter
        $0.allowsMassRemoval = true
      })
    #expect(summary.counters.timeFilter == "filter")
    #expect(summary.counters.requests > read.counters.requests)
    #expect(summary.rowsDropped == 0)
    #expect(try await harness.archived() == whole)
  }

  @Test func `only a replacement repairs a damaged day`() async throws {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try await TestHarness.withArchive(now: now, events: 500, since: start)
    let day = try #require(Day("2024-02-04"))
    let whole = try await harness.archived()
    let file = try await #require(try harness.manifest?.partition(day)?.files.first)
    try harness.overwrite(file.path, with: Array("nonsense".utf8))
    harness.isVerified.withLock { $0 = false }

    let merged = try await harness.export(.window(day.window, replace: false))
    #expect(merged.isDamaged)
    #expect(merged.damagedDays == [day])
    let repaired = try await harness.export(.window(day.window, replace: true))
    #expect(repaired.damagedDays.isEmpty)
    #expect(repaired.daysWritten == [day])
    #expect(try await harness.archived() == whole)
  }

  @Test func `a replacement drops no event that may have expired from the API`() async throws {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try await TestHarness.withArchive(now: now, events: 500, since: start)
    let archived = try await harness.archived()
    harness.api.withLock { $0.setBehaviours([Retention(.days(3))]) }
    let summary = try await harness.export(
      .window(Window(from: start, to: now - .hours(1)), replace: true), adjust: { $0.retention = .days(3) })
    #expect(summary.rowsDropped == 0)
    #expect(try await harness.archived() == archived)
  }
}
