/// Paths of data files in actions: relative to the root of the table, and URI-encoded (RFC 2396 §2.4, §3.3).
package enum TablePath {
  /// Encode a path whose segments are joined by `/`.
  ///
  /// Letters, digits, `-_.!~*'()` and `;/@&=+$,` stay as they are, as in the paths that Spark writes. Every other byte of the
  /// UTF-8 becomes `%` and two digits, also `:`, which in the first segment would end the name of a scheme.
  package static func encode(_ path: String) -> String {
    var bytes: [UInt8] = []
    for byte in path.utf8 {
      if isUnescaped[Int(byte)] {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Decode a path of any producer; nil if the bytes are not UTF-8. A `%` without two hexadecimal digits stays, since some
  /// producers do not encode.
  package static func decode(_ uri: String) -> String? {
    let text = Array(uri.utf8)
    guard text.contains(UInt8(ascii: "%")) else { return uri }
    var bytes: [UInt8] = []
    var position = 0
    while position < text.count {
      if text[position] == UInt8(ascii: "%"), position + 2 < text.count,
        let high = Character(Unicode.Scalar(text[position + 1])).hexDigitValue,
        let low = Character(Unicode.Scalar(text[position + 2])).hexDigitValue
      {
        bytes.append(UInt8(high << 4 | low))
        position += 3
      } else {
        bytes.append(text[position])
        position += 1
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// The canonical encoding, in ASCII: the same for all texts that decode to the same path. nil if the text does not decode.
  static func canonical(_ uri: String) -> String? {
    uri.utf8.allSatisfy { isUnescaped[Int($0)] } ? uri : decode(uri).map(encode)
  }

  private static let isUnescaped: [Bool] = {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    let others = Array("0123456789-_.!~*'();/@&=+$,".utf8)
    return (0...UInt8.max).map { letters.contains($0) || others.contains($0) }
  }()
  private static let digits = Array("0123456789ABCDEF".utf8)
}
