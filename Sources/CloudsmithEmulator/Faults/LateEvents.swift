package import AuditRecord

/// Events that show up behind the newest one: with some chance before each request, one that happened earlier.
package struct LateEvents: Behaviour {
  private let chance: Double
  private let bound: TimeSpan
  private var random: SplitMix64

  /// `bound` is how much older than the newest event a late one can be.
  package init(chance: Double, by bound: TimeSpan, seed: UInt64) {
    self.chance = chance
    self.bound = bound
    self.random = SplitMix64(seed: seed)
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    guard random.happens(chance), let newest = log.newest else { return }
    let back = 1 + Int64(random.below(Int(bound.microseconds)))
    log.insertGenerated(at: Timestamp(microseconds: newest.microseconds - back))
  }
}
