package import AuditRecord

/// Counts the rows of an archive, batch by batch, in bounded memory. Days are counted apart and then added in order, so the counts of a
/// day that turns out to be damaged are dropped, and several days can be counted at a time.
package struct EventTally: Sendable {
  /// Only events in this window are counted.
  private let window: Window
  /// The number of counted events.
  package private(set) var rows = 0
  /// The number of counted events per day. A day that was added without any has 0.
  package private(set) var perDay: [Day: Int] = [:]
  /// Counts by weekday (Monday first) and hour, UTC. The index is `weekday * 24 + hour`.
  package private(set) var hours = [Int](repeating: 0, count: 7 * 24)
  /// Values of `event`.
  package private(set) var events: TopValues
  /// Values of `actor`.
  package private(set) var actors: TopValues
  /// Names of countries, or their codes where there is no name.
  package private(set) var countries: TopValues

  /// - Parameters:
  ///   - window: only events in it are counted.
  ///   - limit: the most distinct values per column that are counted exactly.
  package init(window: Window, limit: Int = 1 << 15) {
    self.window = window
    events = TopValues(limit: limit)
    actors = TopValues(limit: limit)
    countries = TopValues(limit: limit)
  }

  /// Adds rows of one day.
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

  /// Adds the counts of a later day. The sum depends only on the counts and their order.
  package mutating func add(_ later: EventTally) {
    rows += later.rows
    perDay.merge(later.perDay, uniquingKeysWith: +)
    for index in hours.indices { hours[index] += later.hours[index] }
    events.add(later.events)
    actors.add(later.actors)
    countries.add(later.countries)
  }

  private static func count(_ batch: RowBatch, _ row: Int, _ column: TextColumn, in values: inout TopValues) {
    let cell = batch.cell(column, row)
    if cell.isNull { values.addAbsent() } else { values.add(batch.bytes, cell.range) }
  }
}

/// Counts the values of a column, in bounded memory.
///
/// The counts are exact up to `limit` distinct values. When there is one more, the median count is subtracted from every count, and
/// values that reach zero are dropped, which removes at least half of them. The method is that of Misra and Gries, and of Metwally,
/// Agrawal and El Abbadi, in the form of Anderson and others, "A High-Performance Algorithm for Identifying Frequent Items in Data
/// Streams", 2017. From then on, each count is a lower bound that is at most `missed` too low. A value that is absent has at most
/// `missed` occurrences.
package struct TopValues: Sendable {
  /// A value and its count.
  package struct Value: Hashable, Sendable {
    /// The beginning of the value. `isCut` says whether it is longer.
    package let text: String
    /// Whether `text` is only the beginning of the value.
    package let isCut: Bool
    /// How often the value occurred; a lower bound if the counts are not exact.
    package let count: Int
  }

  private struct Entry {
    var hash: Int
    var text: [UInt8]
    var isCut: Bool
    var count: Int
  }

  /// The most distinct values that are counted at once.
  private let limit: Int
  /// The most bytes of a value that are kept. The whole value is hashed.
  private static let keptBytes = 512

  private var entries: [Entry] = []
  /// Indexes of `entries` by the hash of the whole value. `Hasher` has a random seed per process, so nobody can choose values that
  /// collide. For some thousand values, the chance of a collision is about 1 in 10^10.
  private var places: [Int: Int] = [:]
  /// The number of NULLs.
  package private(set) var absent = 0
  /// The most occurrences that a count may lack. 0 if the counts are exact.
  package private(set) var missed = 0

  /// - Parameter limit: the most distinct values that are counted exactly, at least 2.
  package init(limit: Int = 1 << 15) {
    self.limit = max(2, limit)
  }

  /// Whether every count is exact.
  package var isExact: Bool { missed == 0 }
  /// The number of distinct values. If the counts are not exact, a lower bound.
  package var distinct: Int { isExact ? entries.count : limit + 1 }

  /// Counts a NULL.
  package mutating func addAbsent() { absent += 1 }

  /// Counts the value in `range` of `bytes`, which is UTF-8.
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

  /// Adds the counts of other rows. Their errors (`missed`) add up. If the sum has more distinct values than `limit`,
  /// subtracts as above (Agarwal and others, "Mergeable Summaries", 2012).
  package mutating func add(_ other: TopValues) {
    absent += other.absent
    missed += other.missed
    for entry in other.entries {
      if let place = places[entry.hash] {
        entries[place].count += entry.count
      } else {
        places[entry.hash] = entries.count
        entries.append(entry)
      }
    }
    while entries.count > limit { forget() }
  }

  private mutating func forget() {
    let counts = entries.map(\.count).sorted()
    let median = counts[counts.count / 2]
    entries.removeAll { $0.count <= median }
    for index in entries.indices { entries[index].count -= median }
    missed += median
    places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.hash, $0) })
  }

  /// The values with the highest counts, highest first. Equal counts are in the order of their bytes.
  package func top(_ count: Int) -> [Value] {
    entries.sorted { one, other in
      one.count != other.count ? one.count > other.count : one.text.lexicographicallyPrecedes(other.text)
    }
    .prefix(count).map { entry in
      Value(text: String(decoding: entry.text, as: UTF8.self), isCut: entry.isCut, count: entry.count)
    }
  }
}
