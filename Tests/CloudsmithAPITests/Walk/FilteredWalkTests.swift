import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

/// A filtered list: names in the order in which they are shown.
private struct List {
  var names: [Int]
  var count: Int?
  var hasSize = true

  init(_ names: some Sequence<Int>) {
    self.names = Array(names)
    count = self.names.count
  }

  func page(_ number: Int, size: Int) -> PageView? {
    let first = (number - 1) * size
    guard first < names.count || number == 1 else { return nil }
    let records = names[first..<min(names.count, first + size)].map { name in
      let bytes = withUnsafeBytes(of: name) { Array($0) }
      return PageView.Record(
        identity: IdentityHash(bytes.span), time: Timestamp(microseconds: Int64(name)))
    }
    let pagination =
      names.isEmpty
      ? Pagination() : Pagination(count: count, page: number, pageSize: hasSize ? size : nil)
    return PageView(number: number, pagination: pagination, records: records)
  }
}

extension FilteredWalk {
  /// Returns the pages asked for; `between` happens before each.
  fileprivate mutating func run(_ list: List, size: Int, _ between: (Int, inout List) -> Void = { _, _ in })
    -> [Int]
  {
    var list = list
    var asked: [Int] = []
    while case .read(let number) = next, asked.count < 200 {
      between(asked.count, &list)
      asked.append(number)
      if let page = list.page(number, size: size) { receive(page) } else { receivePastTheEnd() }
    }
    return asked
  }
}

@Suite struct FilteredWalkTests {
  @Test func `a list that stands still is read once, whatever it says of itself`() throws {
    try withEvery("count", in: 0...31) { count in
      try withEvery("hasSize", in: [true, false]) { hasSize in
        var list = List(0..<count)
        list.hasSize = hasSize
        var walk = FilteredWalk()
        let asked = walk.run(list, size: 10)
        try #require(walk.next == .finished(.endOfList))
        let pages = max(1, (count + 9) / 10)
        try #require(asked == Array(1...pages) || (!hasSize && asked == Array(1...(pages + 1))))
      }
    }
  }

  @Test func `a list in another order for every request is read until all of it has been seen`() throws {
    try withEvery("seed", in: 0..<200) { seed in
      var random = SeededRandom(seed: seed)
      var walk = FilteredWalk()
      let asked = walk.run(List(0..<25), size: 10) { _, list in
        // The second page's border lies in the tie.
        list.names.replaceSubrange(8..<13, with: list.names[8..<13].shuffled(using: &random))
      }
      guard walk.next == .finished(.endOfList) else {
        try #require(asked.count == 3 * FilteredWalk.passLimit)
        return
      }
      try #require(asked.count % 3 == 0)
    }
  }

  @Test func `an event that is left out every time is missed, and the list not taken for whole`() {
    var list = List(0..<25)
    list.count = 26
    var walk = FilteredWalk()
    let asked = walk.run(list, size: 10)
    #expect(walk.next == .finished(.unproven(.unreconciled(expected: 26, found: 25))))
    #expect(asked.count <= 4 * FilteredWalk.passLimit)
    list.count = 24
    walk = FilteredWalk()
    _ = walk.run(list, size: 10)
    #expect(walk.next == .finished(.unproven(.unreconciled(expected: 24, found: 25))))
  }

  @Test func `an event written late while the list is read begins it anew`() {
    var walk = FilteredWalk()
    let asked = walk.run(List(0..<25), size: 10) { request, list in
      if request == 1 {
        list.names.insert(99, at: 3)
        list.count = 26
      }
    }
    #expect(asked == [1, 2, 1, 2, 3])
    #expect(walk.next == .finished(.endOfList))
  }

  @Test func `what was there before a count changed does not stand in for what is missing now`() {
    var walk = FilteredWalk()
    // 7 vanishes; then the list counts one more than it shows.
    _ = walk.run(List(0..<25), size: 10) { request, list in
      if request == 2 {
        list.names.remove(at: 7)
        list.count = 24
      }
      if request == 3 { list.count = 25 }
    }
    guard case .finished(.unproven) = walk.next else {
      Issue.record("taken for whole: \(walk.next)")
      return
    }
  }

  @Test func `two copies of a list, one of which lags behind, are not taken for whole`() {
    var walk = FilteredWalk()
    _ = walk.run(List(0..<25), size: 10) { request, list in
      list = request % 2 == 0 ? List(0..<25) : List(1..<25)
    }
    guard case .finished(.unproven) = walk.next else {
      Issue.record("taken for whole: \(walk.next)")
      return
    }
  }

  @Test func `a list without a count proves nothing`() {
    var list = List(0..<25)
    list.count = nil
    var walk = FilteredWalk()
    #expect(walk.run(list, size: 10) == [1])
    #expect(walk.next == .finished(.unproven(.unreconciled(expected: nil, found: 10))))
  }

  @Test func `a list that shows the same page for ever is given up`() {
    var walk = FilteredWalk()
    var asked = 0
    while case .read = walk.next, asked < 1_000 {
      asked += 1
      var page = List(0..<10).page(1, size: 10)!
      page.pagination = Pagination(count: 30)
      walk.receive(page)
    }
    #expect(asked == 30 * FilteredWalk.passLimit)
  }
}
