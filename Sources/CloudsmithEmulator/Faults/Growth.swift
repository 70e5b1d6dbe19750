import AuditRecord

/// New events while the log is read: so many before each request, between the request before and now.
package struct Growth: Behaviour {
  private let events: Int

  package init(events: Int) {
    self.events = events
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    let passed = max(0, turn.time.microseconds - turn.previousTime.microseconds)
    for index in 1...max(1, events) where index <= events {
      let back = passed / Int64(events) * Int64(events - index)
      log.insertGenerated(at: Timestamp(microseconds: turn.time.microseconds - back))
    }
  }
}
