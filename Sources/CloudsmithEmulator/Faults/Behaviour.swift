package import AuditRecord

/// One way in which the API differs from a server that answers every request at once from a list that never changes.
/// Behaviours can be combined.
///
/// The emulator calls the hooks in this order for each request to an existing audit log, and each hook for all behaviours
/// before the next. A behaviour that uses chance has its own seed, so a run is reproducible.
package protocol Behaviour: Sendable {
  /// Called first. Events happen here.
  mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext)
  /// Returns a response in place of the API's own, like a proxy; nil lets the API answer. The first response wins.
  mutating func intercept(_ context: RequestContext) -> EmulatedResponse?
  /// Changes the list that pages are cut from, after the query was applied.
  mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext)
  /// Changes the response before its content is encoded.
  mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext)
  /// Changes the encoded response or its delivery.
  mutating func deliver(_ response: inout EmulatedResponse, for context: RequestContext)
}

extension Behaviour {
  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {}
  package mutating func intercept(_ context: RequestContext) -> EmulatedResponse? { nil }
  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {}
  package mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {}
  package mutating func deliver(_ response: inout EmulatedResponse, for context: RequestContext) {}
}

/// One request to an audit log, as behaviours see it.
package struct RequestContext: Sendable {
  /// The number of the request, from 1. Counts requests to audit logs, including retries.
  package var number: Int
  package var request: EmulatedRequest
  /// When the request arrived.
  package var time: Timestamp
  /// The time of the previous request; for the first request, its own time.
  package var previousTime: Timestamp
  /// The requested page, from 1.
  package var page: Int
  /// The page size in effect, in events.
  package var pageSize: Int
}

/// A range of requests, counted from the first request that its behaviour sees.
package struct RequestRange: Sendable, Hashable {
  private let first: Int
  private let length: Int?
  /// The number of the request that is request 1 of the range.
  private var origin: Int?

  /// `length` requests from request `first` on; nil means all that follow. `first` is at least 1.
  package init(from first: Int, length: Int? = nil) {
    self.first = first
    self.length = length
  }

  /// All requests.
  package static let always = RequestRange(from: 1)

  /// The position of this request in the range, from 1; nil outside the range.
  package mutating func number(of context: RequestContext) -> Int? {
    let origin = origin ?? context.number
    self.origin = origin
    let number = context.number - origin - first + 2
    return number >= 1 && number <= length ?? .max ? number : nil
  }

  /// Whether this request is in the range.
  package mutating func contains(_ context: RequestContext) -> Bool { number(of: context) != nil }
}

/// Which requests a fault affects.
package struct FaultSchedule: Sendable, Hashable {
  /// The period in requests; 0 affects none.
  package var every: Int
  /// How many consecutive requests of each period are affected.
  package var burst: Int

  /// `every` 7 with `burst` 2 affects requests 7, 8, 14, 15, …; `every` 1 affects all, 0 none.
  package init(every: Int, burst: Int = 1) {
    self.every = every
    self.burst = burst
  }

  /// Whether the fault affects this request.
  package func affects(_ context: RequestContext) -> Bool {
    every > 0 && context.number >= every && context.number % every < burst
  }
}
