import AuditRecord

/// Finds events that are on two days of a log, because the API corrected their time between two exports.
///
/// Memory is constant: it holds 64 bits for a uuid, and at most `limit` of them. If there are more, it searches slice by slice, with
/// one pass over all days for each. If two are equal, a last pass compares the uuids themselves. If all are different and fit into
/// one slice, one pass is enough.
///
/// Each pass adds every day once, in one of its formats: the days in any order, the rows of a day in the order of its parts.
struct CrossDaySearch {
  /// The place of a row.
  struct Place: Hashable {
    var day: Day
    /// The path of the part.
    var path: String
    /// The commit that made the day's revision.
    var commit: Int
  }

  /// The identities with certain lowest bits.
  private struct Slice {
    var bits = 0
    var value: UInt64 = 0

    func contains(_ identity: UInt64) -> Bool { identity & ((1 << UInt64(bits)) - 1) == value }

    /// Keeps one half and returns the other.
    mutating func split() -> Slice {
      bits += 1
      return Slice(bits: bits, value: value | 1 << UInt64(bits - 1))
    }
  }

  /// The most suspects of the last pass. If there are more, the others are found once these are repaired.
  private static let suspectLimit = 1 << 16

  private let limit: Int
  private var slice = Slice()
  private var waiting: [Slice] = []
  private var seen: [UInt64] = []
  /// Identities seen twice, also on one day.
  private var suspects: Set<UInt64> = []
  /// The places of the suspects, by uuid, in the order of the days.
  private var places: [[UInt8]: [Place]] = [:]
  private var stage = Stage.searching

  private enum Stage { case searching, confirming, done }

  /// - Parameter expected: the approximate number of rows, to reserve memory.
  init(limit: Int, expected: Int = 0) {
    // Two different identities can always be split.
    self.limit = max(2, limit)
    seen.reserveCapacity(min(self.limit, max(0, expected)))
  }

  /// - Parameter identities: those of the rows of the batch.
  mutating func add(_ batch: RowBatch, _ identities: [UInt64], at place: Place) {
    switch stage {
    case .done: break
    case .searching: for identity in identities { search(identity) }
    case .confirming:
      for (row, identity) in identities.enumerated() where suspects.contains(identity) {
        note(place, in: &places[Array(batch.bytes[batch.cell(.uuid, row).range]), default: []])
      }
    }
  }

  private func note(_ place: Place, in places: inout [Place]) {
    // A linear search: days that are read at the same time are near each other.
    var index = places.endIndex
    while index > 0, places[index - 1].day > place.day { index -= 1 }
    // `DuplicateSearch` reports a uuid that is twice on one day.
    if index == 0 || places[index - 1].day != place.day { places.insert(place, at: index) }
  }

  private mutating func search(_ identity: UInt64) {
    guard slice.contains(identity) else { return }
    if seen.count == limit {
      makeRoom()
      guard slice.contains(identity) else { return }
    }
    seen.append(identity)
  }

  /// Frees at least half of the limit.
  private mutating func makeRoom() {
    noteEqual()
    while seen.count > limit / 2 {
      waiting.append(slice.split())
      seen.removeAll { [slice] in !slice.contains($0) }
    }
  }

  /// Sorts the seen identities, notes those that occur twice, and keeps each once.
  private mutating func noteEqual() {
    seen.sort()
    var kept = 0
    for index in seen.indices {
      if kept > 0, seen[kept - 1] == seen[index] {
        if suspects.count < CrossDaySearch.suspectLimit { suspects.insert(seen[index]) }
      } else {
        seen[kept] = seen[index]
        kept += 1
      }
    }
    seen.removeLast(seen.count - kept)
  }

  /// Ends a pass over all days. Returns whether another one is needed.
  mutating func nextPass() -> Bool {
    switch stage {
    case .done, .confirming:
      stage = .done
      return false
    case .searching:
      noteEqual()
      seen.removeAll(keepingCapacity: true)
      if let next = waiting.popLast() {
        slice = next
        return true
      }
      seen = []
      stage = suspects.isEmpty ? .done : .confirming
      return stage == .confirming
    }
  }

