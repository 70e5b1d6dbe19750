package import AuditRecord

/// A page as the walk sees it: the identity and time of each record, and the answer's pagination fields.
package struct PageView: Sendable {
  package struct Record: Hashable, Sendable {
    package var identity: IdentityHash
    /// Nil if the time could not be read.
    package var time: Timestamp?

    package init(identity: IdentityHash, time: Timestamp?) {
      self.identity = identity
      self.time = time
    }
  }

  package var number: Int
  package var pagination: Pagination
  package var records: [Record]
  /// Nil if no time on the page could be read.
  package private(set) var oldest: Timestamp?
  /// `Timestamp.earliest` if no time on the page could be read.
  package private(set) var newest: Timestamp = .earliest
  /// Whether no record is newer than one above it.
  package private(set) var isNewestFirst = true

  /// - Parameter records: in the order of the page.
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

  /// Costs 24 bytes for each record. Quarantined records come last.
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

  /// Whether the answer's own fields say that nothing follows. A page that is not full proves nothing by itself.
  package var isLast: Bool {
    if let count = pagination.count, let size = pagination.pageSize { return number * size >= count }
    return pagination.pageTotal.map { number >= $0 } ?? false
  }

  /// An estimate of the pages after this one that a walk down to `start` needs, from the density of events on this page.
  /// Zero if the answer does not report the number of pages.
  package func pagesLeft(downTo start: Timestamp) -> Int {
    guard isNewestFirst, let oldest, let total = pagination.pageTotal, number < total else { return 0 }
    // One more page proves the page that passes the start.
    guard oldest >= start, newest > oldest else { return 1 }
    let pages = (oldest - start).seconds / (newest - oldest).seconds
    return min(total - number, Int(min(pages, 1_000_000)) + 1)
  }

  /// The records of one instant, or for nil those whose time could not be read.
  func identities(at time: Timestamp?) -> [IdentityHash] {
    records.lazy.filter { $0.time == time }.map(\.identity)
  }

  /// The number of records that are on both pages.
  func overlap(with other: PageView) -> Int {
    let shown = Set(other.records.lazy.map(\.identity))
    return records.count { shown.contains($0.identity) }
  }

  /// By how many places this page moved down since an earlier reading; nil if no instant begins on both readings.
  func shift(since earlier: PageView) -> Int? {
    guard isNewestFirst, earlier.isNewestFirst, let lowest = records.last(where: { $0.time != nil })?.time
    else { return nil }
    guard lowest < newest, lowest < earlier.newest, earlier.records.contains(where: { $0.time == lowest })
    else { return nil }
    return place(of: lowest) - earlier.place(of: lowest)
  }

  /// Every record with a time. A record whose time could not be read takes the time of the record above it. At the top of
  /// the page it counts as just newer than the first record with a time, or as the oldest of all if there is none.
  var timedIdentities: [(identity: IdentityHash, time: Timestamp)] {
    let first = records.lazy.compactMap(\.time).first
    var last = first.map { Timestamp(microseconds: $0.microseconds + 1) } ?? .earliest
    return records.map { record in
      last = record.time ?? last
      return (record.identity, last)
    }
  }

  /// The number of places before the first record of an instant.
  func place(of instant: Timestamp) -> Int {
    records.firstIndex { $0.time == instant } ?? records.count
  }
}
