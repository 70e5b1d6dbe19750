/// Redirects to another host, where a key must not follow.
package struct RedirectElsewhere: Behaviour {
  private let rhythm: Rhythm
  private let base: String

  /// `base` is scheme, host and port, such as `http://127.0.0.1:8081`.
  package init(_ rhythm: Rhythm, to base: String) {
    self.rhythm = rhythm
    self.base = base
  }

  package mutating func answer(instead turn: Turn) -> EmulatedResponse? {
    guard rhythm.strikes(turn) else { return nil }
    return EmulatedResponse(
      status: 302, headers: [("Location", base + turn.request.target)], body: [])
  }
}
