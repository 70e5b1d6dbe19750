package import AuditRecord

/// Finds the page at which a window begins, without reading all that is newer: binary search over the page numbers.
///
/// It assumes nothing but that the list is newest first, and checks that on every page it sees. While it searches, new
/// events only move older ones to later pages, so a page that begins above the window goes on doing so.
///
/// No input or output: a page goes in (`receive`), `next` says what to do.
package struct PageSeek: Sendable {
  package enum Step: Hashable, Sendable {
    case read(page: Int)
    /// A walk from this page on sees all of the window. 1 where the list is not newest first.
    case found(page: Int)
  }

  package private(set) var next: Step = .read(page: 1)

  private let end: Timestamp
  /// The last page known to begin at or above the window's end.
  private var low = 1
  /// The first page known to begin below it, or not to be there.
  private var high: Int?

  /// - Parameter end: the window's end; events before it are wanted.
  package init(before end: Timestamp) {
    self.end = end
  }

  package mutating func receive(_ page: PageView) {
    guard case .read(let asked) = next else { return }
    guard page.isNewestFirst, let oldest = page.oldest else {
      next = .found(page: 1)
      return
    }
    if asked == 1 {
      high = page.pagination.pageTotal.map { $0 + 1 }
    }
    if page.newest < end, asked > 1 {
      high = asked
    } else {
      low = asked
      // The window begins on this very page, or nothing follows.
      if oldest < end || page.isLast {
        next = .found(page: asked)
        return
      }
    }
    goOn()
  }

  package mutating func receivePastTheEnd() {
    guard case .read(let asked) = next else { return }
    high = asked
    goOn()
  }

  private mutating func goOn() {
    // Without a total the search doubles its step until it has gone too far.
    guard let high else {
      next = .read(page: low * 2)
      return
    }
    next = high - low <= 1 ? .found(page: low) : .read(page: (low + high) / 2)
  }
}
