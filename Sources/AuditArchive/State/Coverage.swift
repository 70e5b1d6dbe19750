package import AuditRecord

/// The time of which an archive is proven to hold every event.
///
/// A set of instants, stored as half-open windows: sorted, not empty, neither overlapping nor touching.
package struct Coverage: Hashable, Sendable {
  package private(set) var intervals: [Window] = []

  package init() {}

  package init(_ windows: some Sequence<Window>) {
    for window in windows { insert(window) }
  }

  package var isEmpty: Bool { intervals.isEmpty }

  /// The end of the newest window; nil if there is none.
  package var end: Timestamp? { intervals.last?.to }

  package mutating func insert(_ window: Window) {
    guard !window.isEmpty else { return }
    let first = intervals.partitioningIndex { $0.to >= window.from }
    let last = intervals.partitioningIndex { $0.from > window.to }
    var merged = window
    if first < last {
      merged.from = min(merged.from, intervals[first].from)
      merged.to = max(merged.to, intervals[last - 1].to)
    }
    intervals.replaceSubrange(first..<last, with: CollectionOfOne(merged))
  }

  package mutating func subtract(_ window: Window) {
    guard !window.isEmpty else { return }
    let range = overlapping(window)
    let rests = intervals[range].flatMap { interval in
      [Window(from: interval.from, to: window.from), Window(from: window.to, to: interval.to)]
    }
    intervals.replaceSubrange(range, with: rests.filter { !$0.isEmpty })
  }

  package func intersection(_ window: Window) -> Coverage {
    guard !window.isEmpty else { return Coverage() }
    var result = Coverage()
    result.intervals = intervals[overlapping(window)].map { $0.intersection(window) }
    return result
  }

  package func intersection(_ other: Coverage) -> Coverage {
    var result = Coverage()
    for window in other.intervals { result.intervals += intersection(window).intervals }
    return result
  }

  /// The parts that `other` does not have.
  package func subtracting(_ other: Coverage) -> Coverage {
    var rest = self
    for window in other.intervals { rest.subtract(window) }
    return rest
  }

  /// The sum of the windows.
  package var length: TimeSpan { intervals.reduce(.zero) { $0 + $1.length } }

  package func contains(_ time: Timestamp) -> Bool { interval(containing: time) != nil }

  /// The window that contains an instant; nil if it is not covered.
  package func interval(containing time: Timestamp) -> Window? {
    let index = intervals.partitioningIndex { $0.to > time }
    return index < intervals.count && intervals[index].contains(time) ? intervals[index] : nil
  }

  /// Whether every instant of the window is covered. True for an empty window.
  package func contains(_ window: Window) -> Bool {
    window.isEmpty || gaps(in: window).isEmpty
  }

  /// The parts of the window that are not covered, oldest first.
  package func gaps(in window: Window) -> [Window] {
    guard !window.isEmpty else { return [] }
    var missing: [Window] = []
    var from = window.from
    for interval in intervals[overlapping(window)] {
      if from < interval.from { missing.append(Window(from: from, to: interval.from)) }
      from = interval.to
    }
    if from < window.to { missing.append(Window(from: from, to: window.to)) }
    return missing
  }

  /// The end of the gap-free coverage from `start`; `start` itself if it is not covered.
  package func endOfRun(from start: Timestamp) -> Timestamp {
    interval(containing: start)?.to ?? start
  }

  /// The indexes of the windows that overlap this one.
  private func overlapping(_ window: Window) -> Range<Int> {
    let first = intervals.partitioningIndex { $0.to > window.from }
    return first..<max(first, intervals.partitioningIndex { $0.from >= window.to })
  }
}
