package import AuditRecord

/// What is counted of an archive's rows, in bounded memory, batch by batch. A value: what a day that turns out to be damaged
/// added is dropped with the copy that it was added to.
package struct EventTally: Sendable {
  /// Only events in it count.
  private let window: Window
  package private(set) var rows = 0
  package private(set) var perDay: [Day: Int] = [:]
  /// By weekday (Monday first) and hour, UTC: `weekday * 24 + hour`.
  package private(set) var hours = [Int](repeating: 0, count: 7 * 24)
  package private(set) var events: TopValues
  package private(set) var actors: TopValues
  package private(set) var countries: TopValues

  package init(window: Window, limit: Int = 1 << 15) {
    self.window = window
    events = TopValues(limit: limit)
    actors = TopValues(limit: limit)
    countries = TopValues(limit: limit)
  }

  /// Rows of one day.
  package mutating func add(_ batch: RowBatch, of day: Day) {
    // 1970-01-01 was a Thursday.
    let weekday = Int((day.number + 3).flooredDivision(by: 7).remainder)
    let start = day.start.microseconds
    var added = 0
    for row in 0..<batch.count {
      let time = batch.eventAt[row]
      guard window.contains(Timestamp(microseconds: time)) else { continue }
      added += 1
      let hour = Int((time - start) / 3_600_000_000)
      if (0..<24).contains(hour) { hours[weekday * 24 + hour] += 1 }
      Self.count(batch, row, .event, in: &events)
      Self.count(batch, row, .actor, in: &actors)
      let country = batch.cell(.actorLocationCountry, row)
      Self.count(
        batch, row, country.isNull ? .actorLocationCountryCode : .actorLocationCountry, in: &countries)
    }
    rows += added
    perDay[day, default: 0] += added
  }

  private static func count(_ batch: RowBatch, _ row: Int, _ column: TextColumn, in values: inout TopValues) {
    let cell = batch.cell(column, row)
    if cell.isNull { values.addAbsent() } else { values.add(batch.bytes, cell.range) }
  }
}

/// Counts how often each value of a column is there, in bounded memory.
///
/// Exact as long as there are no more than `limit` different values. When there is one more, the median of the counts is taken
/// off every count and what reaches nothing is forgotten, so that at least half of the values go (Metwally, Agrawal and El
/// Abbadi's and Misra and Gries's idea; this form is that of Anderson and others, "A High-Performance Algorithm for Identifying Frequent
/// Items in Data Streams", 2017). From then on every count is the least that it can be, and `missed` the most that it may lack;
/// a value that is not there at all has at most so many.
package struct TopValues: Sendable {
  package struct Value: Hashable, Sendable {
    /// The beginning of the value; `isCut` when it is longer.
    package let text: String
    package let isCut: Bool
    package let count: Int
  }

  private struct Entry {
    var hash: Int
    var text: [UInt8]
    var isCut: Bool
    var count: Int
  }

  /// Different values that are counted at once.
  private let limit: Int
  /// Bytes of a value that are kept; all of it is hashed.
  private static let keptBytes = 512

  private var entries: [Entry] = []
  /// By the hash of the whole value. It is keyed anew in every process (`Hasher`), so that nobody can choose values whose hashes
  /// meet; that two of some thousand do by chance is one in 10^10.
  private var places: [Int: Int] = [:]
  /// NULLs.
  package private(set) var absent = 0
  package private(set) var missed = 0

  package init(limit: Int = 1 << 15) {
    self.limit = max(2, limit)
  }

  package var isExact: Bool { missed == 0 }
  /// Different values; when they were too many to be exact, so many and more.
  package var distinct: Int { isExact ? entries.count : limit + 1 }

  package mutating func addAbsent() { absent += 1 }

  /// Counts the value that stands at `range` of `bytes`, in UTF-8.
  package mutating func add(_ bytes: [UInt8], _ range: Range<Int>) {
    var hasher = Hasher()
    bytes.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
    let hash = hasher.finalize()
    if let place = places[hash] {
      entries[place].count += 1
      return
    }
    if entries.count == limit { forget() }
    places[hash] = entries.count
    entries.append(
      Entry(
        hash: hash, text: Array(bytes[range.prefix(Self.keptBytes)]), isCut: range.count > Self.keptBytes,
        count: 1))
  }

  private mutating func forget() {
    let counts = entries.map(\.count).sorted()
    let median = counts[counts.count / 2]
    entries.removeAll { $0.count <= median }
    for index in entries.indices { entries[index].count -= median }
    missed += median
    places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.hash, $0) })
  }

  /// The values with the highest counts, highest first; of equal ones in the order of their bytes.
  package func top(_ count: Int) -> [Value] {
    entries.sorted { one, other in
      one.count != other.count ? one.count > other.count : one.text.lexicographicallyPrecedes(other.text)
    }
    .prefix(count).map { entry in
      Value(text: String(decoding: entry.text, as: UTF8.self), isCut: entry.isCut, count: entry.count)
    }
  }
}
