import Crypto

extension SHA256 {
  /// Adds the bytes from the index `start` on.
  mutating func update(_ bytes: [UInt8], from start: Int = 0) {
    bytes.withUnsafeBytes { update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[start...])) }
  }
}

extension SHA256.Digest {
  /// Lower-case hex, 64 digits.
  var hex: String {
    var digits: [UInt8] = []
    for byte in self {
      digits.append(SHA256.Digest.digit(byte >> 4))
      digits.append(SHA256.Digest.digit(byte & 15))
    }
    return String(decoding: digits, as: UTF8.self)
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
