import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

/// A log behind a time filter: what it makes of the bounds is up to the test.
private struct Filtered {
  /// Newest first, in seconds.
  var times: [Int64]
  var size = 10
  /// How the filter reads the times of events.
  var clock: (Int64) -> Int64 = { $0 }
  var countsBy = 0
  /// Whether the filter does not know of every tenth event.
  var isHiding = false
  /// Whether it does not know of them where it is asked for both bounds at once.
  var isHidingBetween = false
  var order: ([Int64]) -> [Int64] = { $0 }

  func answer(_ query: FilterQuery, page: Int, size: Int) -> PageView? {
    let list = order(
      times.enumerated().filter { index, time in
        if isHiding, query != FilterQuery(), index % 10 == 0 { return false }
        if isHidingBetween, query.from != nil, query.to != nil, index % 10 == 0 { return false }
        let filed = Timestamp(microseconds: clock(time) * 1_000_000)
        return query.from.map { filed >= $0 } ?? true && query.to.map { filed < $0 } ?? true
      }.map(\.element))
    let first = (page - 1) * size
    guard first < list.count || page == 1 else { return nil }
    let records = list.dropFirst(first).prefix(size).map { time in
      let bytes = withUnsafeBytes(of: time) { Array($0) }
      return PageView.Record(
        identity: IdentityHash(bytes.span), time: Timestamp(microseconds: time * 1_000_000))
    }
    let count = list.count + (query.from == nil ? 0 : countsBy)
    let pagination =
      list.isEmpty
      ? Pagination()
      : Pagination(count: count, page: page, pageTotal: (count + size - 1) / size, pageSize: size)
    return PageView(number: page, pagination: pagination, records: records)
  }
}

extension FilteredWalk {
  /// Returns what was received and how many requests that took; `between` happens before each.
  fileprivate mutating func run(
    _ log: Filtered, _ between: (Int, inout Filtered) -> Void = { _, _ in }
  ) -> (received: Set<Timestamp>, requests: Int) {
    var log = log
    var received: Set<Timestamp> = []
    var requests = 0
    while requests < 500 {
      let answer: PageView?
      switch next {
      case .finished: return (received, requests)
      case .count(let query):
        between(requests, &log)
        answer = log.answer(query, page: 1, size: 1)
      case .read(let page, let query):
        between(requests, &log)
        answer = log.answer(query, page: page, size: log.size)
      }
      requests += 1
      if let answer {
        received.formUnion(answer.records.compactMap(\.time))
        receive(answer)
      } else {
        receivePastTheEnd()
      }
    }
    return (received, requests)
  }

  fileprivate var isWhole: Bool { next == .finished(.endOfList) }
}

@Suite struct FilteredWalkTests {
  private let day: Int64 = 86_400
  /// Twenty days, an event an hour.
  private var log: Filtered { Filtered(times: (0..<480).map { 1_728_000 - $0 * 3_600 }) }
  private var window: Window {
    Window(
      from: Timestamp(microseconds: 10 * day * 1_000_000), to: Timestamp(microseconds: 11 * day * 1_000_000))
  }

  private func events(of log: Filtered) -> Set<Timestamp> {
    Set(log.times.map { Timestamp(microseconds: $0 * 1_000_000) }.filter(window.contains))
  }

  @Test
  func `a filter whose counts agree proves the window, with a page per ten events and four counts`() {
    var walk = FilteredWalk(window)
    let (received, requests) = walk.run(log)
    #expect(walk.isWhole)
    #expect(received.isSuperset(of: events(of: log)))
    // Five days of 24 events.
    #expect(requests == 12 + 4)
  }

  @Test(arguments: [-47, -30, -5, 1, 14, 40])
  func `a filter on another clock within the margin loses nothing or proves nothing`(hours: Int64) {
    var log = log
    // One event alone is filed under another time, as one that was written late.
    let late = log.times[220]
    log.clock = { $0 == late ? $0 + hours * 3_600 : $0 }
    var walk = FilteredWalk(window)
    let (received, _) = walk.run(log)
    #expect(!walk.isWhole || received.isSuperset(of: events(of: log)))
    #expect(walk.isWhole)
  }

