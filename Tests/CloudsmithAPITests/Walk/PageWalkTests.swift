import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

/// The way down a list that stays as it is, its end, and lists in no order.
@Suite struct PageWalkTests {
  private let beginning = Timestamp(microseconds: 0)

  @Test func `pages are read in order from page 1 until the walk has passed the start`() {
    var list = PagedList((0..<100).map { Int64(1_000 - $0 * 10) })
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
    let list = PagedList([50, 40, 30, 30, 20])
    var walk = PageWalk(downTo: beginning)
    walk.receive(list.page(1, size: 3)!)
    #expect(walk.completeFrom == nil)
    for number in [2, 2, 1] { walk.receive(list.page(number, size: 3)!) }
    #expect(walk.completeFrom == .earliest)
    let longer = PagedList([50, 40, 30, 30, 20, 10, 5])
    walk = PageWalk(downTo: beginning)
    walk.receive(longer.page(1, size: 3)!)
    walk.receive(longer.page(2, size: 3)!)
    #expect(walk.completeFrom == Timestamp(microseconds: 31))
  }

  @Test func `the page with the last number is the end of the list`() {
    var list = PagedList([5, 4, 3, 2])
    var walk = PageWalk(downTo: beginning)
    #expect(walk.run(&list, size: 2).count == 4)
    #expect(walk.ending == .endOfList)
    #expect(walk.completeFrom == .earliest)
  }

  @Test func `without pagination fields, the list is read until a response states its end`() {
    var list = PagedList([5, 4, 3])
    var walk = PageWalk(downTo: beginning)
    #expect(walk.run(&list, size: 2, hasHeaders: false).count == 3)
    #expect(walk.ending == .endOfList)
  }

  @Test func `without pagination fields, a full last page does not prove the end`() {
    var list = PagedList([5, 4, 3, 2])
    var walk = PageWalk(downTo: beginning)
    #expect(walk.run(&list, size: 2, hasHeaders: false).count == 4)
    #expect(walk.ending == .unproven(.unconfirmedEnd(page: 2)))
  }

  @Test func `without a count, the events of the last instant must fill their positions`() {
    // The instant of the last six events is put in another order on every request.
    var list = PagedList([50, 40, 9, 9, 9, 9, 9, 9, 9])
    var walk = PageWalk(downTo: beginning)
    let received = walk.run(&list, size: 4, hasHeaders: false) { request, list in
      if request == 3 { list.names.swapAt(2, 8) }
    }
    #expect(walk.ending == .endOfList && received.count == 9)
    #expect(received == Set((0..<9).map { list.record($0).identity }))
    // Where one of them never shows, nothing says that the list was read to its end.
    var hiding = PagedList([50, 40, 9, 9, 9, 9, 9, 9, 9])
    walk = PageWalk(downTo: beginning)
    let shown = walk.run(&hiding, size: 4, hasHeaders: false) { _, list in list.names[8] = list.names[2] }
    #expect(shown.count == 8)
    guard case .unproven(.overlap) = walk.ending else {
      Issue.record("\(String(describing: walk.ending))")
      return
    }
  }

