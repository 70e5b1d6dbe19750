package import AuditRecord

/// Serves requests from several replicas of the log, some of which lag.
///
/// A lagging replica lacks the events that were written last, whatever their `event_at`.
package struct LaggingReplica: Behaviour {
  /// The events that a replica lacks.
  package enum Lag: Sendable, Hashable {
    /// The last events in the order of arrival; 0 means up to date.
    case events(Int)
    /// The events that were written within this time before the request.
    case span(TimeSpan)
  }

  /// Which replica answers a request.
  package enum Choice: Sendable, Hashable {
    /// Round robin.
    case inTurn
    /// The replicas in this list, cyclically.
    case listed([Int])
    case random(seed: UInt64)
  }

  private let lags: [Lag]
  private let order: [Int]
  private let sharesCount: Bool
  private var random: SplitMix64?
  private var requests = RequestRange.always
  private var lag = Lag.events(0)
  /// The count in an up-to-date replica; nil if this request reached no replica.
  private var found: Int?

  /// - Parameters:
  ///   - lags: one for each replica, at least one.
  ///   - choice: which replica answers a request.
  ///   - sharesCount: every replica states the count of an up-to-date one, like a cache.
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

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    found = nil
    let number = requests.number(of: context) ?? 1
    let copy = random?.below(lags.count) ?? (order.isEmpty ? 0 : order[(number - 1) % order.count])
    lag = lags.isEmpty ? .events(0) : lags[copy]
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    found = list.count
    let events = log.events
    switch lag {
    case .events(let count):
      guard count > 0 else { return }
      let newest = Set((0..<events.count).sorted { events.arrival($0) < events.arrival($1) }.suffix(count))
      list.keep { !newest.contains($0) }
    case .span(let span):
      let limit = context.time - span
      list.keep { events.written($0) <= limit }
    }
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    if sharesCount, let found { response.state(count: found) }
  }
}

/// Answers with the empty list for a range of requests, as to an account that has lost its role.
package struct EmptyList: Behaviour {
  /// The pagination fields of these responses.
  package enum Fields: String, Sendable, CaseIterable {
    case absent
    /// A count of zero on one page.
    case zero
    /// The fields of the full list.
    case kept
  }

  private let fields: Fields
  private var requests: RequestRange
  private var isActive = false

  package init(during requests: RequestRange = .always, fields: Fields = .absent) {
    self.requests = requests
    self.fields = fields
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    isActive = requests.contains(context)
  }

  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard isActive, response.status == 200 || response.status == 404 else { return }
    response.status = 200
    response.body = Array("[]".utf8)
    switch fields {
    case .absent: response.dropPagination()
    case .zero:
      response.dropPagination()
      for (name, value) in [
        ("Count", 0), ("Page", context.page), ("PageTotal", 1), ("PageSize", context.pageSize),
      ] {
        response.headers["X-Pagination-\(name)"] = String(value)
      }
    case .kept: break
    }
  }
}

/// Shows only some events for a range of requests, as to an account with fewer rights.
package struct ThinnedList: Behaviour {
  /// The events that are shown.
  package enum Kept: Sendable, Hashable {
    /// One event in this many, always the same ones.
    case every(Int)
    /// The events of this actor.
    case actor(String)
  }

  private let kept: Kept
  private var requests: RequestRange
  private var isActive = false

  package init(to kept: Kept, during requests: RequestRange = .always) {
    self.kept = kept
    self.requests = requests
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    isActive = requests.contains(context)
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    guard isActive else { return }
    let events = log.events
    switch kept {
    case .every(let share): list.keep { events.arrival($0) % max(1, share) == 0 }
    case .actor(let name):
      list.keep { RecordText(events.record($0)).string("actor")?.elementsEqual(name.utf8) ?? false }
    }
  }
}

/// Shows only the newest events for a range of requests, as while a search index is rebuilt.
///
/// Queries find no other events either.
package struct CutList: Behaviour {
  private let limit: Int
  private let growth: Int
  private var requests: RequestRange
  private var number: Int?

  /// - Parameters:
  ///   - limit: how many events the first request finds.
  ///   - growth: how many more events each further request finds.
  package init(to limit: Int, growingBy growth: Int = 0, during requests: RequestRange = .always) {
    self.limit = limit
    self.growth = growth
    self.requests = requests
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    number = requests.number(of: context)
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    guard let number else { return }
    list.drop(before: log.events.count - min(log.events.count, limit + (number - 1) * growth))
  }
}

/// Shows only the events of this time before each request, so the list loses its tail while it is read.
package struct Retention: Behaviour {
  private let kept: TimeSpan

  /// - Parameter kept: how old the oldest event in the list can be.
  package init(_ kept: TimeSpan) {
    self.kept = kept
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    list.drop(before: log.events.firstIndex(from: context.time - kept))
  }
}
