import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

/// Lists that change, or contradict themselves, while they are read.
@Suite struct PageWalkChangesTests {
  private let beginning = Timestamp(microseconds: 0)

  @Test(arguments: 1...7) func `growth during a walk repeats events and loses none`(growth: Int) {
    let before = PagedList((0..<60).map { Int64(1_000 - $0) })
    var list = before
    var walk = PageWalk(downTo: beginning)
    let received = walk.run(&list, size: 10) { request, list in
      guard request > 1, request < 30 else { return }
      for step in 0..<growth { list.arrive(Int64(2_000 + request * 10 + step)) }
    }
    #expect(received.isSuperset(of: (0..<60).map { before.record($0).identity }))
    #expect(walk.ending == .endOfList)
    // Growth by one can also be an event further down and another order of ties: the page above tells, read once more.
    #expect(walk.pagesReread == (growth == 1 ? 3 : 0))
  }

  @Test func `growth by more than a page during a wait loses nothing`() {
    let before = PagedList((0..<40).map { Int64(1_000 - $0) })
    var list = before
    var walk = PageWalk(downTo: beginning)
    let received = walk.run(&list, size: 10) { request, list in
      if request == 3 { for step in 0..<35 { list.arrive(Int64(2_000 + step)) } }
    }
    #expect(received.isSuperset(of: (0..<40).map { before.record($0).identity }))
    #expect(walk.ending == .endOfList)
  }

  @Test func `an event that disappears between two pages is noticed, and the event it hid is read`() {
    let before = PagedList((0..<40).map { Int64(1_000 - $0) })
    var list = before
    var walk = PageWalk(downTo: beginning)
    let received = walk.run(&list, size: 10) { request, list in
      if request == 3 { list.remove(at: 4) }
    }
    #expect(received.isSuperset(of: (0..<40).map { before.record($0).identity }))
    #expect(walk.pagesReread > 0)
    #expect(walk.ending == .endOfList)
  }

  @Test func `old events that leave the list during the read do not end the walk`() {
    var list = PagedList((0..<200).map { Int64(1_000 - $0) })
    var walk = PageWalk(downTo: Timestamp(microseconds: 930))
    let received = walk.run(&list, size: 10) { request, list in
      if request % 3 == 0 { list.remove(at: list.times.count - 1) }
    }
    #expect(received.count >= 70)
    #expect(walk.ending == .reachedStart)
  }

  @Test func `growth at the head with retention at the tail is not mistaken for a loss`() {
    let before = PagedList((0..<200).map { Int64(1_000 - $0) })
    var list = before
    var walk = PageWalk(downTo: Timestamp(microseconds: 900))
    let received = walk.run(&list, size: 10) { request, list in
      if request % 3 == 0 {
        list.arrive(Int64(2_000 + request * 2))
        list.arrive(Int64(2_001 + request * 2))
        list.remove(at: list.times.count - 1)
        list.remove(at: list.times.count - 1)
      }
    }
    #expect(received.isSuperset(of: (0..<100).map { before.record($0).identity }))
    #expect(walk.ending == .reachedStart || walk.ending == .endOfList)
  }

  @Test func `a list in ascending order is read to its end, and nothing is complete before`() {
    var list = PagedList((0..<50).map { Int64(100 + $0) })
    var walk = PageWalk(downTo: Timestamp(microseconds: 140))
    let first = list.page(1, size: 10)!
    walk.receive(first)
    #expect(walk.completeFrom == nil)
    #expect(!walk.isNewestFirst)
    walk = PageWalk(downTo: Timestamp(microseconds: 140))
    #expect(walk.run(&list, size: 10).count == 50)
    #expect(walk.ending == .endOfList)
  }

  @Test func `an order that breaks between two pages is noticed`() {
    var list = PagedList([100, 99, 98, 97, 120, 119, 96, 95, 94, 93])
    var walk = PageWalk(downTo: Timestamp(microseconds: 97))
    #expect(walk.run(&list, size: 4).count == 10)
    #expect(!walk.isNewestFirst)
    #expect(walk.ending == .endOfList)
  }

  @Test func `an announced page that is missing is requested again a limited number of times`() {
    let list = PagedList((0..<40).map { Int64(1_000 - $0) })
    var walk = PageWalk(downTo: beginning)
    var requests = 0
    while let number = walk.page, requests < 100 {
      requests += 1
      if number == 3 { walk.receivePastTheEnd() } else { walk.receive(list.page(number, size: 10)!) }
    }
    #expect(walk.ending == .unproven(.endedEarly(page: 3)))
    #expect(requests <= 5 + 2 * PageWalk.passLimit)
    #expect(walk.completeFrom == Timestamp(microseconds: 992))
  }

