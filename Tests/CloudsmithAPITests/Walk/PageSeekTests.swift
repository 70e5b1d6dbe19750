import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

/// A list so long that only the pages asked for are made: event `index` (0 is the newest) is at `newest - index * step`.
private struct LongList {
  var count: Int
  var newest: Int64
  var step: Int64 = 1_000
  var hasTotal = true

  func time(_ index: Int) -> Int64 { newest - Int64(index) * step }

  func page(_ number: Int, size: Int) -> PageView? {
    let first = (number - 1) * size
    guard first < count || (number == 1 && count == 0) else { return nil }
    let records = (first..<min(first + size, count)).map { index in
      let time = time(index)
      let name = withUnsafeBytes(of: time) { Array($0) }
      return PageView.Record(identity: IdentityHash(name.span), time: Timestamp(microseconds: time))
    }
    let pagination =
      hasTotal
      ? Pagination(count: count, page: number, pageTotal: (count + size - 1) / size, pageSize: size)
      : Pagination()
    return PageView(number: number, pagination: pagination, records: records)
  }

  mutating func arrive(_ events: Int) {
    count += events
    newest += Int64(events) * step
  }
}

extension PageSeek {
  /// Seeks to the end; returns the page found and how many pages were read.
  fileprivate mutating func run(
    _ list: inout LongList, size: Int, between: (inout LongList) -> Void = { _ in }
  ) -> (page: Int, requests: Int) {
    var requests = 0
    while case .read(let number) = next, requests < 1_000 {
      requests += 1
      if let page = list.page(number, size: size) { receive(page) } else { receivePastTheEnd() }
      between(&list)
    }
    if case .found(let page) = next { return (page, requests) }
    return (-1, requests)
  }
}

@Suite struct PageSeekTests {
  @Test func `a day a year ago among a million events is found in log2 of the pages plus one request`() {
    var list = LongList(count: 1_000_000, newest: 2_000_000_000)
    let end = list.time(800_123)
    var seek = PageSeek(before: Timestamp(microseconds: end))
    let found = seek.run(&list, size: 500)
    #expect(found.page == 800_123 / 500 + 1)
    #expect(found.requests <= 12)
  }

  @Test func `a window that starts on the first page needs no search`() {
    var list = LongList(count: 1_000_000, newest: 2_000_000_000)
    var seek = PageSeek(before: Timestamp(microseconds: list.newest + 5))
    #expect(seek.run(&list, size: 500) == (1, 1))
  }

