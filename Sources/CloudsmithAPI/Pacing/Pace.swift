package import AuditRecord

/// Decides when the next request may start. No I/O and no clock: time goes in, actions come out.
///
/// Requests queue up and start in that order, even when several are in flight. Times are spans since one origin on a clock
/// that only grows.
package struct Pace: Sendable {
  /// A place in the queue.
  package typealias Ticket = Int

  package enum Action: Hashable, Sendable {
    /// Send the request now.
    case go
    /// Ask again after this long.
    case wait(TimeSpan, WaitReason)
  }

  /// Requests per second at most; nil without such a limit.
  private var rate: Double?
  /// Whether the API's rate fields count.
  private var isAuto = false
  private var queue: [Ticket] = []
  private var nextTicket = 0
  private var inFlight = 0
  private var lastStart: TimeSpan?
  /// Nothing starts before this, because the API asked for a wait.
  private var heldUntil: TimeSpan?
  /// Requests started so far.
  private var started = 0
  /// What the API's rate fields allow, under `auto`.
  private var allowance: RateAllowance

  /// - Parameter reserve: used by `.auto` only.
  package init(rule: PaceRule, reserve: RateReserve = .fifth) {
    allowance = RateAllowance(reserve: reserve)
    follow([rule], reserve: reserve)
  }

  /// Replaces the rules. The slowest counts; what is known of the rate limit stays.
  package mutating func follow(_ rules: [PaceRule], reserve: RateReserve) {
    rate = rules.compactMap { if case .perSecond(let rate) = $0 { rate } else { nil } }.min()
    isAuto = rules.contains(.auto)
    allowance.reserve = reserve
  }

  /// Takes a place at the end of the queue.
  package mutating func join() -> Ticket {
    nextTicket += 1
    queue.append(nextTicket)
    return nextTicket
  }

  /// Gives up a place. Must be called for a ticket that will not start.
  package mutating func leave(_ ticket: Ticket) {
    queue.removeAll { $0 == ticket }
  }

  /// Whether the ticket's request may start now. After `.go` the request counts as started and the ticket is used up.
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

  /// How long the next request must wait because the API asks for it; zero if only the pace delays it. Waiting for earlier
  /// requests in the queue does not count.
  package func pauseAsked(at now: TimeSpan) -> TimeSpan {
    let (earliest, reason) = earliestStart(now)
    return reason == .rateLimit ? max(earliest - now, .zero) : .zero
  }

  /// Records the end of a started request, and the rate fields of its answer, if any. Must follow each `.go` once.
  package mutating func ended(_ rate: RateLimit?, at now: TimeSpan) {
    inFlight -= 1
    guard isAuto, let rate else { return }
    allowance.receive(rate, started: started, inFlight: inFlight, at: now)
  }

  /// Lets nothing start before `time`, because the API asked for a wait (`Retry-After`).
  package mutating func hold(until time: TimeSpan) {
    heldUntil = max(heldUntil ?? time, time)
  }

  private func earliestStart(_ now: TimeSpan) -> (TimeSpan, WaitReason) {
    var earliest = now
    var reason = WaitReason.pace
    if let lastStart {
      let spacing = spacing(at: now)
      earliest = max(now, lastStart + spacing)
      // Slower than without any rate field, so the API is the cause.
      if isAuto, spacing > max(RateAllowance.caution, steadySpacing) { reason = .rateLimit }
    }
    if let heldUntil, heldUntil > earliest { (earliest, reason) = (heldUntil, .rateLimit) }
    return (earliest, reason)
  }

  private func spacing(at now: TimeSpan) -> TimeSpan {
    guard isAuto else { return steadySpacing }
    return max(steadySpacing, allowance.spacing(after: lastStart ?? now, at: now))
  }

  private var steadySpacing: TimeSpan { rate.map { .seconds(1 / $0) } ?? .zero }

  /// The shortest wait, so that no caller spins.
  private static let shortest = TimeSpan.seconds(0.001)
}

/// Why a request waits.
package enum WaitReason: Hashable, Sendable {
  /// The pace setting.
  case pace
  /// The API asked for it, or its rate limit is nearly used up.
  case rateLimit
  /// Backoff before another attempt.
  case backoff
}

/// How fast requests may start: `--max-requests-per-second`.
package enum PaceRule: Hashable, Sendable {
  /// At most this many requests per second.
  case perSecond(Double)
  /// As fast as the API's rate fields allow, less a reserve. One request per second before it has reported any.
  case auto
  case unlimited

  /// Reads a number from 0.001 to 1000, `auto` or `unlimited`; nil for anything else.
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

/// The share of the rate limit that `auto` leaves to other users of the key: `--rate-reserve`.
package struct RateReserve: Hashable, Comparable, Sendable {
  /// From 0 to below 1.
  package let share: Double

  /// The default.
  package static let fifth = RateReserve(share: 0.2)

  private init(share: Double) {
    self.share = share
  }

  package static func < (left: RateReserve, right: RateReserve) -> Bool { left.share < right.share }

  /// Reads `0%` to `99%`, in whole percent; nil for anything else.
  package init?(_ text: String) {
    guard text.last == "%", let percent = Int(text.dropLast()), (0...99).contains(percent), text.first != "+"
    else { return nil }
    self.share = Double(percent) / 100
  }
}
