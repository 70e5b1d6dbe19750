import AuditRecord

/// The pieces in which a window is fetched through the time filter, newest first: whole days, and each so many that
/// losing one, when the run is stopped, is no great loss, and that quiet days do not cost a request each.
struct FilteredStretches: Sendable {
  /// nil when the window is done.
  private(set) var next: Window?
  private let window: Window
  private var days: Int64 = 1

  /// A stretch of fewer pages is followed by one of twice the days, one of more than four times as many by one of half.
  static let pages = 4

  init(_ window: Window) {
    self.window = window
    next = stretch(before: window.to)
  }

  /// Takes note that `next` is fetched, and took so many pages.
  mutating func finish(pages: Int) {
    guard let done = next else { return }
    if pages < FilteredStretches.pages { days *= 2 }
    if pages > 4 * FilteredStretches.pages { days = max(1, days / 2) }
    next = stretch(before: done.from)
  }

  private func stretch(before end: Timestamp) -> Window? {
    guard window.from < end else { return nil }
    let last = Day(containing: Timestamp(microseconds: end.microseconds - 1))
    let first = Day(number: last.number - days + 1)
    return Window(from: max(window.from, first.start), to: end)
  }
}
