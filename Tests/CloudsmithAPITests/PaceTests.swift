import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

struct PaceTests {
  @Test(
    arguments: [
      ("1", .perSecond(1)), ("0.5", .perSecond(0.5)), ("auto", .auto), ("unlimited", .unlimited),
      ("3.", .perSecond(3)),
      ("0", nil), ("-1", nil), ("1e3", nil), ("inf", nil), ("nan", nil), ("", nil), (".", nil), ("Auto", nil),
      ("1001", nil), ("0.0001", nil), ("0x1", nil), ("+1", nil),
    ] as [(String, PaceRule?)])
  func `a pace is a rate or a word`(text: String, rule: PaceRule?) {
    #expect(PaceRule(text) == rule)
  }

  @Test(
    arguments: [
      ("20%", 0.2), ("0%", 0), ("99%", 0.99), ("100%", nil), ("20", nil), ("%", nil), ("-1%", nil),
      ("+1%", nil), ("1.5%", nil),
    ] as [(String, Double?)])
  func `a reserve is whole percent`(text: String, share: Double?) {
    #expect(RateReserve(text)?.share == share)
  }

  /// Lets `count` requests go one after the other, each answered at once, and gives their starts.
  private func starts(
    _ count: Int, _ pace: inout Pace, from start: Double = 0, rate: RateLimit? = nil
  ) -> [Double] {
    var now = TimeSpan.seconds(start)
    var starts: [Double] = []
    for _ in 0..<count {
      let ticket = pace.join()
      while case .wait(let span, _) = pace.ask(ticket, at: now) {
        now = TimeSpan(microseconds: now.microseconds + span.microseconds)
      }
      starts.append(now.seconds)
      pace.ended(rate, at: now)
    }
    return starts
  }

  @Test func `the first request starts at once, the next a whole interval after`() {
    var pace = Pace(rule: .perSecond(1))
    #expect(starts(4, &pace) == [0, 1, 2, 3])
    var slow = Pace(rule: .perSecond(0.5))
    #expect(starts(3, &slow, from: 10) == [10, 12, 14])
  }

  @Test func `idle time is not saved up`() {
    var pace = Pace(rule: .perSecond(1))
    _ = starts(1, &pace)
    #expect(starts(3, &pace, from: 60) == [60, 61, 62])
  }

  @Test func `several at once go in order, one per interval`() {
    var pace = Pace(rule: .perSecond(1))
    let tickets = (0..<4).map { _ in pace.join() }
    #expect(pace.ask(tickets[2], at: .zero) == .wait(.seconds(2), .pace))
    #expect(pace.ask(tickets[0], at: .zero) == .go)
    #expect(pace.ask(tickets[1], at: .zero) == .wait(.seconds(1), .pace))
    #expect(pace.ask(tickets[2], at: .zero) == .wait(.seconds(2), .pace))
    #expect(pace.ask(tickets[2], at: .seconds(1)) == .wait(.seconds(1), .pace))
    #expect(pace.ask(tickets[1], at: .seconds(1.25)) == .go)
    #expect(pace.ask(tickets[2], at: .seconds(2)) == .wait(.seconds(0.25), .pace))
    #expect(pace.ask(tickets[3], at: .seconds(2.25)) == .wait(.seconds(1), .pace))
    #expect(pace.ask(tickets[2], at: .seconds(2.25)) == .go)
  }

  @Test func `a late start moves those behind it, so that the rate is never passed`() {
    var pace = Pace(rule: .perSecond(1))
    #expect(pace.ask(pace.join(), at: .zero) == .go)
    let second = pace.join()
    let third = pace.join()
    #expect(pace.ask(second, at: .seconds(1.9)) == .go)
    #expect(pace.ask(third, at: .seconds(2)) == .wait(.seconds(0.9), .pace))
  }

