package import AuditRecord

/// Finds the page at which a window begins, without reading all that is newer: binary search over the page numbers.
///
/// It assumes nothing but that the list is newest first, and checks that on every page it sees. While it searches, new
/// events only move older ones to later pages, so a page that begins above the window goes on doing so.
///
/// A server that does not heed the page number shows page 1 for ever. So a later page has to begin lower than the one
/// above it, unless the list has grown by that much, and the search ends after `requestLimit` pages.
///
/// No input or output: a page goes in (`receive`), `next` says what to do.
package struct PageSeek: Sendable {
  package enum Step: Hashable, Sendable {
    case read(page: Int)
    /// A walk from this page on sees all of the window. 1 where the list is not newest first, or the search found nothing.
    case found(page: Int)
  }

  package private(set) var next: Step = .read(page: 1)

  /// Pages that a search reads at most: those of a list of four billion pages that does not tell how many it has.
  package static let requestLimit = 64

  private let end: Timestamp
  /// The last page known to begin at or above the window's end, and what was on it; nil before the first was received.
  private var low = 1
  private var above: PageView?
  /// The first page known to begin below it, or not to be there.
  private var high: Int?
  private var requests = 0

  /// - Parameter end: the window's end; events before it are wanted.
  package init(before end: Timestamp) {
    self.end = end
  }

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
    // Without a total the search doubles its step until it has gone too far.
    let page = high.map { (low + $0) / 2 } ?? low * 2
    let isGivenUp = requests == PageSeek.requestLimit || !HeaderBounds.count.contains(page)
    next = isGivenUp ? .found(page: 1) : .read(page: page)
  }
}

extension PageView {
  /// Whether this page, read later, can be of a later number than `page`: it begins lower, or the list has grown by all
  /// that lies between them. It begins no lower where more events than fit on a page are of one instant, but is another page.
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

/// Finds the oldest event that a list shows, from its first page and its last.
///
/// A list that has shrunk ends a page earlier, as a rule. A list whose total is wrong ends anywhere: there its end is found
/// by binary search, in some forty requests at the most.
package struct ListEnds: Sendable {
  /// The page to read next; nil when there is enough to tell.
  package private(set) var next: Int?
  /// nil for an empty list. An event that no plan can still keep, or one alone that is a month older than all others, does
  /// not count: such a record is wrong about its time.
  package private(set) var oldest: Timestamp?
  /// What is older no plan keeps.
  private let kept: Timestamp
  /// The last page known to be there.
  private var low = 1
  /// The first page known not to be there; nil as long as none was missing.
  private var high: Int?

  package init(_ first: PageView, kept: Timestamp = .earliest) {
    self.kept = kept
    oldest = ListEnds.oldest(on: first, kept: kept)
    next = first.pagination.pageTotal.flatMap { $0 > 1 ? $0 : nil }
  }

  /// Takes page `number`, nil where the list has shrunk and has no such page any more.
  package mutating func receive(_ page: PageView?, number: Int) {
    if let page, !page.records.isEmpty {
      guard let found = ListEnds.oldest(on: page, kept: kept) else {
        // A page of nothing but wrong times: the one above it tells.
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

  /// How far one event may lie from all others and still tell how far back the list goes.
  private static let stretch = TimeSpan.days(30)

  private static func oldest(on page: PageView, kept: Timestamp) -> Timestamp? {
    let times = page.records.compactMap(\.time).filter { $0 >= kept }.sorted()
    if times.count > 1, times[1] - times[0] > stretch { return times[1] }
    return times.first
  }
}
