/// The order of the bounds of a chunk's pages: `BoundaryOrder` of parquet.thrift.
enum BoundaryOrder: Int {
  case unordered = 0
  case ascending = 1
  case descending = 2

  init(of bounds: [ParquetBounds], _ kind: ParquetColumn.Kind) {
    let pairs = zip(bounds, bounds.dropFirst())
    let isSame: (Int) -> Bool = { sign in
      pairs.allSatisfy { one, next in
        sign * kind.compare(one.least, next.least) <= 0 && sign * kind.compare(one.most, next.most) <= 0
      }
    }
    self = isSame(1) ? .ascending : isSame(-1) ? .descending : .unordered
  }
}

extension ParquetColumn.Kind {
  /// Compare two encoded bounds: below, at or above 0.
  fileprivate func compare(_ one: [UInt8], _ other: [UInt8]) -> Int {
    switch self {
    case .text, .binary: one.span.bytes.compare(other.span.bytes)
    case .timestamp, .int64:
      sign(Int64(bitPattern: one.littleEndianWord), Int64(bitPattern: other.littleEndianWord))
    case .int32:
      sign(
        Int32(truncatingIfNeeded: Int64(bitPattern: one.littleEndianWord)),
        Int32(truncatingIfNeeded: Int64(bitPattern: other.littleEndianWord)))
    case .boolean: sign(one.littleEndianWord, other.littleEndianWord)
    case .double: sign(Double(bitPattern: one.littleEndianWord), Double(bitPattern: other.littleEndianWord))
    }
  }

  private func sign<Value: Comparable>(_ one: Value, _ other: Value) -> Int {
    one < other ? -1 : one > other ? 1 : 0
  }
}

extension [UInt8] {
  fileprivate var littleEndianWord: UInt64 { reversed().reduce(0) { $0 << 8 | UInt64($1) } }
}

extension RawSpan {
  /// One byte; the index is checked.
  @inline(__always)
  subscript(_ index: Int) -> UInt8 { unsafeLoad(fromByteOffset: index, as: UInt8.self) }

  /// Compare unsigned bytes, a prefix before the longer: below, at or above 0.
  ///
  /// Source: parquet-format, parquet.thrift, "ColumnOrder", BYTE_ARRAY.
  func compare(_ other: RawSpan) -> Int {
    let common = Swift.min(byteCount, other.byteCount)
    var index = 0
    while index + 8 <= common {
      let one = unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
      let two = other.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
      if one != two { return one.bigEndian < two.bigEndian ? -1 : 1 }
      index += 8
    }
    while index < common {
      let one = unsafeLoad(fromByteOffset: index, as: UInt8.self)
      let two = other.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if one != two { return one < two ? -1 : 1 }
      index += 1
    }
    return byteCount - other.byteCount
  }
}
