/// Counts no further than a cap, as search engines do, and refuses the pages past it.
///
/// Every query has a count of its own, so that narrower ones can reach what lies past the cap.
package struct CountCap: Behaviour {
  private let cap: Int
  private let refusal: PageRefusal?
  private var isCapped = false

  /// - Parameter refusal: of the pages past the cap; nil shows them, although the count has no room for them.
  package init(_ cap: Int, refusal: PageRefusal? = .status(404)) {
    self.cap = cap
    self.refusal = refusal
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    isCapped = false
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn) {
    isCapped = list.count > cap
    if isCapped, refusal != nil { list.keep(first: cap) }
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard isCapped else { return }
    guard let refusal else { return response.tell(count: cap) }
    if response.status == 404, turn.page > (cap + turn.pageSize - 1) / turn.pageSize {
      response = refusal.response
    }
  }
}