  @Test
  func
    `events of one instant in changing order are all found, or the walk says that it cannot`()
  {
    var proven = 0
    for seed in 0..<400 {
      var generator = SeededRandom(seed: seed)
      var list = PagedList([90, 80, 50, 50, 50, 50, 50, 50, 50, 30, 20, 10])
      let all = Set(list.times.indices.map { list.record($0).identity })
      var walk = PageWalk(downTo: beginning)
      let received = walk.run(&list, size: 4) { _, list in
        var tied = Array(list.names[2..<9])
        tied.shuffle(using: &generator)
        list.names.replaceSubrange(2..<9, with: tied)
      }
      if case .unproven = walk.ending { continue }
      proven += 1
      #expect(received == all, "seed \(seed)")
    }
    #expect(proven > 0)
  }

  @Test func `growth further down does not explain a repeated event, and the event it hid is read`() {
    let before = PagedList([100, 50, 50, 20, 10])
    var list = before
    var walk = PageWalk(downTo: beginning)
    let received = walk.run(&list, size: 2) { request, list in
      // A late event below, and the other order of the two of one instant, for the first reading of page 2 alone.
      if request == 2 {
        list.times.insert(15, at: 4)
        list.names.insert(999, at: 4)
      }
      if request == 2 || request == 3 { list.names.swapAt(1, 2) }
    }
    #expect(received.isSuperset(of: (0..<5).map { before.record($0).identity }))
    #expect(walk.pagesReread > 0)
    #expect(walk.ending == .endOfList)
  }

  @Test func `a page size that changes during the walk ends it as unproven`() {
    let list = PagedList((0..<40).map { Int64(1_000 - $0) })
    var walk = PageWalk(downTo: beginning)
    walk.receive(list.page(1, size: 10)!)
    walk.receive(list.page(2, size: 5)!)
    #expect(walk.ending == .unproven(.pageSizeChanged(from: 10, to: 5)))
  }

  @Test func `an event out of order at the end of a page is noticed before anything is claimed`() {
    var list = PagedList([100, 99, 98, 10, 97, 96, 95, 94, 93, 92])
    var walk = PageWalk(downTo: Timestamp(microseconds: 95))
    walk.receive(list.page(1, size: 4)!)
    #expect(walk.completeFrom == nil)
    walk = PageWalk(downTo: Timestamp(microseconds: 95))
    #expect(walk.run(&list, size: 4).count == 10)
    #expect(walk.ending == .endOfList)
  }

  @Test func `an empty page with a positive count is not trusted`() {
    var walk = PageWalk(downTo: beginning)
    let page = PageView(
      number: 1, pagination: Pagination(count: 1_200, page: 1, pageTotal: 3, pageSize: 500), records: [])
    for _ in 0...PageWalk.passLimit { walk.receive(page) }
    #expect(walk.ending == .unproven(.short(page: 1, expected: 500, found: 0)))
    #expect(walk.completeFrom == nil)
  }

  @Test func `a page total that contradicts the count does not end the list`() {
    let list = PagedList((0..<30).map { Int64(1_000 - $0) })
    var page = list.page(1, size: 10)!
    page.pagination.pageTotal = 1
    var walk = PageWalk(downTo: beginning)
    walk.receive(page)
    #expect(walk.next == .read(page: 2))
  }

  @Test func `pages from a lagging replica do not pass for the list`() {
    let fresh = PagedList((0..<40).map { Int64(1_000 - $0) })
    var lagging = fresh
    for _ in 0..<3 { lagging.remove(at: 0) }
    var walk = PageWalk(downTo: beginning)
    var requests = 0
    while let number = walk.page, requests < 100 {
      requests += 1
      walk.receive((number % 2 == 1 ? fresh : lagging).page(number, size: 10)!)
    }
    guard case .unproven = walk.ending else {
      Issue.record("it was taken for complete")
      return
    }
  }

