import AuditRecord

/// Reads a page whose answer is larger than the limit in smaller parts, and puts it together again.
///
/// A page of `size` places is so many whole pages of a size that divides it: 500, 250, 125, 25, 5, 1. A part that is too large itself
/// is read in smaller ones, down to one record; of a record that is too large by itself a stand-in goes to quarantine.
///
/// The list shifts between two parts. Each answer says how many records the list has: what it grew by pushed what was received before
/// down by as many places, and what was pushed in is read. So the page is in the end as one answer would have shown it at the newest
/// count. Where answers contradict that (a record at two places, a place that nothing fills, a count that falls), the page is read anew,
/// `passLimit` times; then it is given as it came, without the places that nothing fills: the walk's own counts find what is missing.
///
/// Where no answer says how long the list is and one record after the other is too large, or all of a page, it is not the records: then
/// the page is given up.
///
/// No input or output: an answer goes in (`receive`), `next` says what to do.
struct PageParts {
  enum Step: Hashable {
    /// The record limit is what is left of the memory for the page.
    case read(page: Int, size: Int, recordLength: Int)
    /// The page is as whole as it gets.
    case finished
    /// The parts do not fit together, or all are too large.
    case failed
  }

  private struct Place {
    enum Content {
      case row(part: Int, row: Int)
      case quarantined(QuarantinedRecord)
    }

    var content: Content?
    var identity = IdentityHash(value: 0)
    /// Of the largest part that is not known to be too large.
    var size: Int
  }

  private(set) var next = Step.finished

  private let number: Int
  private let requestedSize: Int
  private let size: Int
  /// The first place of the page, from 0.
  private let first: Int
  private var places: [Place]
  /// Where each record stands: its place in `places` before all shifts.
  private var known: [IdentityHash: Int] = [:]
  private var shifted = 0
  /// By what the list had grown at the last answer.
  private var growth = 0
  /// Places that the list has, as an answer without a count showed.
  private var end = Int.max
  private var count: Int?
  private var isSizeTold = false
  private var rows: [RowBatch] = []
  private var counts = FlatteningCounts()
  private var held = 0
  /// Records in a row that were too large.
  private var fruitless = 0
  /// Answers in a row that filled no place, though the list had not grown.
  private var idle = 0
  private var passes = 1
  private var readings = 0

  /// How often a page is read that its answers contradict.
  static let passLimit = 6
  /// How many answers in a row may fill no place: one of a copy that lags behind shows what is there already.
  static let idleLimit = 3
  /// Bytes of records that a page is put together of. When they are used up, records beyond `leastRecordLength` go to quarantine.
  static let memory = 256 << 20
  static let leastRecordLength = 64 << 10
  /// How many records in a row may be too large where nothing says how long the list is.
  static let fruitlessLimit = 4

  /// - Parameter answer: of the whole page, which is too large.
  init(page: Int, size requested: Int, _ answer: OversizedAnswer) {
    number = page
    requestedSize = requested
    size = min(requested, answer.pagination.pageSize ?? requested)
    first = (page - 1) * size
    places = Array(repeating: Place(size: size), count: size)
    if size > 1 {
      receiveTooLarge(answer, page: page, size: size)
    } else {
      _ = follow(answer.pagination.count)
      // Once more, to be measured.
      step()
    }
  }

  // MARK: - Answers