  @Test func `a page that ends above its predecessor does not prove that one complete`() {
    // Two copies of the list in turn: the second lacks the seven newest events.
    let whole = PagedList([100, 90, 80, 70, 70, 60, 55, 50, 40, 30, 20])
    let lagging = PagedList(Array(whole.times.dropFirst(7)), named: Array(whole.names.dropFirst(7)))
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

  @Test func `without a count, a short page with records below it is requested again`() {
    let list = PagedList((0..<12).map { Int64(120 - $0 * 10) })
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

  @Test func `an unfinished walk claims neither its newest page nor its last pages`() {
    let list = PagedList((0..<20).map { Int64(200 - $0 * 10) })
    var walk = PageWalk(downTo: beginning)
    for number in 1...5 { walk.receive(list.page(number, size: 2)!) }
    // The fifth page shows the list to be complete down to where the fourth ends, at 130.
    #expect(walk.completeFrom == Timestamp(microseconds: 131))
    #expect(walk.complete == Window(from: Timestamp(microseconds: 171), to: Timestamp(microseconds: 190)))
  }

  /// A page of a list in no order: the events' names, each of which is its time too.
  private func unordered(_ number: Int, _ names: [UInt64], count: Int?) -> PageView {
    let list = PagedList(names.map { Int64($0 * 37 % 101) }, named: names)
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

  @Test func `in a list without order, an event displaced by a new one is found`() {
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

  @Test func `in a list without order or count, a duplicate record means that another is hidden`() {
    var walk = PageWalk(downTo: beginning)
    let first = unordered(1, [1, 2, 3, 4], count: nil)
    _ = received(&walk, [first, first, unordered(2, [4, 5, 6, 7], count: nil)])
    #expect(walk.doubt == .uncounted(page: 2, missing: 1))
  }

  @Test func `a list without order that shrank proves nothing`() {
    var walk = PageWalk(downTo: beginning)
    let first = unordered(1, [1, 2, 3, 4], count: 23)
    let others = (2...6).map { number in
      unordered(number, (1...21).filter { ($0 - 1) / 4 == UInt64(number) - 1 }, count: 21)
    }
    _ = received(&walk, [first, first] + others)
    #expect(walk.ending == .unproven(.shrinkingEnd(from: 23, to: 21)))
  }

  @Test func `a list with more events than its count proves nothing`() {
    let list = PagedList([70, 60, 50, 40, 30, 20, 10])
    var walk = PageWalk(downTo: beginning)
    func page(_ number: Int, _ indexes: Range<Int>) -> PageView {
      let pagination = Pagination(count: 5, page: number, pageTotal: 2, pageSize: 4)
      return PageView(number: number, pagination: pagination, records: indexes.map(list.record))
    }
    for page in [page(1, 0..<4), page(2, 4..<7), page(2, 4..<7), page(1, 0..<4)] { walk.receive(page) }
    #expect(walk.ending == .unproven(.unreconciled(expected: 5, found: 7)))
  }

  @Test func `a walk whose final checks are refused proves nothing`() {
    let list = PagedList([50, 40, 30, 20, 10])
    for answers in 2...3 {
      var walk = PageWalk(downTo: beginning)
      for number in [1, 2, 3, 3].prefix(answers + 1) { walk.receive(list.page(number, size: 2)!) }
      #expect(walk.ending == nil)
      walk.receiveRefusal()
      #expect(walk.ending == .unproven(.headDiffers(missing: 0)))
      #expect(walk.complete == nil)
    }
  }

  @Test func `a page that moved up by more than its size is read from where it joins the pages above it`() {
    let whole = PagedList((0..<40).map { Int64(1_000 - $0 * 10) })
    let lagging = PagedList(Array(whole.times.dropFirst(8)), named: Array(whole.names.dropFirst(8)))
    var walk = PageWalk(downTo: beginning)
    for number in 1...12 { walk.receive(whole.page(number, size: 2)!) }
    // The seam below the twelfth page is read again, and both answers come from a copy that lacks the eight newest events.
    walk.receive(lagging.page(13, size: 2)!)
    #expect(walk.page == 12)
    walk.receive(lagging.page(12, size: 2)!)
    #expect(walk.page == 7)
    // What expires at the end of the list moves nothing: the page is as it was.
    let shorter = PagedList(Array(whole.times.dropLast(8)), named: Array(whole.names.dropLast(8)))
    walk = PageWalk(downTo: beginning)
    for number in 1...12 { walk.receive(whole.page(number, size: 2)!) }
    for number in [13, 12] { walk.receive(shorter.page(number, size: 2)!) }
    #expect(walk.page == 13)
  }

  @Test func `an empty log ends at once`() {
    var list = PagedList([])
    var walk = PageWalk(downTo: beginning)
    _ = walk.run(&list, size: 2)
    #expect(walk.ending == .endOfList)
  }
}
