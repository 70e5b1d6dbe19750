/// A length of time in microseconds.
package struct TimeSpan: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  package static let zero = TimeSpan(microseconds: 0)

  package static func seconds(_ count: Double) -> TimeSpan {
    TimeSpan(microseconds: Int64((count * 1_000_000).rounded()))
  }

  package static func minutes(_ count: Double) -> TimeSpan { .seconds(count * 60) }
  package static func hours(_ count: Double) -> TimeSpan { .seconds(count * 3_600) }
  package static func days(_ count: Double) -> TimeSpan { .seconds(count * 86_400) }

  package var seconds: Double { Double(microseconds) / 1_000_000 }

  package static func + (one: TimeSpan, other: TimeSpan) -> TimeSpan {
    TimeSpan(microseconds: one.microseconds + other.microseconds)
  }

  package static func - (one: TimeSpan, other: TimeSpan) -> TimeSpan {
    TimeSpan(microseconds: one.microseconds - other.microseconds)
  }

  package static func * (span: TimeSpan, count: Int) -> TimeSpan {
    TimeSpan(microseconds: span.microseconds * Int64(count))
  }

  package static func < (one: TimeSpan, other: TimeSpan) -> Bool {
    one.microseconds < other.microseconds
  }
}
