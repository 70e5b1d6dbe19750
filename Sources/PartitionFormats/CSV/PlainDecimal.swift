/// Formats and parses doubles as csv-1 writes them: the shortest decimal that reads back to the same bits, without an exponent.
///
/// Of several decimals of the same length it takes the nearest. A point has digits on both sides: `12` and `0.5`, not `12.` or `.5`.
/// The integer part has no leading zero. Minus zero is `-0`. The value must be finite.
enum PlainDecimal {
  /// The longest text, in bytes: `-0.`, at most 323 zeros and at most 17 digits.
  static let longestText = 343

  /// Write the text at `start`, which has room for `longestText` bytes. Returns the end of the text.
  static func write(_ value: Double, at start: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
    var end = start
    if value.sign == .minus { end.put(UInt8(ascii: "-")) }
    // No two decimals of at most 15 digits read as the same double. If the millionths give the value back, their digits without
    // trailing zeros are therefore the shortest. Both operands of the division are exact.
    let millionths = (value.magnitude * 1_000_000).rounded()
    if millionths < 1e15, millionths / 1_000_000 == value.magnitude {
      return writeMillionths(UInt64(millionths), at: end)
    }
    return writeDescription(of: value.magnitude, at: end)
  }

  private static func writeMillionths(
    _ millionths: UInt64, at start: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    var (whole, fraction) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
    var end = start
    var scale: UInt64 = 1
    while scale * 10 <= whole { scale *= 10 }
    while scale > 0 {
      end.put(zero + UInt8(truncatingIfNeeded: whole / scale))
      whole %= scale
      scale /= 10
    }
    guard fraction > 0 else { return end }
    end.put(UInt8(ascii: "."))
    while fraction > 0 {
      fraction *= 10
      end.put(zero + UInt8(truncatingIfNeeded: fraction / 1_000_000))
      fraction %= 1_000_000
    }
    return end
  }

  /// Rewrite Swift's description, which has the shortest digits, but an exponent for large and small values.
  private static func writeDescription(
    of magnitude: Double, at start: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    let text = Array(magnitude.description.utf8)
    let mantissa = text.prefix { $0 != UInt8(ascii: "e") }
    let exponent = text.dropFirst(mantissa.count + 1)
    var digits = mantissa.filter { $0 != UInt8(ascii: ".") }
    while digits.last == zero { digits.removeLast() }
    var shift = 0
    for byte in exponent where byte >= zero && byte <= zero + 9 { shift = shift * 10 + Int(byte - zero) }
    if exponent.first == UInt8(ascii: "-") { shift = -shift }
    let point = (mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mantissa.count) + shift

    var end = start
    if point <= 0 { end.put(zero) }
    for index in 0..<max(point, 0) { end.put(index < digits.count ? digits[index] : zero) }
    guard point < digits.count else { return end }
    end.put(UInt8(ascii: "."))
    for index in point..<digits.count { end.put(index < 0 ? zero : digits[index]) }
    return end
  }

  private static let zero = UInt8(ascii: "0")

  /// Parse a text; nil unless it is exactly what `write` writes for the value.
  static func read(_ text: RawSpan) -> Double? {
    guard text.byteCount <= longestText else { return nil }
    let isNegative = text.byteCount > 0 && text[0] == UInt8(ascii: "-")
    if let magnitude = readFewDigits(text.extracting((isNegative ? 1 : 0)...)) {
      return isNegative ? -magnitude : magnitude
    }
    return readByWriting(text)
  }

  /// Parse a canonical text of at most 15 digits without a sign; nil for any other text.
  ///
  /// Source: Clinger, "How to read floating point numbers accurately": both operands of the division are exact. The text is the
  /// shortest for the reason given in `write`.
  private static func readFewDigits(_ text: RawSpan) -> Double? {
    var digits: UInt64 = 0
    var point: Int?
    guard text.byteCount > 0, text.byteCount <= 16 else { return nil }
    for index in 0..<text.byteCount {
      switch text[index] {
      case let byte where byte >= zero && byte <= zero + 9: digits = digits * 10 + UInt64(byte - zero)
      case UInt8(ascii: ".") where point == nil && index > 0: point = index
      default: return nil
      }
    }
    let wholeDigits = point ?? text.byteCount
    guard wholeDigits == 1 || text[0] != zero, digits < 1_000_000_000_000_000 else { return nil }
    guard point != nil else { return Double(digits) }
    let places = text.byteCount - wholeDigits - 1
    guard places > 0, text[text.byteCount - 1] != zero else { return nil }
    return Double(digits) / powersOfTen[places]
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]

  private static func readByWriting(_ text: RawSpan) -> Double? {
    let bytes = (0..<text.byteCount).map { text[$0] }
    guard let value = Double(String(decoding: bytes, as: UTF8.self)), value.isFinite else { return nil }
    let written = [UInt8](unsafeUninitializedCapacity: longestText) { buffer, count in
      if let start = buffer.baseAddress { count = write(value, at: start) - start }
    }
    return written == bytes ? value : nil
  }
}
