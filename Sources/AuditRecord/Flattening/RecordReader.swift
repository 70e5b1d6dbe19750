/// Reads the members of one record, each straight to its place in a batch of rows.
///
/// What is plain is copied while it is being read. What is not, is noted: `extras` and `hasDuplicates`, for
/// the caller to act on.
struct RecordReader: Sendable {
  enum EventAt: Sendable {
    case absent
    case unreadable
    case read(Timestamp)
  }

  /// A member that no column holds.
  struct Extra: Sendable {
    /// The name as received, between its quotes.
    var name: Range<Int>
    var value: Range<Int>
    var isInLocation: Bool
    /// Whether the schema knows the name, and the value is of an unexpected type.
    var isKnown: Bool
  }

  var scanner: JSONScanner
  /// Where the next byte of text goes in the batch.
  var end = 0

  private(set) var eventAt = EventAt.absent
  /// NaN is NULL.
  private(set) var latitude = Double.nan
  private(set) var longitude = Double.nan
  private(set) var extras: [Extra] = []
  /// Whether a known member came twice: what was read is then of no use.
  private(set) var hasDuplicates = false
  var counts = FlatteningCounts()

  private var recordNames = MemberNames.ofRecord()
  private var locationNames = MemberNames.ofLocation()
  private var seen: UInt64 = 0

  /// Levels of nesting inside a record and inside `actor_location`: the page's array is the first.
  private static let recordDepth = 2
  private static let locationDepth = 3

  init(limits: JSONLimits) {
    scanner = JSONScanner(limits: limits)
  }

  /// Reads the record whose opening brace is at the scanner's position. Its text goes to `text`, from `end`
  /// on, which has room for eight bytes more than the record; its cells, all NULL before, to `cells` from
  /// `firstCell` on.
  mutating func read(
    _ json: Span<UInt8>, _ text: inout MutableSpan<UInt8>, _ cells: inout MutableSpan<RowBatch.Cell>,
    _ firstCell: Int
  ) throws(PageError) {
    eventAt = .absent
    latitude = .nan
    longitude = .nan
    extras.removeAll(keepingCapacity: true)
    hasDuplicates = false
    counts = FlatteningCounts()
    seen = 0
    try readMembers(json, &text, &cells, firstCell, inLocation: false)
  }

  private mutating func readMembers(
    _ json: Span<UInt8>, _ text: inout MutableSpan<UInt8>, _ cells: inout MutableSpan<RowBatch.Cell>,
    _ firstCell: Int,
    inLocation: Bool
  ) throws(PageError) {
    try scanner.checkDepth(inLocation ? RecordReader.locationDepth : RecordReader.recordDepth)
    guard try scanner.open(until: UInt8(ascii: "}"), json) else { return }
    var index = inLocation ? locationNames.start : recordNames.start
    repeat {
      let nameStart = scanner.position + 1
      let member: MemberNames.Member?
      if inLocation {
        index = try locationNames.read(json, &scanner, after: index)
        member = locationNames.member(index)
      } else {
        index = try recordNames.read(json, &scanner, after: index)
        member = recordNames.member(index)
      }
      let name = nameStart..<scanner.position - 1
      try scanner.expectColon(json)
      if let member {
        let bit: UInt64 = 1 << UInt64(inLocation ? index + 32 : index)
        hasDuplicates = hasDuplicates || seen & bit != 0
        seen |= bit
        switch member {
        case .text(let column):
          if try scanner.peek(json) == UInt8(ascii: "\"") {
            cells[firstCell + column.rawValue] = try copyString(json, &text)
          } else {
            cells[firstCell + column.rawValue] = try copyOther(name, json, &text, inLocation: inLocation)
          }
        case .eventAt: try readEventAt(json)
        case .latitude: latitude = try readCoordinate(name, json)
        case .longitude: longitude = try readCoordinate(name, json)
        case .location:
          if try scanner.peek(json) == UInt8(ascii: "{") {
            try readMembers(json, &text, &cells, firstCell, inLocation: true)
          } else {
            try readMisplaced(name, json, inLocation: false, isKnown: true)
          }
        }
      } else {
        try readMisplaced(name, json, inLocation: inLocation, isKnown: false)
      }
    } while try scanner.continues(until: UInt8(ascii: "}"), json)
  }

  // MARK: Text

  /// Copies a string's characters; its opening quote is at the position.
  @inline(__always)
  private mutating func copyString(_ json: Span<UInt8>, _ text: inout MutableSpan<UInt8>) throws(PageError)
    -> RowBatch.Cell
  {
    let (from, to) = (scanner.position &+ 1, end)
    let last = json.count &- 8 &- from
    var length = 0
    while length <= last {
      let word = json.word(from &+ length)
      text.store(word: word, at: to &+ length)
      let stops = word.stringStops
      if stops == 0 {
        length &+= 8
        continue
      }
      length &+= stops.trailingZeroBitCount >> 3
      guard json[from &+ length] == UInt8(ascii: "\""), length <= scanner.limits.stringLength else { break }
      scanner.position = from &+ length &+ 1
      end = to &+ length
      return RowBatch.Cell(to..<end)
    }
    return try copyEscapedString(json, &text)
  }