  @Test func `a copy that lags behind does not settle what another copy counts`() throws {
    let fresh = PagedList((0..<200).map { 1_000 - Int64($0) })
    var lagging = fresh
    for _ in 0..<8 { lagging.remove(at: 0) }
    var walk = PageWalk(from: 2, before: Timestamp(microseconds: 994), downTo: Timestamp(microseconds: 820))
    var (requests, counted) = (0, false)
    var received: Set<IdentityHash> = []
    while let number = walk.page, number < 14, requests < 60 {
      // The copy with all events answers the first request and, once, that of page 6. The other one lacks the newest eight, so three
      // events are between page 2 of the one and of the other.
      let isFresh = requests == 0 || (number == 6 && !counted)
      if number == 6 { counted = true }
      requests += 1
      let page = try #require((isFresh ? fresh : lagging).page(number, size: 5))
      received.formUnion(page.records.map(\.identity))
      walk.receive(page)
      let claimed = fresh.times.indices.filter {
        walk.complete?.contains(Timestamp(microseconds: fresh.times[$0])) ?? false
      }
      #expect(claimed.allSatisfy { received.contains(fresh.record($0).identity) })
    }
    #expect(walk.page == 14)
  }

  @Test func `events that the head shows again do not explain others that the list lost`() throws {
    let fresh = PagedList((0..<11).map { 1_000 - Int64($0) })
    var lagging = fresh
    for _ in 0..<4 { lagging.remove(at: 0) }
    var walk = PageWalk(downTo: beginning)
    var received: Set<IdentityHash> = []
    // Which copy answers, and the page; `-` is a 404. Page 4 of the copy with all events, which has the last two, is never shown. The
    // other copy hides the newest four from one look at the head, and the walk starts over. A later look shows them.
    let answers =
      "F1 F2 F3 -4 L3 F3 L1 L1 F2 F3 -4 F3 -4 L3 -3 F1 -2 F3 -4 L3 F3 F1".split(separator: " ")
    for answer in answers {
      let number = try #require(answer.last?.wholeNumberValue)
      #expect(walk.page == number, "before \(answer)")
      switch answer.first {
      case "F": receive(fresh)
      case "L": receive(lagging)
      default: walk.receivePastTheEnd()
      }
      func receive(_ list: PagedList) {
        guard let page = list.page(number, size: 3) else { return }
        received.formUnion(page.records.map(\.identity))
        walk.receive(page)
      }
    }
    #expect(!received.contains(fresh.record(9).identity))
    #expect(walk.ending == .unproven(.shrinkingEnd(from: 11, to: 7)))
    #expect(walk.complete?.contains(Timestamp(microseconds: fresh.times[9])) != true)
  }

