/// Rows that disappear while the list is read: with some chance before each request, one.
package struct ErasedRows: Behaviour {
  package enum Place: String, Sendable, CaseIterable {
    case anywhere
    /// The newest row, so that every other one moves up.
    case head
  }

  private let chance: Double
  private let place: Place
  private var random: SplitMix64

  package init(chance: Double, _ place: Place = .anywhere, seed: UInt64) {
    self.chance = chance
    self.place = place
    self.random = SplitMix64(seed: seed)
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    guard random.happens(chance), log.events.count > 0 else { return }
    switch place {
    case .anywhere: log.erase(random.below(log.events.count))
    case .head: log.erase(log.events.count - 1)
    }
  }
}