  mutating func receive(_ part: Page) {
    guard case .read(let page, let size, _) = next else { return }
    guard fits(part.pagination, size) else { return }
    let before = shifted
    let lag = follow(part.pagination.count)
    if part.parsed.recordCount > 0 { fruitless = 0 }
    if part.pagination.count == nil, part.parsed.recordCount < size {
      end = min(end, (page - 1) * size + part.parsed.recordCount)
    }
    let start = (page - 1) * size - first + lag
    let found = contents(of: part.parsed)
    let isContradiction = found.enumerated().contains { contradicts($1.identity, at: start + $0) }
    if isContradiction, passes < PageParts.passLimit { return readAnew(part.pagination.count) }
    var isNew = shifted > before
    var isUsed = false
    for (offset, record) in found.enumerated() where places.indices.contains(start + offset) {
      guard places[start + offset].content == nil else { continue }
      put(record, at: start + offset)
      isUsed = true
    }
    isNew = isNew || isUsed
    if isUsed {
      rows.append(part.parsed.rows)
      counts.add(part.parsed.counts)
      held += part.parsed.rows.bytes.count + part.parsed.quarantined.reduce(0) { $0 + $1.json.count }
    }
    goOn(isNew: isNew, part.pagination.count)
  }

  /// Takes note that the answer to a part, or to the page, is too large.
  mutating func receiveTooLarge(_ answer: OversizedAnswer) {
    guard case .read(let page, let size, _) = next, fits(answer.pagination, size) else { return }
    receiveTooLarge(answer, page: page, size: size)
  }

  private mutating func receiveTooLarge(_ answer: OversizedAnswer, page: Int, size: Int) {
    if answer.pagination.pageSize != nil { isSizeTold = true }
    let before = shifted
    let lag = follow(answer.pagination.count)
    let start = (page - 1) * size - first + lag
    if size == 1 { fruitless += 1 }
    guard count != nil || fruitless <= PageParts.fruitlessLimit else {
      next = .failed
      return
    }
    var isNew = shifted > before
    for index in start..<start + size where places.indices.contains(index) && places[index].content == nil {
      isNew = true
      if size == 1 {
        let place = first + index
        let record = QuarantinedRecord(
          answerBeginning: answer.start, answer.measured, place: place + 1,
          fromEnd: count.map { $0 - place - 1 })
        put((.quarantined(record), record.identityHash), at: index)
        held += record.json.count
      } else {
        places[index].size = min(places[index].size, PageParts.part(of: size))
      }
    }
    goOn(isNew: isNew, answer.pagination.count)
  }

  mutating func receivePastTheEnd() {
    guard case .read(let page, let size, _) = next else { return }
    end = min(end, (page - 1) * size)
    goOn(isNew: true, nil)
  }

  /// The size of the parts that a part is read in: the largest of which it is so many.
  static func part(of size: Int) -> Int {
    let factor = (2...max(2, size)).first { size % $0 == 0 } ?? size
    return size / factor
  }

  // MARK: - The page

  /// What the parts came to; a page past the end of the list has none.
  mutating func outcome() -> PageOutcome {
    let due = self.due
    guard due > 0 || number == 1 else { return .pastTheEnd }
    var parsed = ParsedPage()
    parsed.counts = counts
    parsed.rows.reserveRows(due)
    parsed.rows.bytes.reserveCapacity(held)
    var left = Array(repeating: 0, count: rows.count)
    for case .row(let part, _) in places[..<due].lazy.compactMap(\.content) { left[part] += 1 }
    var place = 0
    for index in 0..<due {
      switch places[index].content {
      case .row(let part, let row):
        parsed.rows.append(row, of: rows[part])
        left[part] -= 1
        if left[part] == 0 { rows[part] = RowBatch() }
      case .quarantined(var record):
        if record.place != nil { record.place = first + index + 1 }
        parsed.quarantined.append(record)
        parsed.quarantinedPlaces.append(place)
      case nil: continue
      }
      place += 1
    }
    let pagination = Pagination(
      count: count, page: count.map { _ in number }, pageTotal: count.map { max(1, ($0 + size - 1) / size) },
      pageSize: isSizeTold ? size : nil)
    return .page(
      Page(number: number, requestedSize: requestedSize, parsed: parsed, pagination: pagination))
  }

  /// How many places of the page the list has.
  private var due: Int { max(0, min(size, (count ?? .max) - first, end - first)) }

  // MARK: - Places

  private typealias Found = (content: Place.Content, identity: IdentityHash)