  /// As `copyString`, for any string. NUL becomes U+FFFD.
  @inline(never)
  private mutating func copyEscapedString(
    _ json: Span<UInt8>, _ text: inout MutableSpan<UInt8>
  ) throws(PageError) -> RowBatch.Cell {
    let token = try scanner.readString(json)
    let behind = scanner.position
    let start = end
    scanner.position = token.range.lowerBound
    while scanner.position < token.range.upperBound {
      let plain = scanner.position
      scanner.skipPlainText(json)
      copy(json, plain..<scanner.position, &text)
      guard scanner.position < token.range.upperBound else { break }
      let escape = try scanner.readEscape(json)
      if escape.isLoneSurrogate { counts.loneSurrogates += 1 }
      if escape.scalar == "\0" { counts.nulReplaced += 1 }
      for byte in (escape.scalar == "\0" ? "\u{FFFD}" : escape.scalar).utf8 {
        text[end] = byte
        end += 1
      }
    }
    scanner.position = behind
    return RowBatch.Cell(start..<end)
  }

  /// Reads the value of a text column that is not a string: null, or a number or boolean, which is copied as
  /// it is written.
  @inline(never)
  private mutating func copyOther(
    _ name: Range<Int>, _ json: Span<UInt8>, _ text: inout MutableSpan<UInt8>, inLocation: Bool
  ) throws(PageError) -> RowBatch.Cell {
    let start = scanner.position
    switch try scanner.peek(json) {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      try readMisplaced(name, json, inLocation: inLocation, isKnown: true)
      return .null
    case UInt8(ascii: "n"):
      try scanner.skipScalar(json)
      return .null
    default:
      try scanner.skipScalar(json)
      let offset = end
      copy(json, start..<scanner.position, &text)
      return RowBatch.Cell(offset..<end)
    }
  }

  private mutating func copy(_ json: Span<UInt8>, _ range: Range<Int>, _ text: inout MutableSpan<UInt8>) {
    for position in range {
      text[end] = json[position]
      end += 1
    }
  }

  // MARK: Times, coordinates, everything else

  private mutating func readEventAt(_ json: Span<UInt8>) throws(PageError) {
    switch try scanner.peek(json) {
    case UInt8(ascii: "\""):
      let token = try scanner.readString(json)
      let reading =
        token.hasEscapes
        ? Timestamp.read(rfc3339: try decode(token, json))
        : Timestamp.read(rfc3339: json.extracting(token.range))
      guard let reading else {
        eventAt = .unreadable
        return
      }
      eventAt = .read(reading.time)
      if reading.truncated { counts.truncatedTimes += 1 }
    case UInt8(ascii: "n"):
      try scanner.skipScalar(json)
    default:
      try scanner.skipValue(json, depth: RecordReader.recordDepth)
      eventAt = .unreadable
    }
  }

  /// Reads a number, or a string that is written as one. Null is NaN; so is anything else, which is noted in
  /// `extras`.
  private mutating func readCoordinate(_ name: Range<Int>, _ json: Span<UInt8>) throws(PageError) -> Double {
    let start = scanner.position
    let value: Double?
    switch try scanner.peek(json) {
    case UInt8(ascii: "\""):
      let token = try scanner.readString(json)
      value =
        token.hasEscapes
        ? JSONNumber.double(of: try decode(token, json))
        : JSONNumber.double(in: json, token.range)
    case UInt8(ascii: "n"):
      try scanner.skipScalar(json)
      return .nan
    default:
      try scanner.skipValue(json, depth: RecordReader.locationDepth)
      value = JSONNumber.double(in: json, start..<scanner.position)
    }
    if let value { return value }
    note(Extra(name: name, value: start..<scanner.position, isInLocation: true, isKnown: true))
    return .nan
  }

  /// The characters of a time or a number that somebody wrote with escapes.
  @inline(never)
  private func decode(_ token: JSONScanner.StringToken, _ json: Span<UInt8>) throws(PageError) -> [UInt8] {
    var ignored = 0
    return try scanner.decode(token, json, loneSurrogates: &ignored)
  }

  /// Passes over a value that no column holds, and notes it, unless it is the null of a known member.
  @inline(never)
  private mutating func readMisplaced(
    _ name: Range<Int>, _ json: Span<UInt8>, inLocation: Bool, isKnown: Bool
  ) throws(PageError) {
    let start = scanner.position
    let isNull = try scanner.peek(json) == UInt8(ascii: "n")
    try scanner.skipValue(json, depth: inLocation ? RecordReader.locationDepth : RecordReader.recordDepth)
    if isKnown, isNull { return }
    note(Extra(name: name, value: start..<scanner.position, isInLocation: inLocation, isKnown: isKnown))
  }

  private mutating func note(_ extra: Extra) {
    extras.append(extra)
    if extra.isKnown { counts.unexpectedTypes += 1 }
  }
}
