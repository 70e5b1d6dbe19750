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

  package init(number: Int, pagination: Pagination, records: [Record]) {
    self.number = number
    self.pagination = pagination
    self.records = records
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
      records.append(Record(identity: record.identityHash, time: nil))
    }
    self.init(number: page.number, pagination: page.pagination, records: records)
  }

  /// Whether the answer itself says that nothing follows. A page that is not full says nothing by that alone.
  package var isLast: Bool {
    if let count = pagination.count, let size = pagination.pageSize { return number * size >= count }
    return pagination.pageTotal.map { number >= $0 } ?? false
  }

  /// How many pages after this one a walk down to `start` is likely to need, if events go on as close together as they
  /// are here; none where the answer does not say how many there are.
  package func pagesLeft(downTo start: Timestamp) -> Int {
    guard isNewestFirst, let oldest, let total = pagination.pageTotal, number < total else { return 0 }
    // The page after the one that passes the start is needed to prove it.
    guard oldest >= start, newest > oldest else { return 1 }
    let pages = (oldest - start).seconds / (newest - oldest).seconds
    return min(total - number, Int(min(pages, 1_000_000)) + 1)
  }

  /// How many records the page must have by its own fields; nil where they do not say.
  var recordsDue: Int? {
    guard let count = pagination.count, let size = pagination.pageSize else { return nil }
    return min(size, max(0, count - (number - 1) * size))
  }

  /// The records of one instant; nil: those whose time could not be read.
  func identities(at time: Timestamp?) -> [IdentityHash] {
    records.lazy.filter { $0.time == time }.map(\.identity)
  }

  /// How many records of this page the other one shows too.
  func overlap(with other: PageView) -> Int {
    let shown = Set(other.records.lazy.map(\.identity))
    return records.count { shown.contains($0.identity) }
  }

  /// By how many records this page, read again, has moved down, told by an instant that begins on both readings; nil
  /// where none does.
  func shift(since earlier: PageView) -> Int? {
    guard isNewestFirst, earlier.isNewestFirst, let lowest = records.last(where: { $0.time != nil })?.time
    else { return nil }
    guard lowest < newest, lowest < earlier.newest, earlier.records.contains(where: { $0.time == lowest })
    else { return nil }
    return place(of: lowest) - earlier.place(of: lowest)
  }

  /// Every record with its time. One whose time could not be read counts as of the time of the record above it, or as just
  /// newer than the one below it, or as the oldest of all where no time on the page could be read.
  var timedIdentities: [(identity: IdentityHash, time: Timestamp)] {
    let first = records.lazy.compactMap(\.time).first
    var last = first.map { Timestamp(microseconds: $0.microseconds + 1) } ?? .earliest
    return records.map { record in
      last = record.time ?? last
      return (record.identity, last)
    }
  }

  /// How many places of the page come before an instant.
  func place(of instant: Timestamp) -> Int {
    records.firstIndex { $0.time == instant } ?? records.count
  }
}
