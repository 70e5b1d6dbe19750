/// Shows only some of the events for a stretch of requests, as to an account with fewer rights.
package struct ThinnedList: Behaviour {
  package enum Kept: Sendable, Hashable {
    /// One of so many, always the same ones.
    case every(Int)
    /// Those of this actor.
    case actor(String)
  }

  private let kept: Kept
  private var stretch: Stretch
  private var isStruck = false

  package init(to kept: Kept, during stretch: Stretch = .always) {
    self.kept = kept
    self.stretch = stretch
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    isStruck = stretch.holds(turn)
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn) {
    guard isStruck else { return }
    let events = log.events
    switch kept {
    case .every(let share): list.keep { events.arrival($0) % max(1, share) == 0 }
    case .actor(let name):
      list.keep { RecordText(events.record($0)).string("actor")?.elementsEqual(name.utf8) ?? false }
    }
  }
}