  /// The records of a part in their order.
  private func contents(of parsed: ParsedPage) -> [Found] {
    var found: [Found] = []
    var (row, quarantined) = (0, 0)
    for place in 0..<parsed.recordCount {
      if quarantined < parsed.quarantined.count, parsed.quarantinedPlaces[quarantined] == place {
        let record = parsed.quarantined[quarantined]
        found.append((.quarantined(record), record.identityHash))
        quarantined += 1
      } else {
        found.append((.row(part: rows.count, row: row), parsed.rows.identity(row)))
        row += 1
      }
    }
    return found
  }

  private mutating func put(_ record: Found, at index: Int) {
    places[index].content = record.content
    places[index].identity = record.identity
    known[record.identity] = index - shifted
  }

  /// Whether a record is known at another place, or another record at this one.
  private func contradicts(_ identity: IdentityHash, at index: Int) -> Bool {
    if let place = known[identity], place + shifted != index { return true }
    guard places.indices.contains(index), places[index].content != nil else { return false }
    return places[index].identity != identity
  }

  /// Whether an answer is of a page of the size that was asked for.
  private mutating func fits(_ pagination: Pagination, _ size: Int) -> Bool {
    if let told = pagination.pageSize {
      isSizeTold = true
      guard told == size else {
        next = .failed
        return false
      }
    }
    return true
  }

  /// Moves what was received by what the list has grown; returns by how much less the answer counts than an earlier one.
  private mutating func follow(_ now: Int?) -> Int {
    growth = 0
    guard let now else { return 0 }
    guard let before = count else {
      count = now
      return 0
    }
    guard now > before else { return before - now }
    growth = min(now - before, size)
    count = now
    shifted += growth
    // What other records of the page come to is a good guess.
    let fresh = Place(size: places.lazy.map(\.size).max() ?? size)
    places = Array(repeating: fresh, count: growth) + places.dropLast(growth)
    known = known.filter { $0.value + shifted < size }
    return 0
  }

  private mutating func readAnew(_ now: Int?) {
    passes += 1
    count = now ?? count
    end = .max
    (known, rows, counts, held, shifted) = ([:], [], FlatteningCounts(), 0, 0)
    for index in places.indices { places[index].content = nil }
    step()
  }

  private mutating func goOn(isNew: Bool, _ now: Int?) {
    readings += 1
    idle = isNew ? 0 : idle + 1
    guard idle > PageParts.idleLimit, due > 0 else { return step() }
    idle = 0
    if passes < PageParts.passLimit { return readAnew(now) }
    finish()
  }

  private mutating func finish() {
    let isFruitless = due > 0 && count == nil && rows.isEmpty
    next = isFruitless ? .failed : .finished
  }

  /// Whether the part of this size in which a place lies holds a record that is too large by itself.
  private func isTooLarge(_ index: Int, _ size: Int) -> Bool {
    let start = (first + index) / size * size - first
    return places[start..<start + size].contains { place in
      guard case .quarantined(let record) = place.content else { return false }
      return record.reason == .answerTooLarge
    }
  }

  /// Reads downwards, and what the list has grown by at last: each answer shows it anew.
  private mutating func step() {
    let wanted = places[..<due]
    let front = wanted.prefix { $0.content == nil }.count
    let behind = wanted[front...].firstIndex { $0.content == nil }
    // What a page that is read once in the smallest parts needs, some times over.
    guard readings < 8 * size + 64, behind != nil || front > 0 else {
      finish()
      return
    }
    var index = behind ?? 0
    var part = places[index].size
    while part > 1, isTooLarge(index, part) { part = PageParts.part(of: part) }
    // Where the list grows on like that, a small part shows what stands above, which is known.
    if behind != nil, growth >= part { index = index + growth < due ? index + growth : 0 }
    let left = max(PageParts.leastRecordLength, PageParts.memory - held)
    next = .read(page: (first + index) / part + 1, size: part, recordLength: left)
  }
}
