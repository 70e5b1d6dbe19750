import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

/// A list, newest first, and a server that understands bounds in its own way.
struct FilteringServer {
  enum Reading: Sendable {
    case exact, inclusive, exclusive, dayTruncated, hourTruncated, secondTruncated, ignored, fromOnly, toOnly
    case shifted(TimeSpan)
    /// Does not know every so-many-th event.
    case hiding(every: Int)
    /// Does not know events before this one.
    case since(Timestamp)
    /// Does not know events from this one on.
    case lagging(Timestamp)
    case nothing
  }

  var events: [(name: Int, time: Timestamp)]
  var reading = Reading.exact
  var size = 500
  var hasCounts = true

  /// One event every `step` before `newest`, so many at each instant.
  init(_ count: Int, newest: Timestamp, step: TimeSpan, ties: Int = 1) {
    events = (0..<count).map { ($0, newest - step * ($0 / ties)) }
  }

  mutating func arrive(_ count: Int = 1, at time: Timestamp? = nil) {
    for _ in 0..<count {
      let time = time ?? events[0].time + .seconds(1)
      events.insert((events.count, time), at: events.firstIndex { $0.time <= time } ?? events.count)
    }
  }

  func admits(_ event: (name: Int, time: Timestamp), _ query: FilterQuery) -> Bool {
    guard query.from != nil || query.to != nil else { return true }
    var (from, to) = (query.from ?? .earliest, query.to ?? .latest)
    func truncate(_ unit: TimeSpan) {
      func cut(_ time: Timestamp) -> Timestamp {
        Timestamp(
          microseconds: time.microseconds - time.microseconds.flooredDivision(by: unit.microseconds).remainder
        )
      }
      (from, to) = (cut(from), cut(to))
    }
    switch reading {
    case .exact: break
    case .inclusive: return from <= event.time && event.time <= to
    case .exclusive: return from < event.time && event.time < to
    case .dayTruncated: truncate(.days(1))
    case .hourTruncated: truncate(.hours(1))
    case .secondTruncated: truncate(.seconds(1))
    case .ignored: return true
    case .fromOnly: return from <= event.time
    case .toOnly: return event.time < to
    case .shifted(let span): (from, to) = (from + span, to + span)
    case .hiding(let every): if event.name % every == 0 { return false }
    case .since(let time): if event.time < time { return false }
    case .lagging(let time): if event.time >= time { return false }
    case .nothing: return false
    }
    return from <= event.time && event.time < to
  }

  func page(_ query: FilterQuery = FilterQuery(), size: Int? = nil) -> PageView {
    let size = size ?? self.size
    let list = events.filter { admits($0, query) }
    let records = list.prefix(size).map { event in
      let name = withUnsafeBytes(of: event.name) { Array($0) }
      return PageView.Record(identity: IdentityHash(name.span), time: event.time)
    }
    let pagination =
      hasCounts && !list.isEmpty
      ? Pagination(count: list.count, page: 1, pageTotal: (list.count + size - 1) / size, pageSize: size)
      : Pagination()
    return PageView(number: 1, pagination: pagination, records: records)
  }

  /// Measures; `between` happens before each question.
  func verdict(_ between: (Int, inout FilteringServer) -> Void = { _, _ in }) -> (
    FilterVerdict, requests: Int
  ) {
    var server = self
    var probe = FilterProbe(page())
    for request in 0... {
      between(request, &server)
      switch probe.next {
      case .judged(let verdict): return (verdict, request)
      case .ask(let query): probe.receive(server.page(query))
      case .count(let query): probe.receive(server.page(query, size: 1))
      }
    }
    return (.inconclusive, 0)
  }
}

@Suite struct FilterProbeTests {
  private let newest = time("2024-02-12T18:30:00.123456Z")

  /// A busy log, whose first page is of one day, and a quieter one, whose first page goes over midnight.
  private var servers: [FilteringServer] {
    [
      FilteringServer(5_000, newest: newest, step: .seconds(11)),
      FilteringServer(5_000, newest: newest, step: .seconds(11), ties: 7),
      FilteringServer(3_000, newest: newest, step: .seconds(200)),
      FilteringServer(3_000, newest: newest, step: .seconds(61), ties: 2),
    ]
  }

  private static let readings: [(FilteringServer.Reading, FilterVerdict)] = [
    (.exact, .exact), (.secondTruncated, .exact), (.inclusive, .inclusive), (.dayTruncated, .dayTruncated),
    (.ignored, .ignored), (.exclusive, .inconclusive), (.hiding(every: 2), .inconclusive),
    (.hiding(every: 7), .inconclusive), (.nothing, .inconclusive),
    (.fromOnly, .shifted), (.toOnly, .shifted),
  ]

  @Test(arguments: readings)
  func `what a server makes of bounds is told from a few answers`(
    reading: FilteringServer.Reading, expected: FilterVerdict
  ) throws {
    try withEvery("server", in: servers.indices) { index in
      var server = servers[index]
      server.reading = reading
      let (verdict, requests) = server.verdict()
      try #require(verdict == expected)
      try #require(requests <= FilterProbe.requestLimit)
    }
  }

  @Test func `bounds moved by any zone, to either side, are never taken for right`() throws {
    try withEvery("server", in: servers.indices) { index in
      try withEvery("quarters of an hour", in: (-56...56).filter { $0 != 0 }) { quarters in
        var server = servers[index]
        server.reading = .shifted(.minutes(Double(15 * quarters)))
        let verdict = server.verdict().0
        // In a log of a few hours a bound that has moved by many looks as if it had lost its time of day, and asking for
        // whole days, and one more on both sides, makes good for both.
        try #require(verdict == .shifted || verdict == .inconclusive || verdict == .dayTruncated)
      }
    }
  }

