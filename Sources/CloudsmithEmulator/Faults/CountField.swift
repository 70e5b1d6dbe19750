/// A server that does not tell, or misstates, how many events there are.
package enum CountField: Behaviour {
  /// No `X-Pagination-Count`.
  case absent
  /// `X-Pagination-Count` says so many more than there are; fewer when negative.
  case wrong(by: Int)

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard let count = response.headers["X-Pagination-Count"].flatMap({ Int($0) }) else { return }
    switch self {
    case .absent: response.headers["X-Pagination-Count"] = nil
    case .wrong(let difference): response.headers["X-Pagination-Count"] = String(max(0, count + difference))
    }
  }
}
