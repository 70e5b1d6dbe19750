package import AuditRecord

/// When the next request may start. Time goes in, actions come out; it has no clock.
///
/// Requests that want to start queue up and are let go in that order, also when several are in flight. Times are spans
/// from one origin on a clock that only grows.
package struct Pace: Sendable {
  package typealias Ticket = Int

  package enum Action: Hashable, Sendable {
    case go
    /// Ask again after this long.
    case wait(TimeSpan, WaitReason)
  }

  private let rule: PaceRule
  private var queue: [Ticket] = []
  private var nextTicket = 0
  private var inFlight = 0
  private var lastStart: TimeSpan?
  /// Nothing starts before this, because the API asked so.
  private var heldUntil: TimeSpan?
  /// Requests started so far.
  private var started = 0
  /// The API's own word, under `auto`.
  private var allowance: RateAllowance

  package init(rule: PaceRule, reserve: RateReserve = .fifth) {
    self.rule = rule
    allowance = RateAllowance(reserve: reserve)
  }

  /// Takes a place at the end of the queue.
  package mutating func join() -> Ticket {
    nextTicket += 1
    queue.append(nextTicket)
    return nextTicket
  }

  /// Gives up a place.
  package mutating func leave(_ ticket: Ticket) {
    queue.removeAll { $0 == ticket }
  }

  /// Whether the ticket's request may start now. After `.go` it counts as started, and its ticket is used up.
  package mutating func ask(_ ticket: Ticket, at now: TimeSpan) -> Action {
    let place = queue.firstIndex(of: ticket) ?? 0
    let (earliest, reason) = earliestStart(now)
    let spacing = spacing(at: now)
    if earliest <= now, place == 0 || spacing == .zero {
      leave(ticket)
      lastStart = now
      inFlight += 1
      started += 1
      allowance.start()
      return .go
    }
    return .wait(max(earliest + spacing * place - now, Pace.shortest), reason)
  }

  /// How long the next start of anybody has to wait because the API asks so; zero where only the pace keeps it. What a
  /// request waits for those before it in the queue is no wait that the API asks for.
  package func pauseAsked(at now: TimeSpan) -> TimeSpan {
    let (earliest, reason) = earliestStart(now)
    return reason == .rateLimit ? max(earliest - now, .zero) : .zero
  }

  /// A request that was let go has ended, with what its answer told, if it had one.
  package mutating func ended(_ rate: RateLimit?, at now: TimeSpan) {
    inFlight -= 1
    guard rule == .auto, let rate else { return }
    allowance.receive(rate, started: started, inFlight: inFlight, at: now)
  }

  /// The API asked for quiet (`Retry-After`): nothing starts before `time`.
  package mutating func hold(until time: TimeSpan) {
    heldUntil = max(heldUntil ?? time, time)
  }

  private func earliestStart(_ now: TimeSpan) -> (TimeSpan, WaitReason) {
    var earliest = now
    var reason = WaitReason.pace
    if let lastStart {
      let spacing = spacing(at: now)
      earliest = max(now, lastStart + spacing)
      // Slower than the pace of before the API told anything: that is the API's doing.
      if rule == .auto, spacing > RateAllowance.caution { reason = .rateLimit }
    }
    if let heldUntil, heldUntil > earliest { (earliest, reason) = (heldUntil, .rateLimit) }
    return (earliest, reason)
  }

  private func spacing(at now: TimeSpan) -> TimeSpan {
    switch rule {
    case .perSecond(let rate): .seconds(1 / rate)
    case .auto: allowance.spacing(after: lastStart ?? now, at: now)
    case .unlimited: .zero
    }
  }

  /// The shortest wait, so that nobody asks in a circle.
  private static let shortest = TimeSpan.seconds(0.001)
}

/// Why a request waits.
package enum WaitReason: Hashable, Sendable {
  /// The pace that was chosen.
  case pace
  /// The API asked for it, or its allowance is so small.
  case rateLimit
  /// Before another try.
  case backoff
}

/// How fast requests may start: `--max-requests-per-second`.
package enum PaceRule: Hashable, Sendable {
  case perSecond(Double)
  /// As the API's own rate headers allow, keeping a reserve; 1 a second as long as it tells nothing.
  case auto
  case unlimited

  /// Reads `1`, `0.5`, `auto`, `unlimited`. A number is from 0.001 to 1000; nil for anything else.
  package init?(_ text: String) {
    switch text {
    case "auto": self = .auto
    case "unlimited": self = .unlimited
    default:
      guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let rate = Double(text),
        (0.001...1_000).contains(rate)
      else { return nil }
      self = .perSecond(rate)
    }
  }
}

/// The share of the rate limit that `auto` leaves to others who use the key: `--rate-reserve`.
package struct RateReserve: Hashable, Sendable {
  /// 0 to below 1.
  package let share: Double

  package static let fifth = RateReserve(share: 0.2)

  private init(share: Double) {
    self.share = share
  }

  /// Reads `0%` to `99%`, in whole percent; nil for anything else.
  package init?(_ text: String) {
    guard text.last == "%", let percent = Int(text.dropLast()), (0...99).contains(percent), text.first != "+"
    else { return nil }
    self.share = Double(percent) / 100
  }
}
