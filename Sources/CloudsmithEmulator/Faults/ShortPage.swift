/// Leaves the last events of one page out, so many times. The next page begins where it should.
package struct ShortPage: Behaviour {
  private let page: Int
  private let missing: Int
  private var left: Int

  package init(_ page: Int, missing: Int, times: Int = .max) {
    self.page = page
    self.missing = missing
    self.left = times
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard left > 0, turn.page == page, response.status == 200,
      case .success(let elements) = JSONText.elements(of: response.body), elements.count > missing
    else { return }
    left -= 1
    let texts = elements.dropLast(missing).map { response.body[$0] }
    response.body = [UInt8(ascii: "[")] + texts.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
  }
}
