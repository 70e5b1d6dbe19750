/// Refuses one page that exists, so many times, as if the list ended before it.
package struct OddPage: Behaviour {
  private let page: Int
  private let refusal: PageRefusal
  private var left: Int

  package init(_ page: Int, refusal: PageRefusal = .status(404), times: Int = 1) {
    self.page = page
    self.refusal = refusal
    self.left = times
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard left > 0, turn.page == page, response.status == 200 else { return }
    left -= 1
    response = refusal.response
  }
}
