package import AuditRecord

/// What the walk needs to know of a page: who is on it, when, and what the answer said about the list.
package struct PageView: Sendable {
  package struct Record: Hashable, Sendable {
    package var identity: IdentityHash
    /// nil for a record whose time could not be read.
    package var time: Timestamp?

    package init(identity: IdentityHash, time: Timestamp?) {
      self.identity = identity
      self.time = time
    }
  }

  package var number: Int
  package var pagination: Pagination
  package var records: [Record]
  package private(set) var oldest: Timestamp?
  /// `Timestamp.earliest` where no time on the page could be read.
  package private(set) var newest: Timestamp = .earliest
  package private(set) var isNewestFirst = true
  private var known: Set<IdentityHash>

  package init(number: Int, pagination: Pagination, records: [Record]) {
    self.number = number
    self.pagination = pagination
    self.records = records
    self.known = Set(records.lazy.map(\.identity))
    var last: Timestamp?
    for time in records.lazy.compactMap(\.time) {
      if let last, time > last { isNewestFirst = false }
      last = time
      oldest = oldest.map { min($0, time) } ?? time
      newest = max(newest, time)
    }
  }

  package init(_ page: Page) {
    let rows = page.parsed.rows
    var records: [Record] = []
    records.reserveCapacity(page.parsed.recordCount)
    for row in 0..<rows.count {
      records.append(Record(identity: rows.identity(row), time: rows.time(row)))
    }
    for record in page.parsed.quarantined {
      records.append(Record(identity: IdentityHash(record.json.span), time: nil))
    }
    self.init(number: page.number, pagination: page.pagination, records: records)
  }

  /// Whether the answer itself says that nothing follows: its number is the last, or it is not full.
  package var isLast: Bool {
    if let total = pagination.pageTotal { return number >= total }
    if let size = pagination.pageSize { return records.count < size }
    return false
  }

  func knows(_ record: Record) -> Bool { known.contains(record.identity) }

  /// The page, knowing also those of the page above that are of the instant at which the two meet: an instant can go on
  /// over many pages, and any of them can repeat a record of it.
  func continuing(_ above: PageView) -> PageView {
    newest == above.oldest ? remembering(above) : self
  }

  /// The page as it is now, knowing also the records it showed earlier.
  func remembering(_ earlier: PageView) -> PageView {
    var page = self
    page.known.formUnion(earlier.known)
    return page
  }
}
