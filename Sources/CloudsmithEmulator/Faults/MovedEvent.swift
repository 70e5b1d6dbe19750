package import AuditRecord

/// Events whose `event_at` changes while the log is read. Their uuid stays.
package struct MovedEvent: Behaviour {
  private enum Plan {
    /// Before a request, the event at a place of the list, from 0.
    case once(place: Int, stretch: Stretch)
    /// Before each request with some chance, any event.
    case chance(Double, SplitMix64)
  }

  private var plan: Plan
  private let shift: TimeSpan

  /// Moves the event that stands at this place, from 0, before the request of this number, from 1. A negative shift makes
  /// the event older.
  package init(place: Int, by shift: TimeSpan, beforeRequest number: Int = 1) {
    self.plan = .once(place: place, stretch: Stretch(from: number, length: 1))
    self.shift = shift
  }

  /// Moves an event with some chance before each request, by up to `bound` in either direction and not into the future.
  package init(chance: Double, by bound: TimeSpan, seed: UInt64) {
    self.plan = .chance(chance, SplitMix64(seed: seed))
    self.shift = bound
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    switch plan {
    case .once(let place, var stretch):
      let strikes = stretch.holds(turn)
      plan = .once(place: place, stretch: stretch)
      let index = log.events.count - 1 - place
      if strikes, index >= 0 { log.move(index, to: log.events.time(index) + shift) }
    case .chance(let chance, var random):
      if random.happens(chance), log.events.count > 0 {
        let index = random.below(log.events.count)
        let span = Int64(random.below(Int(2 * shift.microseconds.magnitude + 1)))
        let time = log.events.time(index) + TimeSpan(microseconds: span) - shift
        log.move(index, to: min(time, turn.time))
      }
      plan = .chance(chance, random)
    }
  }
}
