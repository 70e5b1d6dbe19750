package import AuditRecord

/// The spans of time that an archive is known to hold completely.
///
/// A set of instants, kept as half-open windows: sorted, not empty, neither overlapping nor touching.
package struct Coverage: Hashable, Sendable {
  package private(set) var intervals: [Window] = []

  package init() {}

  package init(_ windows: some Sequence<Window>) {
    for window in windows { insert(window) }
  }

  package var isEmpty: Bool { intervals.isEmpty }

  /// Where the newest window ends; nil when there is none.
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

  package func contains(_ time: Timestamp) -> Bool { interval(containing: time) != nil }

  /// The window that an instant lies in; nil when it is not covered.
  package func interval(containing time: Timestamp) -> Window? {
    let index = intervals.partitioningIndex { $0.to > time }
    return index < intervals.count && intervals[index].contains(time) ? intervals[index] : nil
  }

  /// Whether every instant of the window is covered; an empty one has none that is not.
  package func contains(_ window: Window) -> Bool {
    window.isEmpty || gaps(in: window).isEmpty
  }

  /// What of the window is not covered, oldest first.
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

  /// Up to where everything from `start` on is covered; `start` itself when it is not covered.
  package func endOfRun(from start: Timestamp) -> Timestamp {
    let index = intervals.partitioningIndex { $0.to > start }
    return index < intervals.count && intervals[index].contains(start) ? intervals[index].to : start
  }

  /// The windows that share an instant with this one.
  private func overlapping(_ window: Window) -> Range<Int> {
    let first = intervals.partitioningIndex { $0.to > window.from }
    return first..<max(first, intervals.partitioningIndex { $0.from >= window.to })
  }
}
