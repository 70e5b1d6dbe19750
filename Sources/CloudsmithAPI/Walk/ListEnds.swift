package import AuditRecord

/// Finds the oldest event that a list shows, from its first page and its last.
package struct ListEnds: Sendable {
  /// The page to read next; nil when there is enough to tell.
  package private(set) var next: Int?
  /// nil for an empty list.
  package private(set) var oldest: Timestamp?

  package init(_ first: PageView) {
    oldest = first.oldest
    next = first.pagination.pageTotal.flatMap { $0 > 1 ? $0 : nil }
  }

  /// Takes page `number`, nil where the list has shrunk and has no such page any more.
  package mutating func receive(_ page: PageView?, number: Int) {
    guard let page, !page.records.isEmpty else {
      next = number > 2 ? number - 1 : nil
      return
    }
    oldest = min(oldest ?? .latest, page.oldest ?? .latest)
    next = nil
  }
}
