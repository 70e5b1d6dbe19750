/// Puts the array of a page into an object, as a newer version of the API might.
package struct ObjectBody: Behaviour {
  private let rhythm: Rhythm

  package init(_ rhythm: Rhythm) {
    self.rhythm = rhythm
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard rhythm.strikes(turn), response.status == 200 else { return }
    response.body = Array("{\"results\":".utf8) + response.body + Array("}".utf8)
  }
}
