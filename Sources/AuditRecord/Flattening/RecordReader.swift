/// Reads the members of one record straight into a batch of rows.
///
/// It copies plain values while reading. It records the rest in `extras` and `hasDuplicates` for the caller to handle.
struct RecordReader: Sendable {
  enum EventAt: Sendable {
    case unreadable(QuarantinedRecord.Reason)
    case read(Timestamp)
  }

  /// A member that no column holds.
  struct Extra: Sendable {
    /// The range of the name between its quotes, as received.
    var name: Range<Int>
    var value: Range<Int>
    var isInLocation: Bool
    /// Whether the schema knows the name, and the value has an unexpected type.
    var isKnown: Bool
  }

  var scanner: JSONScanner
  /// Where the next byte of text goes in the batch.
  var end = 0

  private(set) var eventAt = EventAt.unreadable(.noEventAt)
  /// The coordinates; NaN is NULL.
  private(set) var latitude = Double.nan
  private(set) var longitude = Double.nan
  private(set) var extras: [Extra] = []
  /// Whether a known member occurred twice. If so, discard what was read.
  private(set) var hasDuplicates = false
  var counts = FlatteningCounts()

  private var names = MemberNames()
  /// One bit for each known name that occurred.
  private var seen: UInt64 = 0

  /// The depth of nesting inside a record and inside `actor_location`. The page's array is the first level.
  private static let recordDepth = 2
  private static let locationDepth = 3

  init(limits: JSONLimits) {
    scanner = JSONScanner(limits: limits)
  }

  /// Read the record whose opening brace is at the scanner's position. Its text goes to `text` from `end` on, which has room
  /// for eight bytes more than the record. Its cells go to `cells` from `firstCell` on, which are all NULL before.
  mutating func read(
    _ json: Span<UInt8>, _ text: inout MutableSpan<UInt8>, _ cells: inout MutableSpan<RowBatch.Cell>,
    _ firstCell: Int
  ) throws(PageError) {
    eventAt = .unreadable(.noEventAt)
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
    var number = names.start(inLocation: inLocation)
    repeat {
      if copyExpected(json, &text, &cells, firstCell, after: &number) { continue }
      let nameStart = scanner.position + 1
      number = try names.read(json, &scanner, after: number)
      let name = nameStart..<scanner.position - 1
      try scanner.expectColon(json)
      if let member = names[number].member {
        note(number)
        switch member {
        case .text(let column):
          cells[firstCell + column.rawValue] =
            try scanner.peek(json) == UInt8(ascii: "\"")
            ? try copyString(json, &text) : try copyOther(name, json, &text, inLocation: inLocation)
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

  /// Copy members of the common form: the predicted name, a text column, a string without escapes, without white space around
  /// it. `number` is the previous name, then the last copied one.
  ///
  /// - Returns: whether the scanner is after a value; if not, it is before the name of a member of another form.
  @inline(__always)
  private mutating func copyExpected(
    _ json: Span<UInt8>, _ text: inout MutableSpan<UInt8>, _ cells: inout MutableSpan<RowBatch.Cell>,
    _ firstCell: Int, after number: inout Int
  ) -> Bool {
    var (position, to) = (scanner.position, end)
    defer { (scanner.position, end) = (position, to) }
    // No value is longer than its JSON, so all writes below stay inside the text, and all reads up to `last` inside the JSON.
    let last = json.count &- 8
    guard position >= 0, to >= 0, json.count &- position <= text.count &- to else { return false }
    var expected = names[number].next
    while position <= json.count &- MemberNames.Words.length {
      let name = names[expected]
      guard case .text(let column) = name.member, name.opens(json, at: position) else { return false }
      let start = position &+ name.openingLength
      var length = 0
      var stops: UInt64 = 0
      while stops == 0 {
        guard start &+ length <= last else { return false }
        let word = json.uncheckedWord(start &+ length)
        text.store(uncheckedWord: word, at: to &+ length)
        stops = word.stringStops
        length &+= 8
      }
      length &-= 8 &- stops.trailingZeroBitCount &>> 3
      guard json[start &+ length] == UInt8(ascii: "\""), length <= scanner.limits.stringLength else {
        return false
      }
      note(expected)
      cells[firstCell &+ column.rawValue] = RowBatch.Cell(to..<to &+ length)
      to &+= length
      number = expected
      expected = name.next
      position = start &+ length &+ 1
      guard position <= json.count &- 2, json[position] == UInt8(ascii: ","),
        json[position &+ 1] == UInt8(ascii: "\"")
      else { return true }
      position &+= 1
    }
    return false
  }

  /// Record that a known name occurred.
  @inline(__always)
  private mutating func note(_ number: Int) {
    let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: number)
    hasDuplicates = hasDuplicates || seen & bit != 0
    seen |= bit
  }

  /// Copy a string's characters; its opening quote is at the position. NUL becomes U+FFFD.
  @inline(never)
  private mutating func copyString(
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

  /// Read the value of a text column that is not a string: null, or a number or boolean, which is copied as written.
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
      let behind = scanner.position + 1 + Timestamp.printedLength
      if behind < json.count, json[behind] == UInt8(ascii: "\""),
        let time = Timestamp.read(printed: json.extracting(scanner.position + 1..<behind))
      {
        eventAt = .read(time)
        scanner.position = behind + 1
        return
      }
      let token = try scanner.readString(json)
      if token.hasEscapes {
        let text = try decode(token, json)
        readEventAt(text: text.span)
      } else {
        readEventAt(text: json.extracting(token.range))
      }
    case UInt8(ascii: "n"):
      try scanner.skipScalar(json)
    default:
      try scanner.skipValue(json, depth: RecordReader.recordDepth)
      eventAt = .unreadable(.eventAtIsNoText)
    }
  }

  /// Read a time that is not in the usual form.
  @inline(never)
  private mutating func readEventAt(text: Span<UInt8>) {
    guard let reading = Timestamp.read(rfc3339: text) else {
      eventAt = .unreadable(QuarantinedRecord.Reason(unreadable: text))
      return
    }
    eventAt = .read(reading.time)
    if reading.truncated { counts.truncatedTimes += 1 }
    if reading.isLeapSecond { counts.leapSeconds += 1 }
  }

  /// Read a number, or a string that holds one. Null is NaN; so is anything else, which goes to `extras`.
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
    try note(Extra(name: name, value: start..<scanner.position, isInLocation: true, isKnown: true))
    return .nan
  }

  /// The characters of a time or number that was written with escapes.
  @inline(never)
  private func decode(_ token: JSONScanner.StringToken, _ json: Span<UInt8>) throws(PageError) -> [UInt8] {
    var ignored = 0
    return try scanner.decode(token, json, loneSurrogates: &ignored)
  }

  /// Skip a value that no column holds and add it to `extras`, unless it is the null of a known member.
  @inline(never)
  private mutating func readMisplaced(
    _ name: Range<Int>, _ json: Span<UInt8>, inLocation: Bool, isKnown: Bool
  ) throws(PageError) {
    let start = scanner.position
    let isNull = try scanner.peek(json) == UInt8(ascii: "n")
    try scanner.skipValue(json, depth: inLocation ? RecordReader.locationDepth : RecordReader.recordDepth)
    if isKnown, isNull { return }
    try note(Extra(name: name, value: start..<scanner.position, isInLocation: inLocation, isKnown: isKnown))
  }

  private mutating func note(_ extra: Extra) throws(PageError) {
    try scanner.checkMembers(extras.count + 1)
    extras.append(extra)
    if extra.isKnown { counts.unexpectedTypes += 1 }
  }
}
