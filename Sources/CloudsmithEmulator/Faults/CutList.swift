/// Shows only so many of the newest events for a stretch of requests, as while the index behind a list is rebuilt.
///
/// Queries find nothing beyond these events.
package struct CutList: Behaviour {
  private let limit: Int
  private let growth: Int
  private var stretch: Stretch
  private var number: Int?

  /// - Parameter growth: how many more events each further request finds.
  package init(to limit: Int, growingBy growth: Int = 0, during stretch: Stretch = .always) {
    self.limit = limit
    self.growth = growth
    self.stretch = stretch
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    number = stretch.number(of: turn)
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn) {
    guard let number else { return }
    list.drop(before: log.events.count - min(log.events.count, limit + (number - 1) * growth))
  }
}
