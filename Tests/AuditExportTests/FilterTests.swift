import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import HTTP
import Synchronization
import TestSupport
import Testing

/// Reaching an old window through the API's time filter, whatever that makes of times.
@Suite(.fewAtOnce) struct FilterTests {
  private let start = time("2024-02-09T00:00:00Z")
  private let now = time("2024-02-12T18:30:00Z")

  /// What the filter makes of times, and whether its answers agree with each other.
  private static let filterKinds: [(TimeFilter, Bool)] = [
    (.exact, true), (.inclusive, true), (.dayTruncated, true), (.shifted(.hours(1)), true),
    (.shifted(.hours(-5)), true), (.ignored, false), (.rejected, false),
  ]

  /// 1,600 events in four days; 40 pages, which hold two to three hours each.
  private func harness(
    _ filter: TimeFilter, ties: Int = 1, _ behaviours: [any Behaviour] = [], seed: Int = 1
  ) throws -> TestHarness {
    try TestHarness(now: now) { configuration in
      configuration.seed = UInt64(seed)
      configuration.timeFilter = filter
      configuration.behaviours = behaviours
      configuration.events = .generated(
        Generation(count: 1_600, window: Window(from: start, to: now), ties: ties))
    }
  }

  private func export(
    _ window: Window, from harness: TestHarness, _ way: ExportSettings.TimeFilter, replace: Bool = false,
    query: String? = nil
  ) async throws -> (summary: ExportSummary, givenUp: Int) {
    let givenUp = Mutex(0)
    let summary = try await harness.export(.window(window, replace: replace)) { event in
      if case .filterGivenUp = event { givenUp.withLock { $0 += 1 } }
    } adjust: {
      $0.pageSize = 40
      $0.timeFilter = way
      $0.query = query
    }
    return (summary, givenUp.withLock(\.self))
  }

  private let window = Window(from: time("2024-02-09T18:00:00Z"), to: time("2024-02-11T07:11:13.000001Z"))

  /// The window is archived as it is in truth, and covered.
  private func expectExact(_ window: Window, _ summary: ExportSummary, in harness: TestHarness) async throws {
    try summary.requireComplete()
    await #expect(try harness.manifest?.coverage.intervals == [window])
    #expect(try await harness.archived() == harness.truth().filter { window.contains($0.time) })
  }

  @Test(arguments: filterKinds)
  func `the archive is exact however the filter interprets times`(kind: (filter: TimeFilter, agrees: Bool))
    async throws
  {
    let harness = try harness(kind.filter)
    let (summary, givenUp) = try await export(window, from: harness, .filter)
    try await expectExact(window, summary, in: harness)
    #expect(givenUp == (kind.agrees ? 0 : 1))
    #expect(summary.counters.timeFilter == (kind.agrees ? "filter" : "seek"))
  }

  @Test(arguments: filterKinds)
  func `consecutive runs with only the filter are exact`(kind: (filter: TimeFilter, agrees: Bool))
    async throws
  {
    let harness = try harness(kind.filter)
    for night in 0..<2 {
      let summary = try await harness.export(
        .incremental(backfillStart: start),
        adjust: {
          $0.pageSize = 100
          $0.timeFilter = .filter
        })
      try summary.requireComplete("night \(night)")
      await #expect(try harness.manifest?.gaps == [])
      #expect(try await harness.violations() == [])
      let next = now + .days(Double(night + 1))
      harness.api.withLock { api in
        api.change(harness.log) { log in
          for minute in 0..<200 { log.insertGenerated(at: next - .minutes(Double(1_400 - 7 * minute))) }
        }
      }
      harness.clock.advance(to: next)
    }
  }

  @Test(arguments: [ExportSettings.TimeFilter.auto, .seek, .walk])
  func `no request uses the filter if it is not needed`(way: ExportSettings.TimeFilter) async throws {
    let harness = try harness(.exact)
    let (summary, _) = try await export(window, from: harness, way)
    try await expectExact(window, summary, in: harness)
    #expect(summary.counters.timeFilter == (way == .walk ? "walk" : "seek"))
    #expect(harness.api.withLock { $0.requests.allSatisfy { $0.query == nil } })
  }

  @Test func `the search term is sent with the bounds, in parentheses`() async throws {
    let harness = try harness(.exact)
    let query = "event_kind:create OR event_kind:delete"
    let (summary, _) = try await export(window, from: harness, .filter, query: query)
    #expect(summary.counters.timeFilter == "filter")
    let filtered = try await harness.archived()
    let sought = try self.harness(.exact)
    _ = try await export(window, from: sought, .seek, query: query)
    #expect(!filtered.isEmpty)
    #expect(try await filtered == sought.archived())
  }

  /// A filter that has lost events, some or all of one kind; the list without a filter has them.
  private struct HiddenEvents: Behaviour {
    /// Every so many, counted from the oldest.
    var every = 1
    var before = Timestamp.latest

    mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
      guard context.request.parameter("query")?.contains("event_at") ?? false else { return }
      list.reorder { indices in
        indices.removeAll { $0 % every == 0 && log.events.time($0) < before }
      }
    }
  }

  @Test(arguments: [1, 1_000])
  func `a filter that hides events of any age is detected and not used`(
    every: Int
  ) async throws {
    for before in [time("2024-02-09T03:00:00Z"), now - .hours(1), .latest] {
      let harness = try harness(.exact, [HiddenEvents(every: every, before: before)])
      let (summary, _) = try await export(window, from: harness, .filter)
      try await expectExact(window, summary, in: harness)
    }
  }

  /// Something that goes wrong after the filter was measured, with queries for spans of time alone.
  struct LateFilterFault: Behaviour {
    enum Fault: Sendable, CaseIterable { case refuses, fails, missesPage, overcounts, repeats, changes }
    var fault: Fault
    private var asked = 0

    init(_ fault: Fault) { self.fault = fault }

    private mutating func affects(_ context: RequestContext) -> Bool {
      guard context.request.parameter("query")?.contains(" AND ") ?? false else { return false }
      asked += 1
      return asked > 3
    }

    mutating func intercept(_ context: RequestContext) -> EmulatedResponse? {
      guard fault == .refuses || fault == .fails || fault == .missesPage, affects(context) else { return nil }
      switch fault {
      case .refuses: return EmulatedResponse(status: 400, detail: "Too complex.")
      case .fails: return EmulatedResponse(status: 500, detail: "Search is down.")
      default: return EmulatedResponse(status: 404, detail: "Invalid page.")
      }
    }

    mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
      guard fault == .repeats || fault == .changes, affects(context) else { return }
      list.reorder { indices in
        guard let last = indices.last else { return }
        switch fault {
        case .repeats: for index in indices.indices.dropFirst().prefix(2) { indices[index] = last }
        case .changes where asked % 2 == 0: indices.removeLast()
        default: break
        }
      }
    }

    mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
      guard fault == .overcounts, affects(context) else { return }
      guard let count = response.headers["X-Pagination-Count"].flatMap({ Int($0) }) else { return }
      response.headers["X-Pagination-Count"] = String(count + 1)
    }
  }

  @Test(arguments: LateFilterFault.Fault.allCases)
  func `a filtered list that differs from its count is abandoned, and the run seeks`(
    fault: LateFilterFault.Fault
  )
    async throws
  {
    let harness = try harness(.exact, [LateFilterFault(fault)])
    let (summary, givenUp) = try await export(window, from: harness, .filter)
    try await expectExact(window, summary, in: harness)
    #expect(givenUp == 1)
    #expect(summary.counters.timeFilter == "seek")
  }

  @Test func `if the filter fails and the list cannot be proven complete, the run is incomplete`()
    async throws
  {
    let harness = try harness(.exact, [LateFilterFault(.fails), CountField.wrong(by: 3)])
    let (summary, _) = try await export(window, from: harness, .filter)
    guard case .complete = summary.outcome else {
      await #expect(try harness.manifest?.coverage.contains(window) != true)
      return
    }
    #expect(try await harness.violations() == [])
  }

  @Test(arguments: 0..<1)
  func `with growth, late events, shuffled ties and failures, the archive is exact or the run is incomplete`(
    seed: Int
  ) async throws {
    let combinations: [[any Behaviour]] = [
      [Growth(events: 3)], [LateEvents(chance: 0.3, by: .days(4), seed: UInt64(seed))],
      [ShuffledTies(seed: UInt64(seed))], [Failures(FaultSchedule(every: 3), status: 503)],
      [CountField.absent], [CountField.wrong(by: 4)], [AscendingOrder()],
      [
        ShuffledTies(seed: UInt64(seed)), LateEvents(chance: 0.05, by: .days(4), seed: 2), Growth(events: 1),
      ],
    ]
    for (index, behaviours) in combinations.enumerated() {
      for filter in [TimeFilter.exact, .dayTruncated, .shifted(.hours(3))] {
        let harness = try harness(filter, ties: 4, behaviours, seed: seed)
        let known = try harness.truth()
        let (summary, _) = try await export(window, from: harness, .filter)
        let coverage = try await harness.manifest?.coverage ?? Coverage()
        let archived = try await Set(harness.archived())
        let missing = known.filter { coverage.contains($0.time) && !archived.contains($0) }
        #expect(missing.isEmpty, "combination \(index), \(filter): \(missing.prefix(3))")
        if case .complete = summary.outcome {
          #expect(coverage.contains(window))
        } else {
          #expect(!coverage.contains(window))
        }
      }
    }
  }

  @Test func `with several filtered pages in flight, the archive is the same`() async throws {
    let harness = try harness(.exact)
    let summary = try await harness.export(
      .window(window, replace: false),
      adjust: {
        $0.pageSize = 10
        $0.timeFilter = .filter
        $0.maxConcurrentRequests = 4
      })
    try await expectExact(window, summary, in: harness)
    #expect(summary.counters.timeFilter == "filter")
  }

  @Test func `a long window is committed in parts, and a stopped run continues where it was`()
    async throws
  {
    let harness = try harness(.exact)
    let window = Window(from: start, to: time("2024-02-12T00:00:00Z"))
    harness.beforeRequest.withLock { gate in
      gate = { number throws(TransportFault) in if number > 45 { throw .cancelled } }
    }
    let first = try await export(window, from: harness, .filter)
    guard case .stoppedByAPI(.cancelled) = first.summary.outcome else {
      Issue.record("it was not stopped")
      return
    }
    #expect(first.summary.counters.timeFilter == "filter")
    await #expect(
      (try harness.manifest?.coverage.intervals.first?.from ?? now) <= time("2024-02-11T00:00:00Z"))
    #expect(try await harness.violations() == [])
    harness.beforeRequest.withLock { gate in gate = { _ throws(TransportFault) in } }
    let second = try await harness.export(.incremental(backfillStart: nil), adjust: { $0.pageSize = 40 })
    #expect(second.counters.timeFilter != nil)
    #expect(try await harness.violations() == [])
  }
}
