/// The half-open interval of time `[from, to)`: it includes its start but not its end.
package struct Window: Hashable, Sendable {
  /// The first instant of the window.
  package var from: Timestamp
  /// The first instant after the window.
  package var to: Timestamp

  /// A window with `to` at or before `from` is empty.
  package init(from: Timestamp, to: Timestamp) {
    self.from = from
    self.to = to
  }

  /// Whether the window has no instant.
  package var isEmpty: Bool { to <= from }
  /// The time from `from` to `to`; negative if `to` is earlier.
  package var length: TimeSpan { to - from }

  /// Whether the instant is in the window. `to` is not.
  package func contains(_ time: Timestamp) -> Bool { from <= time && time < to }
  /// Whether both bounds of the other window are within this one, even if the other is empty.
  package func contains(_ other: Window) -> Bool { from <= other.from && other.to <= to }

  /// The time that both cover; empty if they do not overlap.
  package func intersection(_ other: Window) -> Window {
    let start = max(from, other.from)
    return Window(from: start, to: max(start, min(to, other.to)))
  }

  /// The complete days within the window, as one window; empty if there is none.
  package var wholeDays: Window {
    let first = Day(containing: from)
    let start = first.start == from ? from : first.end
    return Window(from: start, to: max(start, Day(containing: to).start))
  }

  /// The days that the window overlaps, oldest first; nil if it is empty.
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
