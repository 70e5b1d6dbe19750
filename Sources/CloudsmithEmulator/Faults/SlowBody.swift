package import AuditRecord

/// Answers late, and sends the body slowly.
package struct SlowBody: Behaviour {
  private let rhythm: Rhythm
  private let delay: TimeSpan
  private let bytesPerSecond: Int?

  package init(_ rhythm: Rhythm, delay: TimeSpan = .zero, bytesPerSecond: Int? = nil) {
    self.rhythm = rhythm
    self.delay = delay
    self.bytesPerSecond = bytesPerSecond
  }

  package mutating func deliver(_ response: inout EmulatedResponse, for turn: Turn) {
    guard rhythm.strikes(turn) else { return }
    response.delivery.delay = max(response.delivery.delay, delay)
    response.delivery.bytesPerSecond = bytesPerSecond ?? response.delivery.bytesPerSecond
  }
}
