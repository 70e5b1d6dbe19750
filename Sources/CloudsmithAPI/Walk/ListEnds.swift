package import AuditRecord

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
