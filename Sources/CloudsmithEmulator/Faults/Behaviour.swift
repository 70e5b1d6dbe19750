package import AuditRecord

/// One way in which the API differs from a server that answers every request at once and from a list that stands
/// still: a file of its own each, and any number of them together.
///
/// The hooks are called in the order in which they stand here, for requests to an audit log that exists. A behaviour
/// that needs chance has a seed of its own, so that a run can be repeated.
package protocol Behaviour: Sendable {
  /// Before anything is decided: the place for events to happen.
  mutating func prepare(_ log: inout EmulatedLog, for turn: Turn)
  /// An answer in place of the API's own, as from something that stands before it.
  mutating func answer(instead turn: Turn) -> EmulatedResponse?
  /// Changes which events the pages are cut from, and in which order, after the query was applied.
  mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn)
  /// Changes the finished answer, before its content is encoded.
  mutating func revise(_ response: inout EmulatedResponse, for turn: Turn)
  /// Changes the encoded answer or the way in which it is delivered.
  mutating func deliver(_ response: inout EmulatedResponse, for turn: Turn)
}

extension Behaviour {
  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {}
  package mutating func answer(instead turn: Turn) -> EmulatedResponse? { nil }
  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn) {}
  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {}
  package mutating func deliver(_ response: inout EmulatedResponse, for turn: Turn) {}
}

/// One request of an audit log, as behaviours see it.
package struct Turn: Sendable {
  /// Counts requests of audit logs from 1, retries and all.
  package var number: Int
  package var request: EmulatedRequest
  package var time: Timestamp
  /// When the request before came; of the first, its own time.
  package var previousTime: Timestamp
  /// The page asked for, from 1, and how many events a page of this size holds.
  package var page: Int
  package var pageSize: Int
}

/// A stretch of requests, counted from the first one that its behaviour sees.
package struct Stretch: Sendable, Hashable {
  private let first: Int
  private let length: Int?
  /// The number of the turn that counts as request 1.
  private var origin: Int?

  /// From request `first` on, which is 1 or more: so many requests, or all that follow.
  package init(from first: Int, length: Int? = nil) {
    self.first = first
    self.length = length
  }

  package static let always = Stretch(from: 1)

  /// The number of this request within the stretch, from 1; nil outside it.
  package mutating func number(of turn: Turn) -> Int? {
    let origin = origin ?? turn.number
    self.origin = origin
    let number = turn.number - origin - first + 2
    return number >= 1 && number <= length ?? .max ? number : nil
  }

  package mutating func holds(_ turn: Turn) -> Bool { number(of: turn) != nil }
}

/// How pages that exist are refused.
package enum PageRefusal: Sendable, Hashable {
  /// An error status with a body of the API's kind.
  case status(Int)
  /// 200 with the empty list, and without any field about pages.
  case empty

  package var response: EmulatedResponse {
    switch self {
    case .status(404): EmulatedResponse(status: 404, detail: "Invalid page.")
    case .status(let status) where status < 500:
      EmulatedResponse(status: status, detail: "Result window is too large.")
    case .status(let status): EmulatedResponse(status: status, detail: "Internal server error.")
    case .empty: EmulatedResponse(json: Array("[]".utf8))
    }
  }
}

/// Which requests a fault strikes: every so many, and how many in a row.
package struct Rhythm: Sendable, Hashable {
  package var every: Int
  package var burst: Int

  /// `every` 7 with a `burst` of 2 strikes requests 7, 8, 14, 15, …; `every` 1 strikes all, 0 none.
  package init(every: Int, burst: Int = 1) {
    self.every = every
    self.burst = burst
  }

  package func strikes(_ turn: Turn) -> Bool {
    every > 0 && turn.number >= every && turn.number % every < burst
  }
}
