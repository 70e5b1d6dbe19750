package import Crypto

/// The size and the SHA-256 of a text that was read and not held, and how it ends.
package struct MeasuredText: Hashable, Sendable {
  package var bytes: Int
  /// Lower case, 64 digits.
  package var sha256: String
  package var end: [UInt8]

  package init(bytes: Int, sha256: String, end: [UInt8]) {
    self.bytes = bytes
    self.sha256 = sha256
    self.end = end
  }
}

/// Measures a text that comes piece by piece.
package struct TextMeasurement: Sendable {
  package private(set) var bytes = 0
  private var hash = SHA256()
  private var end: [UInt8] = []

  /// Bytes of the end that are kept: what names a record often stands behind what is long in it.
  private static let endLength = 4 << 10

  package init() {}

  package mutating func add(_ piece: UnsafeRawBufferPointer) {
    hash.update(bufferPointer: piece)
    bytes += piece.count
    end += piece.suffix(TextMeasurement.endLength)
    end.removeFirst(max(0, end.count - TextMeasurement.endLength))
  }

  /// The text as it is so far.
  package var text: MeasuredText {
    MeasuredText(bytes: bytes, sha256: hash.finalize().hex, end: end)
  }
}

extension SHA256.Digest {
  /// In hexadecimal digits: lower case, 64 of them.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
