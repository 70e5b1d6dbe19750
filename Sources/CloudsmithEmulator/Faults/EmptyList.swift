/// Answers with the empty list for a stretch of requests, as to an account that lost its role.
package struct EmptyList: Behaviour {
  /// What these answers say about pages.
  package enum Fields: String, Sendable, CaseIterable {
    case absent
    /// A count of zero on one page.
    case zero
    /// What the whole list would have said.
    case kept
  }

  private let fields: Fields
  private var stretch: Stretch
  private var isStruck = false

  package init(during stretch: Stretch = .always, fields: Fields = .absent) {
    self.stretch = stretch
    self.fields = fields
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    isStruck = stretch.holds(turn)
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard isStruck, response.status == 200 || response.status == 404 else { return }
    response.status = 200
    response.body = Array("[]".utf8)
    switch fields {
    case .absent: response.dropPagination()
    case .zero:
      response.dropPagination()
      for (name, value) in [("Count", 0), ("Page", turn.page), ("PageTotal", 1), ("PageSize", turn.pageSize)]
      {
        response.headers["X-Pagination-\(name)"] = String(value)
      }
    case .kept: break
    }
  }
}
