package import AuditRecord

/// Shows only the events of so long a time before each request: the list loses its tail while it is read.
package struct Retention: Behaviour {
  private let kept: TimeSpan

  package init(_ kept: TimeSpan) {
    self.kept = kept
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn) {
    list.drop(before: log.events.firstIndex(from: turn.time - kept))
  }
}
