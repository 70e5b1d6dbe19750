package import AuditRecord

/// Finds the page on which a window begins by binary search over the page numbers.
///
/// The search assumes only that the list is newest first, and checks that on every page. New events move older ones to
/// later pages, so a page that begins above the window stays above it during the search. Cost: log2 of the number of pages.
///
/// A server that ignores the page number always shows page 1. So a later page must begin lower than the page above it,
/// unless the list has grown by that much, and the search ends after `requestLimit` pages.
///
/// No I/O: a page goes in (`receive`), and `next` says what to do.
package struct PageSeek: Sendable {
  package enum Step: Hashable, Sendable {
    case read(page: Int)
    /// A walk from this page sees all of the window. It is page 1 if the list is not newest first or the search failed.
    case found(page: Int)
  }

  /// What to do next.
  package private(set) var next: Step = .read(page: 1)

  /// The most pages that a search reads: enough for four billion pages in a list that does not count them.
  package static let requestLimit = 64

  private let end: Timestamp
  /// The last page known to begin at or above the window's end.
  private var low = 1
  /// The content of page `low`; nil before the first answer.
  private var above: PageView?
  /// The first page known to begin below the window's end, or not to exist.
  private var high: Int?
  private var requests = 0

  /// - Parameter end: the end of the window, exclusive.
  package init(before end: Timestamp) {
    self.end = end
  }

  /// Takes the page that `next` asked for.
  package mutating func receive(_ page: PageView) {
    guard case .read(let asked) = next else { return }
    guard page.isNewestFirst, let oldest = page.oldest, above.map({ page.canStand(below: $0) }) ?? true else {
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
      above = page
      // The window begins on this very page, or nothing follows.
      if oldest < end || page.isLast {
        next = .found(page: asked)
        return
      }
    }
    goOn()
  }

  /// Takes a 404 or a refusal of the page that `next` asked for.
  package mutating func receivePastTheEnd() {
    guard case .read(let asked) = next else { return }
    high = asked
    goOn()
  }

  private mutating func goOn() {
    requests += 1
    if let high, high - low <= 1 {
      next = .found(page: low)
      return
    }
    // Without a total the search doubles the page number until it has gone too far.
    let page = high.map { (low + $0) / 2 } ?? low * 2
    let isGivenUp = requests == PageSeek.requestLimit || !HeaderBounds.count.contains(page)
    next = isGivenUp ? .found(page: 1) : .read(page: page)
  }
}

extension PageView {
  /// Whether this page, read later, can come after `page`: it begins lower, or the list has grown by all places between
  /// them. If one instant fills more than a page, it begins at the same instant with other records.
  fileprivate func canStand(below page: PageView) -> Bool {
    if newest < page.newest { return true }
    if let before = page.pagination.count, let now = pagination.count,
      now - before >= (number - page.number) * page.records.count
    {
      return true
    }
    return newest == page.newest && records != page.records
  }
}

/// Finds the oldest event that a list shows, from its first and its last page.
///
/// A list that has shrunk usually ends one page earlier. If its total is wrong, binary search finds the last page, in about
/// forty requests at most. No I/O.
package struct ListEnds: Sendable {
  /// The page to read next; nil when the search is done.
  package private(set) var next: Int?
  /// The oldest event found; nil for an empty list. Ignores events that no plan can still keep, and a single event that is
  /// a month older than all others: such times are wrong.
  package private(set) var oldest: Timestamp?
  /// No plan keeps older events.
  private let kept: Timestamp
  /// The last page known to exist.
  private var low = 1
  /// The first page known not to exist; nil while none was missing.
  private var high: Int?

  /// - Parameters:
  ///   - first: page 1, read just now.
  ///   - kept: the oldest time that an event can have.
  package init(_ first: PageView, kept: Timestamp = .earliest) {
    self.kept = kept
    oldest = ListEnds.oldest(on: first, kept: kept)
    next = first.pagination.pageTotal.flatMap { $0 > 1 ? $0 : nil }
  }

  /// Takes page `number`; nil if the list has no such page any more.
  package mutating func receive(_ page: PageView?, number: Int) {
    if let page, !page.records.isEmpty {
      guard let found = ListEnds.oldest(on: page, kept: kept) else {
        // All times on the page are wrong, so the page above it decides.
        next = number > 2 ? number - 1 : nil
        return
      }
      oldest = min(oldest ?? .latest, found)
      low = number
    } else if high == nil {
      high = number
      next = number > 2 ? number - 1 : nil
      return
    } else {
      high = number
    }
    guard let high, high - low > 1 else {
      next = nil
      return
    }
    next = (low + high) / 2
  }

  /// The most by which a single event may be older than all others and still count.
  private static let stretch = TimeSpan.days(30)

  private static func oldest(on page: PageView, kept: Timestamp) -> Timestamp? {
    let times = page.records.compactMap(\.time).filter { $0 >= kept }.sorted()
    if times.count > 1, times[1] - times[0] > stretch { return times[1] }
    return times.first
  }
}
