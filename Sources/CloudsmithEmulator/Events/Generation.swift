package import AuditRecord

/// How many events to make up, and when they happened.
package struct Generation: Sendable, Hashable {
  package var count: Int
  package var window: Window
  /// How many events in a row share one `event_at`; 1 is none but by chance.
  package var ties: Int

  package init(count: Int, window: Window, ties: Int = 1) {
    self.count = max(0, count)
    self.window = window
    self.ties = max(1, ties)
  }

  /// The time of one event: inside the window and not before that of the event before it. About one in 64 falls on
  /// a whole second.
  func time(of index: Int, seed: UInt64) -> Timestamp {
    let group = Int64(index / ties)
    let groups = Int64((count + ties - 1) / ties)
    let (step, rest) = max(1, window.length.microseconds).quotientAndRemainder(dividingBy: groups)
    let start = window.from.microseconds + group * step + group * rest / groups
    var random = SplitMix64(seed: seed ^ UInt64(group))
    let time = start + Int64(random.below(Int(step)))
    let second = time - time.flooredDivision(by: 1_000_000).remainder
    return Timestamp(microseconds: second >= start && random.below(64) == 0 ? second : time)
  }
}
