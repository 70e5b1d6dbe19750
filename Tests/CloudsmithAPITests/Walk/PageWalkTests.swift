import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

/// A list of events, newest first, as the API would page it.
private struct List {
  var times: [Int64]
  var names: [UInt64]
  private var lastName: UInt64

  init(_ times: [Int64]) {
    self.times = times
    names = times.indices.map { UInt64($0) }
    lastName = UInt64(times.count)
  }

  init(_ times: [Int64], named names: [UInt64]) {
    self.init(times)
    self.names = names
  }

  mutating func arrive(_ time: Int64) {
    lastName += 1
    times.insert(time, at: 0)
    names.insert(lastName, at: 0)
  }

  mutating func remove(at index: Int) {
    times.remove(at: index)
    names.remove(at: index)
  }

  func record(_ index: Int) -> PageView.Record {
    let name = withUnsafeBytes(of: names[index]) { Array($0) }
    return PageView.Record(identity: IdentityHash(name.span), time: Timestamp(microseconds: times[index]))
  }

  func page(_ number: Int, size: Int, hasHeaders: Bool = true) -> PageView? {
    let first = (number - 1) * size
    guard first < times.count else { return nil }
    let records = (first..<min(first + size, times.count)).map(record)
    let pagination =
      hasHeaders
      ? Pagination(
        count: times.count, page: number, pageTotal: (times.count + size - 1) / size, pageSize: size)
      : Pagination(count: nil, page: nil, pageTotal: nil, pageSize: nil)
    return PageView(number: number, pagination: pagination, records: records)
  }
}

extension PageWalk {
  fileprivate var page: Int? {
    if case .read(let page) = next { page } else { nil }
  }

  fileprivate var ending: Ending? {
    if case .finished(let ending) = next { ending } else { nil }
  }

  /// Walks to the end; `between` is called before each page is asked for. Returns the identities received.
  fileprivate mutating func run(
    _ list: inout List, size: Int, hasHeaders: Bool = true, limit: Int = 1_000,
    between: (Int, inout List) -> Void = { _, _ in }
  ) -> Set<IdentityHash> {
    var received: Set<IdentityHash> = []
    var requests = 0
    while let number = page, requests < limit {
      requests += 1
      between(requests, &list)
      if let page = list.page(number, size: size, hasHeaders: hasHeaders) {
        received.formUnion(page.records.map(\.identity))
        receive(page)
      } else {
        receivePastTheEnd()
      }
    }
    return received
  }
}

@Suite struct PageWalkTests {
  private let beginning = Timestamp(microseconds: 0)

  @Test func `pages are asked for from the first, upwards, and the walk stops once it has passed the start`()
  {
    var list = List((0..<100).map { Int64(1_000 - $0 * 10) })
    var walk = PageWalk(downTo: Timestamp(microseconds: 700))
    var asked: [Int] = []
    _ = walk.run(&list, size: 10) { _, _ in }
    #expect(walk.ending == .reachedStart)
    walk = PageWalk(downTo: Timestamp(microseconds: 700))
    while let page = walk.page {
      asked.append(page)
      walk.receive(list.page(page, size: 10)!)
    }
    // 1000…910, …, 700…610: the event at 700 itself belongs to the window, so the fourth page is needed, and the fifth
    // to show that the fourth ends where it should. At the end the last page is read again, and the first.
    #expect(asked == [1, 2, 3, 4, 5, 5, 1])
  }

  @Test func `the instant of the last event on a page is not yet complete`() {
    let list = List([50, 40, 30, 30, 20])
    var walk = PageWalk(downTo: beginning)
    walk.receive(list.page(1, size: 3)!)
    #expect(walk.completeFrom == nil)
    for number in [2, 2, 1] { walk.receive(list.page(number, size: 3)!) }
    #expect(walk.completeFrom == .earliest)
    let longer = List([50, 40, 30, 30, 20, 10, 5])
    walk = PageWalk(downTo: beginning)
    walk.receive(longer.page(1, size: 3)!)
    walk.receive(longer.page(2, size: 3)!)
    #expect(walk.completeFrom == Timestamp(microseconds: 31))
  }