  /// One finding for each pair of days, at the later day.
  var findings: [Finding] {
    struct Pair: Hashable {
      var first: Day
      var second: Day
    }
    var found: [Pair: (rows: Int, uuid: [UInt8], place: Place)] = [:]
    for (uuid, places) in places {
      guard let first = places.first else { continue }
      for place in places.dropFirst() {
        let pair = Pair(first: first.day, second: place.day)
        let before = found[pair]
        let isFirst = before.map { uuid.lexicographicallyPrecedes($0.uuid) } ?? true
        found[pair] = (
          (before?.rows ?? 0) + 1, isFirst ? uuid : before?.uuid ?? uuid,
          isFirst ? place : before?.place ?? place
        )
      }
    }
    return found.sorted { ($0.key.second, $0.key.first) < ($1.key.second, $1.key.first) }.map { pair, moved in
      Finding(
        .duplicate(rows: moved.rows, uuid: String(decoding: moved.uuid, as: UTF8.self), otherDay: pair.first),
        at: moved.place.path, day: pair.second, commit: moved.place.commit)
    }
  }
}

/// Finds rows of a day with the same `uuid`, in constant memory.
///
/// Holds 64 bits for a uuid. If there are more than the limit, it searches slice by slice, with one pass over the day for each. If two
/// are equal, a last pass compares the uuids themselves.
struct DuplicateSearch {
  /// The most suspects of the last pass; more need no proof.
  private static let suspectLimit = 64

  private let limit: Int
  private var slices: UInt64 = 1
  private var slice: UInt64 = 0
  private var seen: Set<UInt64> = []
  private var rows = 0
  private var isFull = false
  /// Identities seen twice.
  private var suspects: Set<UInt64> = []
  private var uuids: [UInt64: Set<[UInt8]>] = [:]
  private var confirmed: (rows: Int, uuid: String)?
  private var stage = Stage.searching

  private enum Stage { case searching, confirming, done }

  init(limit: Int) { self.limit = max(1, limit) }

  /// - Parameter identities: those of the rows of the batch.
  mutating func add(_ batch: RowBatch, _ identities: [UInt64]) {
    for (row, identity) in identities.enumerated() {
      if stage == .confirming {
        confirm(identity, batch, row)
        continue
      }
      rows += 1
      guard identity % slices == slice, !isFull else { continue }
      guard seen.count < limit || seen.contains(identity) else {
        isFull = true
        continue
      }
      if !seen.insert(identity).inserted, suspects.count < DuplicateSearch.suspectLimit {
        suspects.insert(identity)
      }
    }
  }

  private mutating func confirm(_ identity: UInt64, _ batch: RowBatch, _ row: Int) {
    guard suspects.contains(identity) else { return }
    let uuid = Array(batch.bytes[batch.cell(.uuid, row).range])
    if !uuids[identity, default: []].insert(uuid).inserted {
      confirmed = ((confirmed?.rows ?? 0) + 1, confirmed?.uuid ?? String(decoding: uuid, as: UTF8.self))
    }
  }

  /// Ends a pass over the day. Returns whether another one is needed.
  mutating func nextPass() -> Bool {
    switch stage {
    case .done, .confirming:
      stage = .done
      return false
    case .searching:
      seen.removeAll(keepingCapacity: true)
      if isFull {
        // Too many: start again with slices that fit, if identities are evenly distributed.
        slices = max(slices + 1, UInt64(rows / limit + 1) * 5 / 4)
        slice = 0
        isFull = false
      } else {
        slice += 1
      }
      rows = 0
      if slice < slices { return true }
      stage = suspects.isEmpty ? .done : .confirming
      return stage == .confirming
    }
  }

  var problem: Finding.Problem? { confirmed.map { .duplicate(rows: $0.rows, uuid: $0.uuid) } }
}

extension RowBatch {
  /// The identities of the rows, by which duplicates are searched.
  var identities: [UInt64] { (0..<count).map { identity($0).value } }
}
