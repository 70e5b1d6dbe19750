/// Sends half of a page as if it were all of it: the text ends before its array does.
package struct InvalidJSON: Behaviour {
  private let rhythm: Rhythm

  package init(_ rhythm: Rhythm) {
    self.rhythm = rhythm
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard rhythm.strikes(turn), response.status == 200 else { return }
    response.body.removeLast((response.body.count + 1) / 2)
  }
}
