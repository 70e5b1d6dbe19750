/// Puts a byte into the first string of a page that UTF-8 never has.
package struct InvalidUTF8: Behaviour {
  private let rhythm: Rhythm

  package init(_ rhythm: Rhythm) {
    self.rhythm = rhythm
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard rhythm.strikes(turn), response.status == 200,
      let quote = response.body.firstIndex(of: UInt8(ascii: "\""))
    else { return }
    response.body.insert(0xFF, at: quote + 1)
  }
}