  @Test func `the page found is the last that starts at or above the window's end`()
    throws
  {
    try withEvery("end", in: -3...140) { offset in
      var list = LongList(count: 137, newest: 1_000_000)
      let end = Timestamp(microseconds: list.newest - Int64(offset) * 1_000 + 500)
      var seek = PageSeek(before: end)
      let found = seek.run(&list, size: 10)
      let page = try #require(list.page(found.page, size: 10))
      try #require(found.page == 1 || page.newest >= end)
      if let next = list.page(found.page + 1, size: 10) { try #require(next.newest < end) }
    }
  }

  @Test func `without a total, the search proceeds in doubling steps`() throws {
    try withEvery("end", in: [0, 9, 10, 11, 50, 99, 136, 137, 400]) { offset in
      var list = LongList(count: 137, newest: 1_000_000, hasTotal: false)
      let end = Timestamp(microseconds: list.newest - Int64(offset) * 1_000)
      var seek = PageSeek(before: end)
      let found = seek.run(&list, size: 10)
      try #require(found.page == 1 || list.page(found.page, size: 10)?.newest ?? .earliest >= end)
      try #require(found.requests <= 10)
    }
  }

  @Test func `in a growing list, the page found may be too early but never too late`() throws {
    try withEvery("growth", in: [1, 7, 10, 100]) { growth in
      var list = LongList(count: 5_000, newest: 10_000_000)
      let end = Timestamp(microseconds: list.time(3_333))
      var seek = PageSeek(before: end)
      let found = seek.run(&list, size: 10) { $0.arrive(growth) }
      try #require(found.page == 1 || list.page(found.page, size: 10)?.newest ?? .earliest >= end)
      try #require(found.requests < 20)
    }
  }

  @Test(arguments: [0, 1, 9], [true, false])
  func `a server that ignores the page number ends the search at once`(growth: Int, hasTotal: Bool)
    throws
  {
    var list = LongList(count: 100, newest: 1_000_000, hasTotal: hasTotal)
    var seek = PageSeek(before: Timestamp(microseconds: 0))
    var requests = 0
    while case .read(let number) = seek.next, requests < 100 {
      requests += 1
      let first = try #require(list.page(1, size: 10))
      seek.receive(PageView(number: number, pagination: first.pagination, records: first.records))
      list.arrive(growth)
    }
    #expect(requests == 2)
    #expect(seek.next == .found(page: 1))
  }

  @Test func `an endless search is abandoned`() {
    var seek = PageSeek(before: .earliest)
    var requests = 0
    while case .read(let number) = seek.next, requests < 100 {
      requests += 1
      // Always a page of older events, and never the last.
      let record = PageView.Record(
        identity: IdentityHash(Array("\(number)".utf8).span), time: Timestamp(microseconds: Int64(-requests)))
      seek.receive(PageView(number: number, pagination: Pagination(), records: [record]))
    }
    #expect(requests == 40)  // 2 to the 40 is more than any number of a page that is believed
    #expect(seek.next == .found(page: 1))
  }

  @Test func `a total that is far too large costs only its logarithm in requests`() throws {
    let list = LongList(count: 1_000, newest: 10_000_000)
    for total in [101, 1_000, 1_000_000_000_000] {
      func page(_ number: Int) -> PageView? {
        list.page(number, size: 10).map {
          PageView(number: number, pagination: Pagination(pageTotal: total), records: $0.records)
        }
      }
      let first = try #require(page(1))
      var seek = PageSeek(before: Timestamp(microseconds: list.time(777)))
      var ends = ListEnds(first)
      var requests = 0
      while case .read(let number) = seek.next {
        requests += 1
        if let page = page(number) { seek.receive(page) } else { seek.receivePastTheEnd() }
      }
      #expect(seek.next == .found(page: 78))
      while let number = ends.next, requests < 1_000 {
        requests += 1
        ends.receive(page(number), number: number)
      }
      #expect(ends.oldest == Timestamp(microseconds: list.time(999)))
      #expect(requests < 90)
    }
  }

  @Test func `more events of one instant than fit on a page do not end the search`() throws {
    // 40 events of one instant among 400, ten a page.
    func page(_ number: Int) -> PageView {
      let records = ((number - 1) * 10..<number * 10).map { index in
        let time = Int64(1_000 - (200..<240 ~= index ? 200 : index))
        return PageView.Record(
          identity: IdentityHash(Array("\(index)".utf8).span), time: Timestamp(microseconds: time))
      }
      return PageView(number: number, pagination: Pagination(count: 400, pageTotal: 40), records: records)
    }
    var seek = PageSeek(before: Timestamp(microseconds: 1_000 - 239))
    while case .read(let number) = seek.next { seek.receive(page(number)) }
    #expect(seek.next == .found(page: 24))
  }

  @Test func `a list in another order than newest first is read from page 1`() {
    var list = LongList(count: 100, newest: 1_000, step: -1_000)
    var seek = PageSeek(before: Timestamp(microseconds: 50_000))
    #expect(seek.run(&list, size: 10) == (1, 1))
  }

  @Test func `a walk from a found page goes back if that page starts below the window`() throws {
    let list = LongList(count: 100, newest: 100_000)
    let end = Timestamp(microseconds: list.time(35))
    var walk = PageWalk(from: 5, before: end, downTo: Timestamp(microseconds: list.time(52)))
    var asked: [Int] = []
    while case .read(let number) = walk.next, asked.count < 20 {
      asked.append(number)
      walk.receive(try #require(list.page(number, size: 10)))
    }
    // The last page is read again at the end.
    #expect(asked == [5, 4, 5, 6, 7, 7])
    #expect(walk.next == .finished(.reachedStart))
    #expect(walk.firstPage == 4)
  }

  @Test func `a walk from a found page restarts at page 1 if the order breaks`() {
    let list = LongList(count: 100, newest: 100_000, step: -1_000)
    var walk = PageWalk(from: 5, before: Timestamp(microseconds: 0), downTo: Timestamp(microseconds: -10))
    var asked: [Int] = []
    while case .read(let number) = walk.next, asked.count < 40 {
      asked.append(number)
      if let page = list.page(number, size: 10) { walk.receive(page) } else { walk.receivePastTheEnd() }
    }
    // The last page is full: only answers to the one after it show that it is the last.
    #expect(asked == [5] + Array(1...10) + Array(repeating: 11, count: PageWalk.endAnswersNeeded))
    #expect(walk.next == .finished(.endOfList))
  }

  @Test func `the oldest event of a list is on its last page`() {
    let list = LongList(count: 95, newest: 100_000)
    var ends = ListEnds(list.page(1, size: 10)!)
    while let number = ends.next { ends.receive(list.page(number, size: 10), number: number) }
    #expect(ends.oldest == Timestamp(microseconds: list.time(94)))
  }
}
