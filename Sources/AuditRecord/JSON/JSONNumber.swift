/// Numbers: RFC 8259 §6.
enum JSONNumber {
  /// Where the number that begins at `start` ends; nil when what stands there is not a number by the grammar.
  static func end(in json: Span<UInt8>, from start: Int) -> Int? {
    var position = start
    if byte(json, position) == UInt8(ascii: "-") { position += 1 }
    let whole = skipDigits(json, position)
    guard whole == position + 1 || whole > position && json[position] != UInt8(ascii: "0") else { return nil }
    position = whole
    if byte(json, position) == UInt8(ascii: ".") {
      let end = skipDigits(json, position + 1)
      guard end > position + 1 else { return nil }
      position = end
    }
    if byte(json, position) | 0x20 == UInt8(ascii: "e") {
      position += 1
      let sign = byte(json, position)
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      let end = skipDigits(json, position)
      guard end > position else { return nil }
      position = end
    }
    return position
  }

  /// The byte at `position`; zero behind the end.
  @inline(__always)
  private static func byte(_ json: Span<UInt8>, _ position: Int) -> UInt8 {
    position < json.count ? json[position] : 0
  }

  @inline(__always)
  private static func skipDigits(_ json: Span<UInt8>, _ start: Int) -> Int {
    var position = start
    while position < json.count, json[position].decimalDigit != nil { position += 1 }
    return position
  }

  /// The double nearest to the number that fills `range`; nil when there is no such number, or no finite
  /// double.
  static func double(in json: Span<UInt8>, _ range: Range<Int>) -> Double? {
    guard end(in: json, from: range.lowerBound) == range.upperBound else { return nil }
    if let value = exactDouble(in: json, range) { return value }
    var text = ""
    text.reserveCapacity(range.count)
    for position in range { text.unicodeScalars.append(Unicode.Scalar(json[position])) }
    guard let value = Double(text), value.isFinite else { return nil }
    return value
  }

  static func double(of text: [UInt8]) -> Double? {
    double(in: text.span, 0..<text.count)
  }

  /// The double of a number with at most 15 digits and no exponent: both the digits and the power of ten are
  /// exact as doubles, so the one division rounds correctly (W. D. Clinger, "How to Read Floating Point
  /// Numbers Accurately").
  private static func exactDouble(in json: Span<UInt8>, _ range: Range<Int>) -> Double? {
    guard range.count <= 17 else { return nil }
    var digits: Int64 = 0
    var digitCount = 0
    var divisor = 1.0
    var isFraction = false
    for position in range {
      let byte = json[position]
      if let digit = byte.decimalDigit {
        digits = digits * 10 + digit
        digitCount += 1
        if isFraction { divisor *= 10 }
      } else if byte == UInt8(ascii: ".") {
        isFraction = true
      } else if byte != UInt8(ascii: "-") {
        return nil
      }
    }
    guard digitCount <= 15 else { return nil }
    let value = Double(digits) / divisor
    return json[range.lowerBound] == UInt8(ascii: "-") ? -value : value
  }
}