  @Test func `the end of the list is the last page, by its number`() {
    var list = List([5, 4, 3, 2])
    var walk = PageWalk(downTo: beginning)
    #expect(walk.run(&list, size: 2).count == 4)
    #expect(walk.ending == .endOfList)
    #expect(walk.completeFrom == .earliest)
  }

  @Test func `without pagination headers the list is read until it says that it has ended`() {
    var list = List([5, 4, 3])
    var walk = PageWalk(downTo: beginning)
    #expect(walk.run(&list, size: 2, hasHeaders: false).count == 3)
    #expect(walk.ending == .endOfList)
  }

  @Test func `without pagination headers a full last page may be where the list was cut`() {
    var list = List([5, 4, 3, 2])
    var walk = PageWalk(downTo: beginning)
    #expect(walk.run(&list, size: 2, hasHeaders: false).count == 4)
    #expect(walk.ending == .unproven(.unconfirmedEnd(page: 2)))
  }

  @Test func `without a count the events of the last instant are as many as the places they take`() {
    // The instant of the last six events is put in another order on every request.
    var list = List([50, 40, 9, 9, 9, 9, 9, 9, 9])
    var walk = PageWalk(downTo: beginning)
    let received = walk.run(&list, size: 4, hasHeaders: false) { request, list in
      if request == 3 { list.names.swapAt(2, 8) }
    }
    #expect(walk.ending == .endOfList && received.count == 9)
    #expect(received == Set((0..<9).map { list.record($0).identity }))
    // Where one of them never shows, nothing says that the list was read to its end.
    var hiding = List([50, 40, 9, 9, 9, 9, 9, 9, 9])
    walk = PageWalk(downTo: beginning)
    let shown = walk.run(&hiding, size: 4, hasHeaders: false) { _, list in list.names[8] = list.names[2] }
    #expect(shown.count == 8)
    guard case .unproven(.overlap) = walk.ending else {
      Issue.record("\(String(describing: walk.ending))")
      return
    }
  }

  @Test func `a page that ends above the one before it does not show that one to be complete`() {
    // Two copies of the list in turn: the second lacks the seven newest events.
    let whole = List([100, 90, 80, 70, 70, 60, 55, 50, 40, 30, 20])
    let lagging = List(Array(whole.times.dropFirst(7)), named: Array(whole.names.dropFirst(7)))
    var walk = PageWalk(downTo: Timestamp(microseconds: 65))
    // As in the simulation's schedule 11297.
    for (number, list) in [(1, whole), (2, lagging), (1, whole), (2, lagging), (1, lagging), (2, whole)] {
      #expect(walk.page == number)
      walk.receive(list.page(number, size: 2)!)
    }
    #expect(walk.completeFrom.map { $0 > Timestamp(microseconds: 70) } ?? true)
    var rest = whole
    let received = walk.run(&rest, size: 2)
    #expect(walk.ending == .reachedStart)
    #expect(received.contains(whole.record(4).identity))
  }

  @Test func `without a count a page that is short, with records below it, is a doubt`() {
    let list = List((0..<12).map { Int64(120 - $0 * 10) })
    var walk = PageWalk(downTo: beginning)
    func page(_ number: Int, _ indexes: Range<Int>) -> PageView {
      PageView(number: number, pagination: Pagination(), records: indexes.map(list.record))
    }
    walk.receive(page(1, 0..<4))
    walk.receive(page(2, 4..<6))
    #expect(walk.doubt == nil)
    walk.receive(page(3, 8..<12))
    #expect(walk.doubt == .short(page: 2, expected: 4, found: 2))
  }

