import Crypto

extension SHA256 {
  /// Adds the bytes from the index `start` on.
  mutating func update(_ bytes: [UInt8], from start: Int = 0) {
    bytes.withUnsafeBytes { update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[start...])) }
  }
}
