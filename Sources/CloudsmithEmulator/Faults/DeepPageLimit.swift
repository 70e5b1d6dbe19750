/// Refuses pages that lie too deep in the list. The count and the number of pages stay true.
package struct DeepPageLimit: Behaviour {
  package enum Limit: Sendable, Hashable {
    /// The last page that is shown.
    case pages(Int)
    /// How many places of the list are shown; a page that ends past them is refused.
    case places(Int)
  }

  private let limit: Limit
  private let refusal: PageRefusal

  package init(_ limit: Limit, refusal: PageRefusal = .status(404)) {
    self.limit = limit
    self.refusal = refusal
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard response.status == 200 else { return }
    let isTooDeep =
      switch limit {
      case .pages(let last): turn.page > last
      case .places(let count): turn.page > 1 && turn.page > count / turn.pageSize
      }
    if isTooDeep { response = refusal.response }
  }
}
