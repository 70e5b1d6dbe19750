extension [UInt8] {
  mutating func append(contentsOf span: Span<UInt8>) {
    span.withUnsafeBufferPointer { append(contentsOf: $0) }
  }
}

extension UnsafeMutablePointer<UInt8> {
  /// Writes one byte and steps behind it.
  @inline(__always)
  mutating func put(_ byte: UInt8) {
    pointee = byte
    self += 1
  }

  /// Writes bytes and steps behind them.
  @inline(__always)
  mutating func put(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { buffer in
      if let start = buffer.baseAddress {
        UnsafeMutableRawPointer(self).copyMemory(from: start, byteCount: buffer.count)
      }
    }
    self += bytes.byteCount
  }
}

extension RawSpan {
  /// A byte; the index is checked.
  @inline(__always)
  subscript(_ index: Int) -> UInt8 { unsafeLoad(fromByteOffset: index, as: UInt8.self) }
}