  @Test func `whenever requests come, ask and give up, they start in order and never above the rate`() throws
  {
    try withEvery("seed", in: 0..<300) { seed in
      var random = SeededRandom(seed: seed)
      var pace = Pace(rule: .perSecond(4))
      var now = TimeSpan.zero
      var waiting: [Pace.Ticket] = []
      var started: [Pace.Ticket] = []
      var lastStart: TimeSpan?
      for _ in 0..<400 {
        now = TimeSpan(microseconds: now.microseconds + .random(in: 0...150_000, using: &random))
        if random.once(in: 3) { waiting.append(pace.join()) }
        guard !waiting.isEmpty else { continue }
        let ticket = random.once(in: 2) ? waiting[0] : random.pick(waiting)
        if random.once(in: 10) {
          pace.leave(ticket)
          waiting.removeAll { $0 == ticket }
        } else if pace.ask(ticket, at: now) == .go {
          if let lastStart { try #require(now.microseconds - lastStart.microseconds >= 250_000) }
          try #require(waiting.first == ticket)
          waiting.removeFirst()
          started.append(ticket)
          lastStart = now
        }
      }
      try #require(started.count > 10)
    }
  }

  @Test func `who gives up makes room`() {
    var pace = Pace(rule: .perSecond(1))
    #expect(pace.ask(pace.join(), at: .zero) == .go)
    let second = pace.join()
    let third = pace.join()
    pace.leave(second)
    #expect(pace.ask(third, at: .zero) == .wait(.seconds(1), .pace))
    #expect(pace.ask(third, at: .seconds(1)) == .go)
  }

  @Test func `unlimited never waits, but for what the API asks`() {
    var pace = Pace(rule: .unlimited)
    let tickets = (0..<3).map { _ in pace.join() }
    #expect(tickets.reversed().map { pace.ask($0, at: .zero) } == [.go, .go, .go])
    pace.hold(until: .seconds(30))
    let next = (0..<2).map { _ in pace.join() }
    #expect(pace.ask(next[1], at: .seconds(10)) == .wait(.seconds(20), .rateLimit))
    #expect(pace.ask(next[1], at: .seconds(30)) == .go)
    #expect(pace.ask(next[0], at: .seconds(30)) == .go)
  }

  @Test func `a hold counts for everybody, and a shorter one does not end a longer one`() {
    var pace = Pace(rule: .perSecond(1))
    let ticket = pace.join()
    pace.hold(until: .seconds(100))
    pace.hold(until: .seconds(50))
    #expect(pace.ask(ticket, at: .seconds(49)) == .wait(.seconds(51), .rateLimit))
    #expect(pace.ask(ticket, at: .seconds(100)) == .go)
    #expect(pace.ask(pace.join(), at: .seconds(100)) == .wait(.seconds(1), .pace))
  }

  @Test func `auto goes at one a second until the API tells its limit`() {
    var pace = Pace(rule: .auto)
    #expect(starts(3, &pace) == [0, 1, 2])
  }

  @Test func `auto takes the hourly limit less the reserve`() {
    var pace = Pace(rule: .auto)
    let rate = RateLimit(limit: 9_000, remaining: 8_000, resetsIn: .seconds(3_000))
    #expect(starts(4, &pace, rate: rate) == [0, 0.5, 1, 1.5])
    var greedy = Pace(rule: .auto, reserve: RateReserve("0%") ?? .fifth)
    #expect(starts(3, &greedy, rate: rate) == [0, 0.4, 0.8])
  }

  @Test func `auto heeds the interval that the API suggests when it is longer`() {
    var pace = Pace(rule: .auto)
    let rate = RateLimit(limit: 9_000, remaining: 8_000, resetsIn: .seconds(3_000), interval: .seconds(2))
    #expect(starts(3, &pace, rate: rate) == [0, 2, 4])
    var bare = Pace(rule: .auto)
    #expect(starts(3, &bare, rate: RateLimit(interval: .seconds(60))) == [0, 60, 120])
  }

  @Test func `auto spreads what is left before the reserve over the time to the reset`() {
    var pace = Pace(rule: .auto)
    #expect(pace.ask(pace.join(), at: .zero) == .go)
    pace.ended(RateLimit(limit: 100, remaining: 21, resetsIn: .seconds(600)), at: .zero)
    let next = pace.join()
    #expect(pace.ask(next, at: .seconds(50)) == .wait(.seconds(250), .rateLimit))
    #expect(pace.ask(next, at: .seconds(300)) == .go)
    let ticket = pace.join()
    #expect(pace.ask(ticket, at: .seconds(350)) == .wait(.seconds(250), .rateLimit))
    #expect(pace.ask(ticket, at: .seconds(600)) == .go)
  }

  @Test func `auto counts requests in flight against the allowance`() {
    var pace = Pace(rule: .auto)
    #expect(pace.ask(pace.join(), at: .zero) == .go)
    #expect(pace.ask(pace.join(), at: .seconds(1)) == .go)
    #expect(pace.ask(pace.join(), at: .seconds(2)) == .go)
    pace.ended(RateLimit(limit: 1_000, remaining: 202, resetsIn: .seconds(600)), at: .seconds(2))
    #expect(pace.ask(pace.join(), at: .seconds(60)) == .wait(.seconds(542), .rateLimit))
  }

  @Test func `a reset in the past does not let auto ask in a circle, nor faster than the limit`() {
    var pace = Pace(rule: .auto)
    #expect(starts(3, &pace, rate: RateLimit(limit: 100, remaining: 0, resetsIn: .zero)) == [0, 45, 90])
    var bare = Pace(rule: .auto)
    #expect(starts(3, &bare, rate: RateLimit(remaining: 0, resetsIn: .zero)) == [0, 1, 2])
  }

  @Test func `beyond the reset of a window whose length is not known yet auto goes at one a second`() {
    var pace = Pace(rule: .auto)
    _ = starts(1, &pace, rate: RateLimit(limit: 90_000, remaining: 0, resetsIn: .seconds(2)))
    #expect(pace.ask(pace.join(), at: .seconds(2)) == .go)
    #expect(pace.ask(pace.join(), at: .seconds(2.5)) == .wait(.seconds(0.5), .pace))
  }

  @Test func `what a place in the queue adds is not asked for by the API`() {
    var pace = Pace(rule: .auto)
    _ = starts(1, &pace, rate: RateLimit(limit: 1_800, remaining: 1_799, resetsIn: .hours(1)))
    let tickets = (0..<3).map { _ in pace.join() }
    #expect(pace.ask(tickets[2], at: .zero) == .wait(.seconds(7.5), .rateLimit))
    #expect(pace.pauseAsked(at: .zero) == .seconds(2.5))
    #expect(pace.pauseAsked(at: .seconds(3)) == .zero)
  }

  @Test func `without a reset auto asks again after a minute`() {
    var pace = Pace(rule: .auto)
    #expect(starts(2, &pace, rate: RateLimit(remaining: 0)) == [0, 60])
  }

  @Test func `a fixed pace does not heed the rate headers`() {
    var pace = Pace(rule: .perSecond(2))
    #expect(starts(2, &pace, rate: RateLimit(limit: 10, remaining: 0, resetsIn: .hours(1))) == [0, 0.5])
  }

  // MARK: - Windows of any length

  /// A limit that a test's API has, and how its windows run.
  struct Limit: CustomTestStringConvertible {
    var requests: Int
    var window: Double
    var kind = Kind.fromFirstRequest
    /// What the answers leave out.
    var lacks: Set<String> = []
    /// Requests of others who share the key, at the first request of this run.
    var others = 0
    var latency = 0.0
    var inFlight = 1
    var wholeSeconds = false

    enum Kind {
      /// Begun by the first request after the one before has ended.
      case fromFirstRequest
      /// By the clock; the first request comes so many seconds after a beginning.
      case byTheClock(phase: Double)
      /// The requests of the last span of that length count; the oldest gives the reset.
      case sliding
    }

    var testDescription: String {
      "\(requests) in \(window) s, \(kind), \(others) by others, \(inFlight) in flight, without \(lacks)"
    }
  }

  /// Keeps the count of a limit.
  private struct Server {
    let limit: Limit
    private(set) var refused = 0
    /// When the requests were made that count, from `first` on.
    private var counted: [Double] = []
    private var first = 0
    private var begun: Double?

    init(_ limit: Limit) {
      self.limit = limit
      switch limit.kind {
      case .fromFirstRequest: if limit.others > 0 { begun = -limit.window / 3 }
      case .byTheClock(let phase): begun = -phase
      case .sliding: break
      }
      counted = Array(repeating: -limit.window / 3, count: limit.others)
    }

    mutating func answer(at now: Double) -> RateLimit {
      switch limit.kind {
      case .fromFirstRequest:
        if now >= (begun ?? -.infinity) + limit.window {
          begun = now
          first = counted.count
        }
      case .byTheClock:
        while let start = begun, now >= start + limit.window {
          begun = start + limit.window
          first = counted.count
        }
      case .sliding:
        while first < counted.count, counted[first] <= now - limit.window + 1e-9 { first += 1 }
      }
      if counted.count - first < limit.requests { counted.append(now) } else { refused += 1 }
      let left = limit.requests - counted.count + first
      var reset = (begun ?? counted[first]) + limit.window - now
      if limit.wholeSeconds { reset = (now + reset).rounded(.up) - now.rounded(.down) }
      return RateLimit(
        limit: limit.lacks.contains("limit") ? nil : limit.requests,
        remaining: limit.lacks.contains("remaining") ? nil : left,
        resetsIn: limit.lacks.contains("reset") ? nil : .seconds(reset))
    }
  }

  /// Requests for so long, as fast as the pace lets them start.
  private func starts(_ limit: Limit, reserve: RateReserve, until end: Double) -> (
    starts: [Double], refused: Int
  ) {
    var server = Server(limit)
    var pace = Pace(rule: .auto, reserve: reserve)
    var now = TimeSpan.zero
    var starts: [Double] = []
    var answers: [(at: TimeSpan, rate: RateLimit)] = []
    var tickets: [Pace.Ticket] = []
    while now.seconds < end {
      while let first = answers.first, first.at <= now {
        pace.ended(answers.removeFirst().rate, at: first.at)
      }
      while answers.count + tickets.count < limit.inFlight { tickets.append(pace.join()) }
      guard let ticket = tickets.first else {
        now = answers[0].at
        continue
      }
      switch pace.ask(ticket, at: now) {
      case .go:
        tickets.removeFirst()
        starts.append(now.seconds)
        answers.append((now + .seconds(limit.latency), server.answer(at: now.seconds)))
      case .wait(let span, _):
        now = min(now + span, answers.first?.at ?? now + span)
      }
    }
    return (starts, server.refused)
  }

  private static let limits: [Limit] =
    [(1_000, 60), (5_400, 3_600), (10_800, 3_600), (100, 600), (10, 1), (3, 60), (2, 1), (1, 1)].flatMap {
      (requests, window) -> [Limit] in
      let alone: [Limit] = [
        Limit(requests: requests, window: window),
        Limit(requests: requests, window: window, kind: .byTheClock(phase: 0)),
        Limit(requests: requests, window: window, kind: .sliding),
      ]
      // Of a smaller limit most would be used before the first answer.
      return requests < 100
        ? alone
        : alone
          + alone.map {
            var limit = $0
            limit.latency = window / Double(requests) * 3
            limit.inFlight = 4
            return limit
          }
    }

  @Test(arguments: limits, [0, 20, 50])
  func `auto uses the limit less the reserve, whatever the length of the window`(limit: Limit, percent: Int)
    throws
  {
    let reserve = try #require(RateReserve("\(percent)%"))
    let windows = limit.requests > 1_000 ? 2.5 : 10
    let (starts, refused) = starts(limit, reserve: reserve, until: windows * limit.window)
    let allowed = Double(limit.requests) * (1 - reserve.share) * windows
    // One start more than there are intervals.
    #expect(Double(starts.count - 1) <= allowed * 1.001)
    #expect(Double(starts.count) >= allowed * 0.75)
    #expect(refused == 0)
    // No burst: a tenth of a window has at most what a quarter of it may have.
    let most = max(2, Int(Double(limit.requests) * (1 - reserve.share) / 4))
    let bursts = zip(starts, starts.dropFirst(most)).count { $1 - $0 < limit.window / 10 }
    #expect(bursts == 0)
  }

  private static let partial: [Limit] = [5, 20, 40, 55].flatMap { phase -> [Limit] in
    [0, 100, 500].flatMap { others -> [Limit] in
      [
        Limit(requests: 1_000, window: 60, kind: .byTheClock(phase: Double(phase)), others: others),
        Limit(
          requests: 1_000, window: 60, kind: .byTheClock(phase: Double(phase)), others: others, latency: 0.3,
          inFlight: 8, wholeSeconds: true),
      ]
    }
  }

  @Test(arguments: partial)
  func `auto that begins in the middle of a window keeps the reserve in it, and has its pace in the next`(
    limit: Limit
  ) throws {
    let (starts, refused) = starts(limit, reserve: .fifth, until: 360)
    #expect(refused == 0)
    guard case .byTheClock(let phase) = limit.kind else { return }
    var begin = -phase
    while begin + 60 <= 360 {
      let used = starts.count { $0 >= begin && $0 < begin + 60 } + (begin < 0 ? limit.others : 0)
      #expect(used <= 808, "from \(begin)")  // eight more can be on their way
      if begin > 0 { #expect(used >= 600, "from \(begin)") }
      begin += 60
    }
  }

  @Test(arguments: [["reset"], ["remaining"], ["limit"], ["reset", "remaining"], ["limit", "reset"]])
  func `where a field is missing auto stays within the limit`(lacks: [String]) {
    for (requests, window) in [(5_400, 3_600.0), (10_800, 3_600), (1_000, 60)] {
      let limit = Limit(requests: requests, window: window, lacks: Set(lacks))
      let (starts, refused) = starts(limit, reserve: .fifth, until: 2 * window)
      #expect(refused == 0)
      #expect(Double(starts.count - 1) <= Double(requests) * 2 * 0.8)
      // The documented hour, or one a second, where nothing tells the length of the window.
      let isHour = window == 3_600 || lacks == ["remaining"]
      #expect(Double(starts.count) >= Double(requests) * 2 * 0.8 * (isHour ? 0.4 : 0.01), "\(limit)")
    }
  }

  @Test func `auto shares the rest of a window that others use up, and comes back when it restarts`() {
    var pace = Pace(rule: .auto)
    #expect(pace.ask(pace.join(), at: .zero) == .go)
    pace.ended(RateLimit(limit: 1_000, remaining: 700, resetsIn: .seconds(40)), at: .zero)
    // 500 before the reserve in 40 s, where the limit less the reserve has 533.
    let next = pace.join()
    #expect(pace.ask(next, at: .zero) == .wait(.seconds(40.0 / 501), .pace))
    #expect(pace.ask(next, at: .seconds(0.1)) == .go)
    pace.ended(RateLimit(limit: 1_000, remaining: 150, resetsIn: .seconds(30)), at: .seconds(10))
    #expect(pace.ask(pace.join(), at: .seconds(10)) == .wait(.seconds(30), .rateLimit))
  }

  @Test(arguments: [(1_000, 60.0), (5_400, 3_600), (10_800, 3_600)])
  func `what others left of a window that is nearly over is no reason to hurry`(requests: Int, window: Double)
  {
    var pace = Pace(rule: .auto)
    let left = window * 0.05
    let rate = RateLimit(limit: requests, remaining: requests - 100, resetsIn: .seconds(left))
    let starts = starts(20, &pace, rate: rate)
    #expect((starts[19] - starts[0]) / 19 >= window / Double(requests) / 0.8)
  }

  @Test func `one wrong reset of many years stops nothing for longer than the next answer`() {
    var pace = Pace(rule: .auto)
    let sane = RateLimit(limit: 3_600, remaining: 3_500, resetsIn: .hours(1))
    _ = starts(1, &pace, rate: sane)
    _ = starts(1, &pace, from: 10, rate: RateLimit(limit: 3_600, remaining: 3_499, resetsIn: .days(3_650)))
    pace.ended(sane, at: .seconds(11))
    #expect(pace.ask(pace.join(), at: .seconds(12)) == .go)
  }
}