  @Test func `whatever a usable verdict asks for has every event of the window`() throws {
    let readings =
      Self.readings.map(\.0) + [.hourTruncated] + (-60...60).map { .shifted(.minutes(Double($0 * 7))) }
    try withEvery("server", in: servers.indices) { index in
      try withEvery("reading", in: readings) { reading in
        var server = servers[index]
        server.reading = reading
        let verdict = server.verdict().0
        guard verdict.isUsable else { return }
        try withEvery("minute", in: stride(from: 300, to: 6_000, by: 97)) { minute in
          let window = Window(
            from: newest - .minutes(Double(minute) + 700.37), to: newest - .minutes(Double(minute)))
          let query = verdict.query(for: window)
          let isThere = server.events.filter { window.contains($0.time) }
          try #require(isThere.allSatisfy { server.admits($0, query) })
        }
      }
    }
  }

  @Test func `a filter that does not know old events, or the newest, hides them and is not used`() throws {
    for server in servers {
      var server = server
      server.reading = .since(server.events[2_000].time)
      #expect(server.verdict().0 == .inconclusive)
      server.reading = .lagging(server.events[300].time)
      #expect(server.verdict().0 == .inconclusive)
      server.reading = .lagging(server.events[1].time)
      #expect(server.verdict().0 == .inconclusive)
      // One event in the whole log.
      server.events.removeAll { $0.name == 0 }
      server.reading = .hiding(every: 9_999)
      #expect(server.verdict().0 == .exact)
      server.events.append((9_999, server.events[server.events.count - 1].time - .days(3)))
      #expect(server.verdict().0 == .inconclusive)
    }
  }

  @Test func `events that arrive meanwhile never make a filter look better than it is`() throws {
    let readings = Self.readings + [(.hiding(every: 501), .inconclusive), (.shifted(.hours(1)), .shifted)]
    try withEvery("reading", in: readings.indices) { index in
      try withEvery("growth", in: [1, 2, 9, 600]) { growth in
        var server = servers[0]
        server.reading = readings[index].0
        let expected = readings[index].1
        let verdict = server.verdict { _, server in server.arrive(growth) }.0
        try #require(verdict == expected || !verdict.isUsable)
      }
    }
  }

  @Test func `growth that pauses for the count, and an event written late among those held, spoil nothing`() {
    let server = servers[0]
    #expect(server.verdict { request, server in if request < 2 { server.arrive(5) } }.0 == .exact)
    let late = server.events[200].time + .seconds(1)
    #expect(server.verdict { request, server in if request == 0 { server.arrive(at: late) } }.0 == .exact)
    // Written between two counts it could as well be one that the filter had hidden.
    #expect(
      server.verdict { request, server in if request == 3 { server.arrive(at: late) } }.0 == .inconclusive)
  }

  @Test func `a page that shows too little is not asked about`() {
    for server in [
      FilteringServer(0, newest: newest, step: .seconds(1)),
      FilteringServer(3, newest: newest, step: .seconds(1)),
      FilteringServer(500, newest: newest, step: .seconds(1), ties: 200),
      FilteringServer(900, newest: newest, step: .minutes(16)),
      FilteringServer(900, newest: newest, step: .seconds(-1)),
    ] {
      #expect(server.verdict() == (.inconclusive, requests: 0))
    }
    var silent = servers[0]
    silent.hasCounts = false
    #expect(silent.verdict() == (.inconclusive, requests: 0))
  }

  @Test func `a refusal is told from an answer that does not come`() {
    var probe = FilterProbe(servers[0].page())
    probe.receiveRefusal()
    #expect(probe.next == .judged(.rejected))
    probe = FilterProbe(servers[0].page())
    probe.receiveNothing()
    #expect(probe.next == .judged(.inconclusive))
  }

  @Test func `the filter pays for a short window below the first page of a long list`() {
    func first(of pages: Int) -> PageView {
      var first = servers[0].page()
      first.pagination.pageTotal = pages
      return first
    }
    func pays(_ days: Double, to: Timestamp, pages: Int) -> Bool {
      FilterProbe.pays(for: Window(from: to - .days(days), to: to), below: first(of: pages))
    }
    let midnight = time("2024-02-10T00:00:00Z")
    #expect(pays(1, to: midnight, pages: 2_000))
    #expect(pays(5, to: midnight, pages: 2_000))
    #expect(!pays(6, to: midnight, pages: 2_000))
    #expect(!pays(10_000, to: midnight, pages: 2_000))
    #expect(!pays(1, to: midnight, pages: 64))
    #expect(!pays(1, to: newest - .minutes(10), pages: 2_000))
  }

  @Test func `the bounds are written as the API's search is, and what else is asked for stays whole`() {
    let query = FilterQuery(from: time("2024-02-12T00:00:00Z"), to: time("2024-02-13T00:00:00Z"))
    let bounds = #"event_at:>="2024-02-12T00:00:00.000000Z" AND event_at:<"2024-02-13T00:00:00.000000Z""#
    #expect(query.text(with: nil) == bounds)
    #expect(query.text(with: "actor:a OR actor:b") == "(actor:a OR actor:b) AND " + bounds)
    #expect(FilterQuery().text(with: nil) == nil)
    #expect(FilterQuery().text(with: "actor:a") == "actor:a")
  }
}
