/// Numbers, RFC 8259 §6.
enum JSONNumber {
  /// Where the number at `start` ends; nil if the grammar has no number there.
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

  /// The byte at `position`; zero past the end.
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

  /// The double nearest to the number that fills `range`; nil if it is not a number, or not finite as a double.
  static func double(in json: Span<UInt8>, _ range: Range<Int>) -> Double? {
    if let value = exactDouble(json.extracting(range)) { return value }
    guard end(in: json, from: range.lowerBound) == range.upperBound else { return nil }
    var text = ""
    text.reserveCapacity(range.count)
    for position in range { text.unicodeScalars.append(Unicode.Scalar(json[position])) }
    guard let value = Double(text), value.isFinite else { return nil }
    return value
  }

  static func double(of text: [UInt8]) -> Double? {
    double(in: text.span, 0..<text.count)
  }

  /// The double of a number of at most 15 digits with a fraction and no exponent; nil for any other. The digits and the power
  /// of ten are exact doubles, so the one division rounds correctly (W. D. Clinger, "How to Read Floating Point Numbers
  /// Accurately").
  private static func exactDouble(_ text: Span<UInt8>) -> Double? {
    guard (3...17).contains(text.count) else { return nil }
    let isNegative = text[0] == UInt8(ascii: "-")
    let start = isNegative ? 1 : 0
    var digits: Int64 = 0
    var point = start
    while point < text.count, let digit = text[point].decimalDigit {
      digits = digits * 10 + digit
      point += 1
    }
    let places = text.count - point - 1
    guard places > 0, text[point] == UInt8(ascii: "."), point - start + places <= 15,
      point == start + 1 || point > start && text[start] != UInt8(ascii: "0")
    else { return nil }
    for position in point + 1..<text.count {
      guard let digit = text[position].decimalDigit else { return nil }
      digits = digits * 10 + digit
    }
    let value = Double(digits) / powersOfTen[places]
    return isNegative ? -value : value
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]
}
