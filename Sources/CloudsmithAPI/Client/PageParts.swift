import AuditRecord
internal import HTTP

/// Reads a page whose answer exceeds the limit in smaller parts, and puts it together again.
///
/// A page consists of whole pages of any size that divides its own: 500, 250, 125, 25, 5, 1. A part that is too large is read
/// in smaller parts, down to one record. A record that is too large by itself goes to quarantine as a stand-in.
///
/// The list may grow between two parts. Each answer counts the list, and growth pushes the records received before down by as
/// many places; the new records are read too. So the page becomes what one answer would have shown at the newest count. If
/// answers contradict that (a record at two places, a place that stays empty, a smaller count), the page is read again, up to
/// `passLimit` times. Then it is returned without its empty places, and the walk's counts find what is missing.
///
/// If no answer counts the list and one record after another is too large, the records are not the cause, and the page is
/// given up.
///
/// No I/O: an answer goes in (`receive`), and `next` says what to do.
struct PageParts {
  enum Step: Hashable {
    /// `recordLength` is the memory left for the page, in bytes: the limit of one record.
    case read(page: Int, size: Int, recordLength: Int)
    /// The page is as complete as it can be.
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
    /// The size of the largest part that is not known to be too large.
    var size: Int
  }

  private(set) var next = Step.finished

  private let number: Int
  private let requestedSize: Int
  private let size: Int
  /// The first place of the page, from 0.
  private let first: Int
  private var places: [Place]
  /// The place of each record in `places`, before all shifts.
  private var known: [IdentityHash: Int] = [:]
  /// The places by which the list has grown in all.
  private var shifted = 0
  /// The places by which the list grew at the last answer.
  private var growth = 0
  /// The end of the list, as an answer without a count showed it.
  private var end = Int.max
  private var count: Int?
  private var isSizeTold = false
  private var rows: [RowBatch] = []
  private var counts = FlatteningCounts()
  /// Bytes of the records received.
  private var held = 0
  /// Records in a row that were too large.
  private var fruitless = 0
  /// Answers in a row that filled no place, although the list had not grown.
  private var idle = 0
  private var passes = 1
  private var readings = 0

  /// The most times that a page is read if its answers contradict each other.
  static let passLimit = 6
  /// The most answers in a row that fill no place. A copy of the list that lags behind shows known records.
  static let idleLimit = 3
  /// The bytes of records that a page may hold. Once they are used up, records beyond `leastRecordLength` go to quarantine.
  static let memory = 256 << 20
  /// In bytes. A smaller record is always kept.
  static let leastRecordLength = 64 << 10
  /// The most records in a row that are too large, if no answer counts the list.
  static let fruitlessLimit = 4

  /// - Parameter answer: the answer to the whole page, which exceeds the limit.
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
      // Read it again, to measure it.
      step()
    }
  }

  // MARK: - Answers

  /// Takes the part that `next` asked for.
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

  /// Takes an answer to the part that exceeds the limit.
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

  /// Takes a 404 for the part.
  mutating func receivePastTheEnd() {
    guard case .read(let page, let size, _) = next else { return }
    end = min(end, (page - 1) * size)
    goOn(isNew: true, nil)
  }

  /// The size of the parts of a part: the largest proper divisor.
  static func part(of size: Int) -> Int {
    let factor = (2...max(2, size)).first { size % $0 == 0 } ?? size
    return size / factor
  }

  // MARK: - The page

  /// The page put together. Valid once `next` is `.finished`.
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

  /// The number of places of the page that the list has.
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

  /// Whether an answer has the requested page size.
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

  /// Moves the records received by the growth of the list.
  ///
  /// - Returns: by how much the answer's count is smaller than an earlier one.
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
    // New records are probably as large as the others of the page.
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

  /// Whether the part of this size around a place holds a record that is too large by itself.
  private func isTooLarge(_ index: Int, _ size: Int) -> Bool {
    let start = (first + index) / size * size - first
    return places[start..<start + size].contains { place in
      guard case .quarantined(let record) = place.content else { return false }
      return record.reason == .answerTooLarge
    }
  }

  /// Asks for the first empty place from the top, but for new records only at the end: each answer may push in more.
  private mutating func step() {
    let wanted = places[..<due]
    let front = wanted.prefix { $0.content == nil }.count
    let behind = wanted[front...].firstIndex { $0.content == nil }
    // Several times the readings that the smallest parts need.
    guard readings < 8 * size + 64, behind != nil || front > 0 else {
      finish()
      return
    }
    var index = behind ?? 0
    var part = places[index].size
    while part > 1, isTooLarge(index, part) { part = PageParts.part(of: part) }
    // If the list keeps growing this fast, a small part would show only known records above the place.
    if behind != nil, growth >= part { index = index + growth < due ? index + growth : 0 }
    let left = max(PageParts.leastRecordLength, PageParts.memory - held)
    next = .read(page: (first + index) / part + 1, size: part, recordLength: left)
  }
}