  @Test func `while a walk goes on it claims neither its newest page nor its last ones`() {
    let list = List((0..<20).map { Int64(200 - $0 * 10) })
    var walk = PageWalk(downTo: beginning)
    for number in 1...5 { walk.receive(list.page(number, size: 2)!) }
    // The fifth page shows the list to be complete down to where the fourth ends, at 130.
    #expect(walk.completeFrom == Timestamp(microseconds: 131))
    #expect(walk.complete == Window(from: Timestamp(microseconds: 171), to: Timestamp(microseconds: 190)))
  }

  /// A page of a list in no order: the events' names, each of which is its time too.
  private func unordered(_ number: Int, _ names: [UInt64], count: Int?) -> PageView {
    let list = List(names.map { Int64($0 * 37 % 101) }, named: names)
    let pagination = count.map {
      Pagination(count: $0, page: number, pageTotal: ($0 + 3) / 4, pageSize: 4)
    }
    return PageView(
      number: number, pagination: pagination ?? Pagination(), records: names.indices.map(list.record))
  }

  private func received(_ walk: inout PageWalk, _ pages: [PageView?]) -> [Int] {
    var asked: [Int] = []
    for page in pages {
      guard let number = walk.page else { break }
      asked.append(number)
      if let page { walk.receive(page) } else { walk.receivePastTheEnd() }
    }
    return asked
  }

  @Test func `in a list without order, an arrival that pushed one event out of sight is looked for`() {
    var walk = PageWalk(downTo: beginning)
    let (first, second) = (unordered(1, [1, 2, 3, 4], count: 6), unordered(2, [4, 5, 6], count: 7))
    // Growth explains that one is missing above the second page; at the end all have to be there.
    let asked = received(
      &walk, [first, first, second, unordered(1, [9, 1, 2, 3], count: 7), second])
    #expect(asked.last == 2 && asked.contains(1))
    #expect(walk.ending == .endOfList, "\(asked), \(walk.next)")
    walk = PageWalk(downTo: beginning)
    _ = received(&walk, [first, first, second])
    #expect(walk.ending == nil && walk.doubt == .uncounted(page: 2, missing: 1))
  }

  @Test func `in a list without order or count, a record that is there twice hides another`() {
    var walk = PageWalk(downTo: beginning)
    let first = unordered(1, [1, 2, 3, 4], count: nil)
    _ = received(&walk, [first, first, unordered(2, [4, 5, 6, 7], count: nil)])
    #expect(walk.doubt == .uncounted(page: 2, missing: 1))
  }

  @Test func `a list without order that became shorter is not known to be read`() {
    var walk = PageWalk(downTo: beginning)
    let first = unordered(1, [1, 2, 3, 4], count: 23)
    let others = (2...6).map { number in
      unordered(number, (1...21).filter { ($0 - 1) / 4 == UInt64(number) - 1 }, count: 21)
    }
    _ = received(&walk, [first, first] + others)
    #expect(walk.ending == .unproven(.shrinkingEnd(from: 23, to: 21)))
  }

  @Test func `a list that shows more than it counts is not known to be read`() {
    let list = List([70, 60, 50, 40, 30, 20, 10])
    var walk = PageWalk(downTo: beginning)
    func page(_ number: Int, _ indexes: Range<Int>) -> PageView {
      let pagination = Pagination(count: 5, page: number, pageTotal: 2, pageSize: 4)
      return PageView(number: number, pagination: pagination, records: indexes.map(list.record))
    }
    for page in [page(1, 0..<4), page(2, 4..<7), page(2, 4..<7), page(1, 0..<4)] { walk.receive(page) }
    #expect(walk.ending == .unproven(.unreconciled(expected: 5, found: 7)))
  }

  @Test func `a walk whose last pages are refused when it is checked has shown nothing`() {
    let list = List([50, 40, 30, 20, 10])
    for answers in 2...3 {
      var walk = PageWalk(downTo: beginning)
      for number in [1, 2, 3, 3].prefix(answers + 1) { walk.receive(list.page(number, size: 2)!) }
      #expect(walk.ending == nil)
      walk.receiveRefusal()
      #expect(walk.ending == .unproven(.headDiffers(missing: 0)))
      #expect(walk.complete == nil)
    }
  }

