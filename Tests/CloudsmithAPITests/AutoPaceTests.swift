import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

/// The pace of `auto` against rate limits of any length and kind.
struct AutoPaceTests {
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
  func `the automatic pace uses the limit minus the reserve for any length of the window`(
    limit: Limit, percent: Int
  )
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
  func `the automatic pace keeps the reserve in a window joined late and is at full rate in the next`(
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
  func `if a rate field is missing, the automatic pace stays within the limit`(lacks: [String]) {
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

  @Test func `the automatic pace adapts to other users of a window and recovers when it restarts`() {
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
}
