/// Ends the connection in the middle of a body.
package struct CutBody: Behaviour {
  private let rhythm: Rhythm
  private let bytes: Int
  private let ending: Delivery.Ending

  /// `bytes` of the body, as encoded, still arrive.
  package init(_ rhythm: Rhythm, after bytes: Int, ending: Delivery.Ending = .close) {
    self.rhythm = rhythm
    self.bytes = bytes
    self.ending = ending
  }

  package mutating func deliver(_ response: inout EmulatedResponse, for turn: Turn) {
    guard rhythm.strikes(turn), bytes < response.body.count else { return }
    response.delivery.cutAfter = bytes
    response.delivery.ending = ending
  }
}
