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
