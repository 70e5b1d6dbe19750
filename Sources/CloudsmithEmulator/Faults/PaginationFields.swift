/// Answers that say nothing about pages, as behind a proxy that drops fields it does not know.
package enum PaginationFields: Behaviour {
  /// No `X-Pagination-*` and no `Link`.
  case absent

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    response.dropPagination()
  }
}
