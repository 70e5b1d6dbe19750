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
  func `a pace is a rate or a keyword`(text: String, rule: PaceRule?) {
    #expect(PaceRule(text) == rule)
  }

  @Test(
    arguments: [
      ("20%", 0.2), ("0%", 0), ("99%", 0.99), ("100%", nil), ("20", nil), ("%", nil), ("-1%", nil),
      ("+1%", nil), ("1.5%", nil),
    ] as [(String, Double?)])
  func `a reserve is a whole percentage`(text: String, share: Double?) {
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

  @Test func `the first request starts at once, the next one interval later`() {
    var pace = Pace(rule: .perSecond(1))
    #expect(starts(4, &pace) == [0, 1, 2, 3])
    var slow = Pace(rule: .perSecond(0.5))
    #expect(starts(3, &slow, from: 10) == [10, 12, 14])
  }

  @Test func `idle time does not accumulate`() {
    var pace = Pace(rule: .perSecond(1))
    _ = starts(1, &pace)
    #expect(starts(3, &pace, from: 60) == [60, 61, 62])
  }

  @Test func `concurrent requests start in order, one per interval`() {
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

  @Test func `a late start delays the following requests, so the rate is never exceeded`() {
    var pace = Pace(rule: .perSecond(1))
    #expect(pace.ask(pace.join(), at: .zero) == .go)
    let second = pace.join()
    let third = pace.join()
    #expect(pace.ask(second, at: .seconds(1.9)) == .go)
    #expect(pace.ask(third, at: .seconds(2)) == .wait(.seconds(0.9), .pace))
  }

  @Test func `requests start in order and never above the rate, whenever they arrive or are cancelled`()
    throws
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

  @Test func `a cancelled request makes room for the next`() {
    var pace = Pace(rule: .perSecond(1))
    #expect(pace.ask(pace.join(), at: .zero) == .go)
    let second = pace.join()
    let third = pace.join()
    pace.leave(second)
    #expect(pace.ask(third, at: .zero) == .wait(.seconds(1), .pace))
    #expect(pace.ask(third, at: .seconds(1)) == .go)
  }

  @Test func `an unlimited pace never waits unless the API asks for it`() {
    var pace = Pace(rule: .unlimited)
    let tickets = (0..<3).map { _ in pace.join() }
    #expect(tickets.reversed().map { pace.ask($0, at: .zero) } == [.go, .go, .go])
    pace.hold(until: .seconds(30))
    let next = (0..<2).map { _ in pace.join() }
    #expect(pace.ask(next[1], at: .seconds(10)) == .wait(.seconds(20), .rateLimit))
    #expect(pace.ask(next[1], at: .seconds(30)) == .go)
    #expect(pace.ask(next[0], at: .seconds(30)) == .go)
  }

  @Test func `a hold applies to all requests, and a shorter one does not end a longer one`() {
    var pace = Pace(rule: .perSecond(1))
    let ticket = pace.join()
    pace.hold(until: .seconds(100))
    pace.hold(until: .seconds(50))
    #expect(pace.ask(ticket, at: .seconds(49)) == .wait(.seconds(51), .rateLimit))
    #expect(pace.ask(ticket, at: .seconds(100)) == .go)
    #expect(pace.ask(pace.join(), at: .seconds(100)) == .wait(.seconds(1), .pace))
  }

  @Test func `the automatic pace is one request per second until the API states its limit`() {
    var pace = Pace(rule: .auto)
    #expect(starts(3, &pace) == [0, 1, 2])
  }

  @Test func `the automatic pace uses the hourly limit minus the reserve`() {
    var pace = Pace(rule: .auto)
    let rate = RateLimit(limit: 9_000, remaining: 8_000, resetsIn: .seconds(3_000))
    #expect(starts(4, &pace, rate: rate) == [0, 0.5, 1, 1.5])
    var greedy = Pace(rule: .auto, reserve: RateReserve("0%") ?? .fifth)
    #expect(starts(3, &greedy, rate: rate) == [0, 0.4, 0.8])
  }

  @Test func `the automatic pace follows a longer interval suggested by the API`() {
    var pace = Pace(rule: .auto)
    let rate = RateLimit(limit: 9_000, remaining: 8_000, resetsIn: .seconds(3_000), interval: .seconds(2))
    #expect(starts(3, &pace, rate: rate) == [0, 2, 4])
    var bare = Pace(rule: .auto)
    #expect(starts(3, &bare, rate: RateLimit(interval: .seconds(60))) == [0, 60, 120])
  }

  @Test func `the automatic pace spreads the allowance over the time to the reset`() {
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

  @Test func `the automatic pace counts requests in flight against the allowance`() {
    var pace = Pace(rule: .auto)
    #expect(pace.ask(pace.join(), at: .zero) == .go)
    #expect(pace.ask(pace.join(), at: .seconds(1)) == .go)
    #expect(pace.ask(pace.join(), at: .seconds(2)) == .go)
    pace.ended(RateLimit(limit: 1_000, remaining: 202, resetsIn: .seconds(600)), at: .seconds(2))
    #expect(pace.ask(pace.join(), at: .seconds(60)) == .wait(.seconds(542), .rateLimit))
  }

  @Test func `a reset in the past causes neither a busy loop nor more requests than the limit`() {
    var pace = Pace(rule: .auto)
    #expect(starts(3, &pace, rate: RateLimit(limit: 100, remaining: 0, resetsIn: .zero)) == [0, 45, 90])
    var bare = Pace(rule: .auto)
    #expect(starts(3, &bare, rate: RateLimit(remaining: 0, resetsIn: .zero)) == [0, 1, 2])
  }

  @Test func `after the reset of a window of unknown length, the automatic pace is one request per second`() {
    var pace = Pace(rule: .auto)
    _ = starts(1, &pace, rate: RateLimit(limit: 90_000, remaining: 0, resetsIn: .seconds(2)))
    #expect(pace.ask(pace.join(), at: .seconds(2)) == .go)
    #expect(pace.ask(pace.join(), at: .seconds(2.5)) == .wait(.seconds(0.5), .pace))
  }

  @Test func `waiting in the queue is not a wait requested by the API`() {
    var pace = Pace(rule: .auto)
    _ = starts(1, &pace, rate: RateLimit(limit: 1_800, remaining: 1_799, resetsIn: .hours(1)))
    let tickets = (0..<3).map { _ in pace.join() }
    #expect(pace.ask(tickets[2], at: .zero) == .wait(.seconds(7.5), .rateLimit))
    #expect(pace.pauseAsked(at: .zero) == .seconds(2.5))
    #expect(pace.pauseAsked(at: .seconds(3)) == .zero)
  }

  @Test func `without a reset, the automatic pace tries again after a minute`() {
    var pace = Pace(rule: .auto)
    #expect(starts(2, &pace, rate: RateLimit(remaining: 0)) == [0, 60])
  }

  @Test func `a fixed pace ignores the rate headers`() {
    var pace = Pace(rule: .perSecond(2))
    #expect(starts(2, &pace, rate: RateLimit(limit: 10, remaining: 0, resetsIn: .hours(1))) == [0, 0.5])
  }

  @Test(arguments: [(1_000, 60.0), (5_400, 3_600), (10_800, 3_600)])
  func `the automatic pace does not speed up to use the rest of a window`(requests: Int, window: Double) {
    var pace = Pace(rule: .auto)
    let left = window * 0.05
    let rate = RateLimit(limit: requests, remaining: requests - 100, resetsIn: .seconds(left))
    let starts = starts(20, &pace, rate: rate)
    #expect((starts[19] - starts[0]) / 19 >= window / Double(requests) / 0.8)
  }

  @Test func `a reset many years ahead delays requests only until the next response`() {
    var pace = Pace(rule: .auto)
    let sane = RateLimit(limit: 3_600, remaining: 3_500, resetsIn: .hours(1))
    _ = starts(1, &pace, rate: sane)
    _ = starts(1, &pace, from: 10, rate: RateLimit(limit: 3_600, remaining: 3_499, resetsIn: .days(3_650)))
    pace.ended(sane, at: .seconds(11))
    #expect(pace.ask(pace.join(), at: .seconds(12)) == .go)
  }
}
