package import AuditRecord

/// Several copies of the log answer, and some of them lag behind.
///
/// A copy that lags lacks the events that were written last, whatever their `event_at`.
package struct LaggingReplica: Behaviour {
  /// What a copy lacks.
  package enum Lag: Sendable, Hashable {
    /// So many events, in the order of arrival; 0 is a copy that is up to date.
    case events(Int)
    /// The events that were written within so long a time before the request.
    case span(TimeSpan)
  }

  /// Which copy answers a request.
  package enum Choice: Sendable, Hashable {
    /// The copies in their order, again and again.
    case inTurn
    /// The copies of this list, again and again.
    case listed([Int])
    case random(seed: UInt64)
  }

  private let lags: [Lag]
  private let order: [Int]
  private let sharesCount: Bool
  private var random: SplitMix64?
  private var stretch = Stretch.always
  private var lag = Lag.events(0)
  /// How many events the query finds in a copy that is up to date; nil when this request asked no copy.
  private var found: Int?

  /// - Parameters:
  ///   - lags: one for each copy, of which there must be one.
  ///   - sharesCount: every copy tells the count of one that is up to date, as from a cache.
  package init(_ lags: [Lag], choice: Choice = .inTurn, sharesCount: Bool = false) {
    self.lags = lags
    self.sharesCount = sharesCount
    switch choice {
    case .inTurn: order = Array(lags.indices)
    case .listed(let list): order = list.filter { lags.indices.contains($0) }
    case .random(let seed):
      order = []
      random = SplitMix64(seed: seed)
    }
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    found = nil
    let number = stretch.number(of: turn) ?? 1
    let copy = random?.below(lags.count) ?? (order.isEmpty ? 0 : order[(number - 1) % order.count])
    lag = lags.isEmpty ? .events(0) : lags[copy]
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn) {
    found = list.count
    let events = log.events
    switch lag {
    case .events(let count):
      guard count > 0 else { return }
      let newest = Set((0..<events.count).sorted { events.arrival($0) < events.arrival($1) }.suffix(count))
      list.keep { !newest.contains($0) }
    case .span(let span):
      let limit = turn.time - span
      list.keep { events.written($0) <= limit }
    }
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    if sharesCount, let found { response.tell(count: found) }
  }
}
