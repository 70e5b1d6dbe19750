/// Answers a page past the end with the empty list, and without any `X-Pagination-*` field, in place of 404.
package struct EmptyPastEnd: Behaviour {
  package init() {}

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard response.status == 404 else { return }
    response.status = 200
    response.body = Array("[]".utf8)
  }
}
