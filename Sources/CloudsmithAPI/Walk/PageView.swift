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
  private let own: Set<IdentityHash>
  /// Records of the pages above that are of the instant at which this page begins.
  private var continued: Set<IdentityHash> = []
  /// What earlier readings of this page showed.
  private var remembered: Set<IdentityHash> = []

  package init(number: Int, pagination: Pagination, records: [Record]) {
    self.number = number
    self.pagination = pagination
    self.records = records
    self.own = Set(records.lazy.map(\.identity))
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

  /// Whether the answer itself says that nothing follows. A page that is not full says nothing by that alone.
  package var isLast: Bool {
    if let count = pagination.count, let size = pagination.pageSize { return number * size >= count }
    return pagination.pageTotal.map { number >= $0 } ?? false
  }

  /// How many records the page must have by its own fields; nil where they do not say.
  var recordsDue: Int? {
    guard let count = pagination.count, let size = pagination.pageSize else { return nil }
    return min(size, max(0, count - (number - 1) * size))
  }

  /// Whether a reading of the page, or a page above in the same instant, showed the record.
  func knows(_ record: Record) -> Bool {
    own.contains(record.identity) || continued.contains(record.identity)
      || remembered.contains(record.identity)
  }

  /// The page, knowing also those of the page above that are of the instant at which the two meet: an instant can go on
  /// over many pages, and any of them can repeat a record of it.
  func continuing(_ above: PageView) -> PageView {
    guard newest == above.oldest else { return self }
    var page = self
    page.continued = above.own.union(above.continued).union(above.remembered)
    return page
  }

  /// The page as it is now, with the memory of what it showed earlier.
  func remembering(_ earlier: PageView) -> PageView {
    var page = self
    page.continued = earlier.continued
    page.remembered = earlier.remembered.union(earlier.own)
    return page
  }
}
