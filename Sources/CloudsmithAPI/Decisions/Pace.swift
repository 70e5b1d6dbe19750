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
  private let reserve: RateReserve
  private var queue: [Ticket] = []
  private var nextTicket = 0
  private var inFlight = 0
  private var lastStart: TimeSpan?
  /// Nothing starts before this, because the API asked so.
  private var heldUntil: TimeSpan?
  private var allowance: Allowance?

  /// The API's own word, under `auto`.
  private struct Allowance {
    /// What the hourly limit, less the reserve, comes to; nil when the API tells no limit.
    var spacing: TimeSpan?
    /// The pause that the API suggests until the reset.
    var pause: TimeSpan?
    /// Starts left before the reserve until the reset; nil when the API tells no number.
    var startsLeft: Int?
    var resetsAt: TimeSpan
  }

  package init(rule: PaceRule, reserve: RateReserve = .fifth) {
    self.rule = rule
    self.reserve = reserve
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
    if let resetsAt = allowance?.resetsAt, resetsAt <= now {
      allowance?.startsLeft = nil
      allowance?.pause = nil
    }
    let place = queue.firstIndex(of: ticket) ?? 0
    let (earliest, reason) = earliestStart(now)
    if earliest <= now, place == 0 || spacing == .zero {
      leave(ticket)
      lastStart = now
      inFlight += 1
      allowance?.startsLeft? -= 1
      return .go
    }
    return .wait(max(earliest + spacing * place - now, Pace.shortest), reason)
  }

  /// A request that was let go has ended, with what its answer told, if it had one.
  package mutating func ended(_ rate: RateLimit?, at now: TimeSpan) {
    inFlight -= 1
    guard rule == .auto, let rate else { return }
    let resetsIn = max(rate.resetsIn ?? rate.interval ?? Pace.unknownReset, Pace.caution)
    var allowance = Allowance(pause: rate.interval.map { min($0, resetsIn) }, resetsAt: now + resetsIn)
    if let limit = rate.limit, limit > 0 {
      allowance.spacing = .seconds(3_600 / (Double(limit) * (1 - reserve.share)))
    }
    if let remaining = rate.remaining {
      let kept = (Double(rate.limit ?? remaining) * reserve.share).rounded(.up)
      allowance.startsLeft = remaining - Int(kept) - inFlight
    }
    self.allowance = allowance
  }

  /// The API asked for quiet (`Retry-After`): nothing starts before `time`.
  package mutating func hold(until time: TimeSpan) {
    heldUntil = max(heldUntil ?? time, time)
  }

  private func earliestStart(_ now: TimeSpan) -> (TimeSpan, WaitReason) {
    var earliest = now
    var reason = WaitReason.pace
    if let lastStart { earliest = max(now, lastStart + spacing) }
    if let allowance, let startsLeft = allowance.startsLeft, startsLeft <= 0, allowance.resetsAt > earliest {
      (earliest, reason) = (allowance.resetsAt, .rateLimit)
    }
    if let heldUntil, heldUntil > earliest { (earliest, reason) = (heldUntil, .rateLimit) }
    return (earliest, reason)
  }

  private var spacing: TimeSpan {
    switch rule {
    case .perSecond(let rate): .seconds(1 / rate)
    case .auto: max(allowance?.spacing ?? Pace.caution, allowance?.pause ?? .zero)
    case .unlimited: .zero
    }
  }

  /// The pace while the API has told nothing, and the least time until it is asked again.
  private static let caution = TimeSpan.seconds(1)
  /// The shortest wait, so that nobody asks in a circle.
  private static let shortest = TimeSpan.seconds(0.001)
  /// When the API tells that little is left, but not until when.
  private static let unknownReset = TimeSpan.minutes(1)
}

/// Why a request waits.
package enum WaitReason: Hashable, Sendable {
  /// The pace that was chosen.
  case pace
  /// The API asked for it, or its allowance is used up to the reserve.
  case rateLimit
  /// Before another try.
  case backoff
}
