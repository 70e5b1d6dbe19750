/// A span of time `[from, to)`: the start belongs to it, the end does not.
package struct Window: Hashable, Sendable {
  package var from: Timestamp
  package var to: Timestamp

  package init(from: Timestamp, to: Timestamp) {
    self.from = from
    self.to = to
  }

  package var isEmpty: Bool { to <= from }
  package var length: TimeSpan { to - from }

  package func contains(_ time: Timestamp) -> Bool { from <= time && time < to }
  package func contains(_ other: Window) -> Bool { from <= other.from && other.to <= to }

  /// What both cover; empty when they do not meet.
  package func intersection(_ other: Window) -> Window {
    let start = max(from, other.from)
    return Window(from: start, to: max(start, min(to, other.to)))
  }

  /// The days that lie wholly within the window, as one window; empty when there is none.
  package var wholeDays: Window {
    let first = Day(containing: from)
    let start = first.start == from ? from : first.end
    return Window(from: start, to: max(start, Day(containing: to).start))
  }

  /// The days that the window touches, oldest first.
  package var days: ClosedRange<Day>? {
    isEmpty ? nil : Day(containing: from)...Day(containing: Timestamp(microseconds: to.microseconds - 1))
  }
}

extension Window: CustomStringConvertible {
  package var description: String { "[\(from), \(to))" }
}

extension Day: Strideable {
  package func distance(to other: Day) -> Int { Int(other.number - number) }
  package func advanced(by days: Int) -> Day { Day(number: number + Int64(days)) }
}