  @Test(arguments: [-5, 1, 14, 100, -100])
  func `a filter in another time zone proves the window only within the margin`(hours: Int64) {
    var log = log
    log.clock = { $0 + hours * 3_600 }
    var walk = FilteredWalk(window)
    let (received, _) = walk.run(log)
    #expect(walk.isWhole == (abs(hours) < 20))
    if walk.isWhole { #expect(received.isSuperset(of: events(of: log))) }
  }

  @Test func `a filter without effect proves nothing`() {
    // One that shows everything, whatever it is asked.
    var walk = FilteredWalk(window)
    var asked = 0
    while asked < 500 {
      asked += 1
      let everything = FilterQuery()
      switch walk.next {
      case .finished: break
      case .count: walk.receive(self.log.answer(everything, page: 1, size: 1)!)
      case .read(let page, _):
        if let page = self.log.answer(everything, page: page, size: 10) {
          walk.receive(page)
        } else {
          walk.receivePastTheEnd()
        }
      }
    }
    #expect(!walk.isWhole)
  }

  @Test
  func `a filter that hides events with a consistent count is detected by the count of the list`() {
    var walk = FilteredWalk(window)
    var log = log
    log.isHiding = true
    _ = walk.run(log)
    #expect(!walk.isWhole)
  }

  @Test func `a filter that finds nothing at all does not prove that nothing happened`() {
    var walk = FilteredWalk(window)
    _ = walk.run(Filtered(times: []))
    #expect(!walk.isWhole)
  }

  @Test func `older events prove a quiet window`() {
    var walk = FilteredWalk(window)
    let (received, requests) = walk.run(Filtered(times: [19 * day, 2 * day]))
    #expect(walk.isWhole && received.filter(window.contains).isEmpty)
    #expect(requests == 5)
  }

  @Test(arguments: [-1, 1]) func `a list whose count differs from its events proves nothing`(by: Int) {
    var log = log
    log.countsBy = by
    var walk = FilteredWalk(window)
    _ = walk.run(log)
    guard case .finished(.unproven) = walk.next else {
      Issue.record("taken for whole")
      return
    }
  }

  @Test func `a list in another order on every request is read until all of it was seen`() throws {
    try withEvery("seed", in: 0..<100) { seed in
      var random = SeededRandom(seed: seed)
      var walk = FilteredWalk(window)
      let (received, _) = walk.run(log) { _, log in
        var next = random
        _ = random.next()
        log.order = { times in
          var times = times
          // The first page's border lies in the tie.
          if times.count > 13 { times.replaceSubrange(8..<13, with: times[8..<13].shuffled(using: &next)) }
          return times
        }
      }
      if walk.isWhole { try #require(received.isSuperset(of: events(of: log))) }
    }
  }

  @Test func `an event written late during the read causes a second read`() {
    var walk = FilteredWalk(window)
    let late = 10 * day + 1_234
    let (received, _) = walk.run(log) { request, log in
      if request == 4 { log.times.insert(late, at: log.times.firstIndex { $0 < late } ?? 0) }
    }
    #expect(walk.isWhole)
    #expect(received.contains(Timestamp(microseconds: late * 1_000_000)))
  }

  @Test func `a filter that hides events between two bounds is detected by its counts before each`() {
    var log = log
    log.isHidingBetween = true
    var walk = FilteredWalk(window)
    _ = walk.run(log)
    #expect(!walk.isWhole)
  }

  @Test func `two replicas of a list, one of them lagging, do not prove the window`() {
    var walk = FilteredWalk(window)
    let hidden = log.times[215]
    let (received, _) = walk.run(log) { request, log in
      log.times = self.log.times.filter { request % 2 == 0 || $0 != hidden }
    }
    #expect(!walk.isWhole || received.isSuperset(of: events(of: log)))
  }

  @Test func `a list with a count of a million and one event per page is soon abandoned`() {
    var walk = FilteredWalk(window)
    var requests = 0
    while requests < 500 {
      guard case .finished = walk.next else {
        requests += 1
        let time = window.from + .seconds(Double(requests))
        let bytes = withUnsafeBytes(of: requests) { Array($0) }
        let record = PageView.Record(identity: IdentityHash(bytes.span), time: time)
        let number = if case .read(let page, _) = walk.next { page } else { 1 }
        walk.receive(
          PageView(
            number: number, pagination: Pagination(count: 1_000_000, page: number, pageSize: 10),
            records: [record]))
        continue
      }
      break
    }
    #expect(requests < 50)
    #expect(!walk.isWhole)
  }
}