  @Test func `a walk that goes back to the first page claims nothing of the pages between`() throws {
    let fresh = PagedList((0..<60).map { 1_000 - Int64($0) })
    var lagging = fresh
    for _ in 0..<12 { lagging.remove(at: 0) }
    var walk = PageWalk(
      from: 3, before: Timestamp(microseconds: fresh.times[6]), downTo: beginning)
    for number in 3...7 { walk.receive(try #require(fresh.page(number, size: 3))) }
    #expect(walk.complete?.to == Timestamp(microseconds: fresh.times[6]))
    // The list became shorter, so the walk goes up to its first page. That one and the one above are answered by mistake.
    walk.receive(try #require(lagging.page(8, size: 3)))
    walk.receive(try #require(lagging.page(7, size: 3)))
    #expect(walk.page == 3)
    walk.receivePastTheEnd()
    walk.receivePastTheEnd()
    #expect(walk.page == 1)
    walk.receive(try #require(fresh.page(1, size: 3)))
    // Page 2 was never shown.
    #expect(walk.complete == nil)
    for number in 2...6 { walk.receive(try #require(fresh.page(number, size: 3))) }
    #expect(walk.complete?.contains(Timestamp(microseconds: fresh.times[4])) == true)
  }

  @Test func `events that arrived and were received do not explain others that are missing`() throws {
    let fresh = PagedList((0..<60).map { 1_000 - Int64($0) })
    var lagging = fresh
    for _ in 0..<8 { lagging.remove(at: 0) }
    func page(_ number: Int, of list: PagedList, count: Int) throws -> PageView {
      var page = try #require(list.page(number, size: 2))
      page.pagination = Pagination(count: count, page: number, pageTotal: (count + 1) / 2, pageSize: 2)
      return page
    }
    var walk = PageWalk(downTo: beginning)
    walk.receive(try page(1, of: lagging, count: 52))
    walk.receive(try page(2, of: fresh, count: 56))
    // The copy that lacks the newest eight states a cached count. Two events are between page 2 of the one and page 3 of the other.
    for number in 3...6 { walk.receive(try page(number, of: lagging, count: 56)) }
    #expect(walk.page == 7)
    // The list grew by eight. Two of these were received on page 2, so they are not among the eight that are missing.
    walk.receive(try page(7, of: fresh, count: 60))
    #expect(walk.doubt == .uncounted(page: 7, missing: 8))
  }

  @Test func `a page that begins within an instant does not join the pages above it`() throws {
    let distinct = (0..<11).map { 1_000 - Int64($0) }
    let whole = PagedList(distinct + Array(repeating: 500, count: 7) + [40, 30, 20, 10])
    var lagging = whole
    for _ in 0..<5 { lagging.remove(at: 0) }
    var walk = PageWalk(downTo: beginning)
    for number in 1...7 { walk.receive(try #require(whole.page(number, size: 2))) }
    // The instant begins at the end of page 6. In the copy that lags behind, page 6 has its fifth and sixth event.
    walk.receive(try #require(lagging.page(8, size: 2)))
    #expect(walk.page == 6)
    walk.receive(try #require(lagging.page(6, size: 2)))
    #expect(walk.page == 3)
    // Nor does page 3, and nothing is known of what is above it: everything is read again.
    walk.receive(try #require(lagging.page(3, size: 2)))
    #expect(walk.page == 1)
  }

  @Test func `a page that is read again because of its count must join the page above it`() throws {
    let whole = PagedList((0..<60).map { 1_000 - Int64($0) })
    var lagging = whole
    for _ in 0..<5 { lagging.remove(at: 0) }
    var longer = whole
    for time in 1...2 { longer.arrive(2_000 + Int64(time)) }
    var walk = PageWalk(downTo: beginning)
    for number in 1...6 { walk.receive(try #require(whole.page(number, size: 5))) }
    // Two events have arrived above page 7, and the count does not tell.
    var page = try #require(longer.page(7, size: 5))
    page.pagination = Pagination(count: 60, page: 7, pageTotal: 12, pageSize: 5)
    walk.receive(page)
    #expect(walk.doubt == .uncounted(page: 7, missing: 2))
    #expect(walk.page == 1)
    walk.receive(try #require(whole.page(1, size: 5)))
    #expect(walk.page == 7)
    // Two events are between page 6 of the one copy and page 7 of the other.
    walk.receive(try #require(lagging.page(7, size: 5)))
    #expect(walk.page == 6)
  }

  @Test func `more events above a position than its rank allows are not claimed`() throws {
    // The same count in every answer, though three events disappear after they were read: so does a cached count.
    let whole = PagedList((0..<60).map { 1_000 - Int64($0) })
    var rest = whole
    for _ in 0..<3 { rest.remove(at: 4) }
    func page(_ number: Int, of list: PagedList) throws -> PageView {
      var page = try #require(list.page(number, size: 10))
      page.pagination = Pagination(count: 60, page: number, pageTotal: 6, pageSize: 10)
      return page
    }
    var walk = PageWalk(downTo: Timestamp(microseconds: 970))
    walk.receive(try page(1, of: whole))
    walk.receive(try page(2, of: whole))
    #expect(walk.page == 3)
    // Page 3 repeats an event, so that page 2 is read again.
    var repeated = try page(3, of: whole)
    repeated = PageView(
      number: 3, pagination: repeated.pagination, records: [whole.record(19)] + repeated.records.dropLast())
    walk.receive(repeated)
    #expect(walk.page == 2)
    walk.receive(try page(2, of: rest))
    #expect(walk.page == 3)
    walk.receive(try page(3, of: rest))
    #expect(walk.doubt == .uncounted(page: 3, missing: -3))
  }

  @Test func `a page with more records than its size is requested again`() throws {
    let list = PagedList((0..<60).map { 1_000 - Int64($0) })
    var walk = PageWalk(downTo: Timestamp(microseconds: 970))
    walk.receive(try #require(list.page(1, size: 10)))
    let larger = PageView(
      number: 2, pagination: Pagination(count: 60, page: 2, pageTotal: 6, pageSize: 10),
      records: (10..<25).map(list.record))
    walk.receive(larger)
    #expect(walk.page == 2)
    #expect(walk.doubt == .short(page: 2, expected: 10, found: 15))
  }

  @Test func `a walk that ends with evidence against it proves nothing`() {
    var list = PagedList((0..<200).map { 10_000 - Int64($0) })
    var walk = PageWalk(downTo: beginning)
    _ = walk.run(&list, size: 10) { request, list in
      if request == 12 { for _ in 0..<150 { list.remove(at: 0) } }
    }
    #expect(walk.refutes)
    #expect(walk.complete == nil)
  }
}