  @Test func `a page that moved up by more than its size is read on from where it joins what was read`() {
    let whole = List((0..<40).map { Int64(1_000 - $0 * 10) })
    let lagging = List(Array(whole.times.dropFirst(8)), named: Array(whole.names.dropFirst(8)))
    var walk = PageWalk(downTo: beginning)
    for number in 1...12 { walk.receive(whole.page(number, size: 2)!) }
    // The seam below the twelfth page is read again, and both answers come from a copy that lacks the eight newest events.
    walk.receive(lagging.page(13, size: 2)!)
    #expect(walk.page == 12)
    walk.receive(lagging.page(12, size: 2)!)
    #expect(walk.page == 7)
    // What expires at the end of the list moves nothing: the page is as it was.
    let shorter = List(Array(whole.times.dropLast(8)), named: Array(whole.names.dropLast(8)))
    walk = PageWalk(downTo: beginning)
    for number in 1...12 { walk.receive(whole.page(number, size: 2)!) }
    for number in [13, 12] { walk.receive(shorter.page(number, size: 2)!) }
    #expect(walk.page == 13)
  }

  @Test func `an empty log ends at once`() {
    var list = List([])
    var walk = PageWalk(downTo: beginning)
    _ = walk.run(&list, size: 2)
    #expect(walk.ending == .endOfList)
  }

