package import AuditRecord

/// Inserts this many new events before each request, with times since the previous request.
package struct Growth: Behaviour {
  private let events: Int

  package init(events: Int) {
    self.events = events
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    let passed = max(0, context.time.microseconds - context.previousTime.microseconds)
    for index in 1...max(1, events) where index <= events {
      let back = passed / Int64(events) * Int64(events - index)
      log.insertGenerated(at: Timestamp(microseconds: context.time.microseconds - back))
    }
  }
}

/// Inserts a late event before a request, with some chance: an event that is older than the newest one.
package struct LateEvents: Behaviour {
  private let chance: Double
  private let bound: TimeSpan
  private var random: SplitMix64

  /// - Parameters:
  ///   - chance: the probability before each request, 0 to 1.
  ///   - bound: how much older than the newest event a late event can be at most.
  package init(chance: Double, by bound: TimeSpan, seed: UInt64) {
    self.chance = chance
    self.bound = bound
    self.random = SplitMix64(seed: seed)
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    guard random.happens(chance), let newest = log.newest else { return }
    let back = 1 + Int64(random.below(Int(bound.microseconds)))
    log.insertGenerated(at: Timestamp(microseconds: newest.microseconds - back))
  }
}

/// Removes one event before a request, with some chance.
package struct ErasedEvents: Behaviour {
  /// Which event is removed.
  package enum Place: String, Sendable, CaseIterable {
    case anywhere
    /// The newest event, so every other one moves up.
    case head
  }

  private let chance: Double
  private let place: Place
  private var random: SplitMix64

  /// - Parameter chance: the probability before each request, 0 to 1.
  package init(chance: Double, _ place: Place = .anywhere, seed: UInt64) {
    self.chance = chance
    self.place = place
    self.random = SplitMix64(seed: seed)
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    guard random.happens(chance), log.events.count > 0 else { return }
    switch place {
    case .anywhere: log.erase(random.below(log.events.count))
    case .head: log.erase(log.events.count - 1)
    }
  }
}

/// Changes the `event_at` of events while the log is read. Their uuid stays.
package struct MovedEvent: Behaviour {
  private enum Plan {
    /// One event, by its position from 0, before one request.
    case once(place: Int, requests: RequestRange)
    /// Any event, with some chance before each request.
    case chance(Double, SplitMix64)
  }

  private var plan: Plan
  private let shift: TimeSpan

  /// Moves the event at this position of the list, from 0, before this request, from 1. A negative shift makes the event
  /// older.
  package init(place: Int, by shift: TimeSpan, beforeRequest number: Int = 1) {
    self.plan = .once(place: place, requests: RequestRange(from: number, length: 1))
    self.shift = shift
  }

  /// Moves a random event with some chance before each request, by up to `bound` in either direction, but not into the
  /// future.
  package init(chance: Double, by bound: TimeSpan, seed: UInt64) {
    self.plan = .chance(chance, SplitMix64(seed: seed))
    self.shift = bound
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    switch plan {
    case .once(let place, var requests):
      let isDue = requests.contains(context)
      plan = .once(place: place, requests: requests)
      let index = log.events.count - 1 - place
      if isDue, index >= 0 { log.move(index, to: log.events.time(index) + shift) }
    case .chance(let chance, var random):
      if random.happens(chance), log.events.count > 0 {
        let index = random.below(log.events.count)
        let span = Int64(random.below(Int(2 * shift.microseconds.magnitude + 1)))
        let time = log.events.time(index) + TimeSpan(microseconds: span) - shift
        log.move(index, to: min(time, context.time))
      }
      plan = .chance(chance, random)
    }
  }
}

/// Makes some events very large, so that responses exceed a limit.
package struct LargeEvent: Behaviour {
  /// One event, by its position from 0 in the list of all events at the first request.
  package struct Size: Sendable, Hashable {
    /// The position in the list, from 0.
    package var place: Int
    /// The size of the record that the event is padded to, in bytes of JSON.
    package var bytes: Int

    package init(place: Int, bytes: Int) {
      self.place = place
      self.bytes = bytes
    }
  }

  private var sizes: [Size]

  package init(_ sizes: [Size]) {
    self.sizes = sizes
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    let newest = log.events.count - 1
    for size in sizes where size.place >= 0 && size.place <= newest {
      log.enlarge(newest - size.place, to: size.bytes)
    }
    sizes = []
  }
}
