package import AuditRecord

/// The API's clock, as its answers tell it (`Date`, plus the `Age` of an answer from a cache).
///
/// Windows, the settle window and claims follow this clock. The clock of this machine measures how long things take. Where no
/// answer has told the time, this machine's clock counts, by its earliest reading.
package struct AnswerClock: Hashable, Sendable {
  /// What an answer says the time was when `elapsed` was zero; the earliest of all answers.
  private var origin: Timestamp?
  /// As `origin`, by this machine's clock.
  private var local: Timestamp

  /// A server that says another time has no clock.
  private static let plausible =
    Timestamp(microseconds: 946_684_800_000_000)...Timestamp(microseconds: 7_258_118_400_000_000)

  /// - Parameters:
  ///   - now: this machine's clock.
  ///   - elapsed: a clock that only grows, read at the same moment.
  package init(now: Timestamp, elapsed: TimeSpan) {
    local = now - elapsed
  }

  /// Whether an answer has told the time.
  package var isTold: Bool { origin != nil }

  /// Takes an answer that has just arrived.
  package mutating func receive(date: Timestamp?, age: TimeSpan?, now: Timestamp, elapsed: TimeSpan) {
    local = min(local, now - elapsed)
    guard let date, AnswerClock.plausible.contains(date) else { return }
    let start = date + (age ?? .zero) - elapsed
    origin = min(origin ?? start, start)
  }

  /// The time there.
  package func now(at elapsed: TimeSpan) -> Timestamp { (origin ?? local) + elapsed }
}