  @Test(arguments: 1...7) func `growth during the walk repeats events and loses none`(growth: Int) {
    let before = List((0..<60).map { Int64(1_000 - $0) })
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

  @Test func `growth by more than a page, while the API made us wait, loses nothing`() {
    let before = List((0..<40).map { Int64(1_000 - $0) })
    var list = before
    var walk = PageWalk(downTo: beginning)
    let received = walk.run(&list, size: 10) { request, list in
      if request == 3 { for step in 0..<35 { list.arrive(Int64(2_000 + step)) } }
    }
    #expect(received.isSuperset(of: (0..<40).map { before.record($0).identity }))
    #expect(walk.ending == .endOfList)
  }

  @Test func `a newer event that disappears between two pages is noticed, and what it hid is read`() {
    let before = List((0..<40).map { Int64(1_000 - $0) })
    var list = before
    var walk = PageWalk(downTo: beginning)
    let received = walk.run(&list, size: 10) { request, list in
      if request == 3 { list.remove(at: 4) }
    }
    #expect(received.isSuperset(of: (0..<40).map { before.record($0).identity }))
    #expect(walk.pagesReread > 0)
    #expect(walk.ending == .endOfList)
  }

  @Test func `old events that leave the list while it is read are no reason to give up`() {
    var list = List((0..<200).map { Int64(1_000 - $0) })
    var walk = PageWalk(downTo: Timestamp(microseconds: 930))
    let received = walk.run(&list, size: 10) { request, list in
      if request % 3 == 0 { list.remove(at: list.times.count - 1) }
    }
    #expect(received.count >= 70)
    #expect(walk.ending == .reachedStart)
  }

  @Test func `growth at the head and retention at the tail, at once, are told from a loss`() {
    let before = List((0..<200).map { Int64(1_000 - $0) })
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

  @Test func `a list that is oldest first is read to its end, and nothing is complete before`() {
    var list = List((0..<50).map { Int64(100 + $0) })
    var walk = PageWalk(downTo: Timestamp(microseconds: 140))
    let first = list.page(1, size: 10)!
    walk.receive(first)
    #expect(walk.completeFrom == nil)
    #expect(!walk.isNewestFirst)
    walk = PageWalk(downTo: Timestamp(microseconds: 140))
    #expect(walk.run(&list, size: 10).count == 50)
    #expect(walk.ending == .endOfList)
  }

  @Test func `order that breaks from one page to the next is noticed too`() {
    var list = List([100, 99, 98, 97, 120, 119, 96, 95, 94, 93])
    var walk = PageWalk(downTo: Timestamp(microseconds: 97))
    #expect(walk.run(&list, size: 4).count == 10)
    #expect(!walk.isNewestFirst)
    #expect(walk.ending == .endOfList)
  }

  @Test func `a page that was announced and is not there is asked for again, and not for ever`() {
    let list = List((0..<40).map { Int64(1_000 - $0) })
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
    `events of one instant in another order on every request are all found, or the walk says that it cannot`()
  {
    var proven = 0
    for seed in 0..<400 {
      var generator = SeededRandom(seed: seed)
      var list = List([90, 80, 50, 50, 50, 50, 50, 50, 50, 30, 20, 10])
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

  @Test func `growth further down does not explain a repeated event, and the one it hid is read`() {
    let before = List([100, 50, 50, 20, 10])
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

  @Test func `a page size that changes under the walk ends it as unproven`() {
    let list = List((0..<40).map { Int64(1_000 - $0) })
    var walk = PageWalk(downTo: beginning)
    walk.receive(list.page(1, size: 10)!)
    walk.receive(list.page(2, size: 5)!)
    #expect(walk.ending == .unproven(.pageSizeChanged(from: 10, to: 5)))
  }

  @Test func `an event out of order at the foot of a page is noticed before anything is claimed on its word`()
  {
    var list = List([100, 99, 98, 10, 97, 96, 95, 94, 93, 92])
    var walk = PageWalk(downTo: Timestamp(microseconds: 95))
    walk.receive(list.page(1, size: 4)!)
    #expect(walk.completeFrom == nil)
    walk = PageWalk(downTo: Timestamp(microseconds: 95))
    #expect(walk.run(&list, size: 4).count == 10)
    #expect(walk.ending == .endOfList)
  }

  @Test func `an empty page that says that there are events is not believed`() {
    var walk = PageWalk(downTo: beginning)
    let page = PageView(
      number: 1, pagination: Pagination(count: 1_200, page: 1, pageTotal: 3, pageSize: 500), records: [])
    for _ in 0...PageWalk.passLimit { walk.receive(page) }
    #expect(walk.ending == .unproven(.short(page: 1, expected: 500, found: 0)))
    #expect(walk.completeFrom == nil)
  }

  @Test func `a page total that contradicts the count does not end the list`() {
    let list = List((0..<30).map { Int64(1_000 - $0) })
    var page = list.page(1, size: 10)!
    page.pagination.pageTotal = 1
    var walk = PageWalk(downTo: beginning)
    walk.receive(page)
    #expect(walk.next == .read(page: 2))
  }

  @Test func `pages from a copy of the list that lags behind do not pass for the list`() {
    let fresh = List((0..<40).map { Int64(1_000 - $0) })
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

  @Test func `more events above a place than it leaves room for are a doubt, and are not claimed`() throws {
    // The same count in every answer, though three events disappear after they were read: so does a cached count.
    let whole = List((0..<60).map { 1_000 - Int64($0) })
    var rest = whole
    for _ in 0..<3 { rest.remove(at: 4) }
    func page(_ number: Int, of list: List) throws -> PageView {
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

  @Test func `a page of more records than its size is asked for again`() throws {
    let list = List((0..<60).map { 1_000 - Int64($0) })
    var walk = PageWalk(downTo: Timestamp(microseconds: 970))
    walk.receive(try #require(list.page(1, size: 10)))
    let larger = PageView(
      number: 2, pagination: Pagination(count: 60, page: 2, pageTotal: 6, pageSize: 10),
      records: (10..<25).map(list.record))
    walk.receive(larger)
    #expect(walk.page == 2)
    #expect(walk.doubt == .short(page: 2, expected: 10, found: 15))
  }

  @Test func `a walk that ends with evidence against it proves nothing of what it had proven`() {
    var list = List((0..<200).map { 10_000 - Int64($0) })
    var walk = PageWalk(downTo: beginning)
    _ = walk.run(&list, size: 10) { request, list in
      if request == 12 { for _ in 0..<150 { list.remove(at: 0) } }
    }
    #expect(walk.refutes)
    #expect(walk.complete == nil)
  }
}
