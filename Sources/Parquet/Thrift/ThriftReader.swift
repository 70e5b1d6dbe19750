/// Why bytes are not what their place in the file asks for.
enum ThriftMistake: Error, Hashable {
  /// The bytes end too early.
  case truncated
  /// A number or a type that the protocol does not have.
  case malformed
  /// Structures inside structures beyond the limit.
  case tooDeep
  /// A field of the wrong type, given twice, or missing.
  case field(Int)
}

/// Reads structures in the Thrift compact protocol: the inverse of `ThriftWriter`, for bytes that cannot be trusted.
///
/// Every length is compared with the bytes that are left before it is used, and nothing is allocated for it before.
struct ThriftReader {
  private static let depthLimit = 16

  private let bytes: [UInt8]
  private let end: Int
  private(set) var position: Int
  private var depth = 0

  init(_ bytes: [UInt8], at range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  private var left: Int { end - position }

  /// Reads a structure; `field` reads the value of each field, by number and type, or skips it.
  mutating func structure(
    _ field: (inout ThriftReader, Int, ThriftKind) throws(ThriftMistake) -> Void
  ) throws(ThriftMistake) {
    guard depth < ThriftReader.depthLimit else { throw .tooDeep }
    depth += 1
    var last = 0
    while true {
      let byte = try byte()
      if byte == 0 { break }
      guard let kind = ThriftKind(rawValue: byte & 15) else { throw .malformed }
      let number = byte >> 4 == 0 ? try integer() : last + Int(byte >> 4)
      guard number > last, number <= Int(Int16.max) else { throw .malformed }
      try field(&self, number, kind)
      last = number
    }
    depth -= 1
  }

  /// An integer field of the type `kind`, which is to be `wanted`.
  mutating func integer(_ kind: ThriftKind, _ wanted: ThriftKind) throws(ThriftMistake) -> Int {
    guard kind == wanted else { throw .malformed }
    let value = try integer()
    let fits = wanted == .int64 || (wanted == .int32 && Int32(exactly: value) != nil)
    guard fits else { throw .malformed }
    return value
  }

  mutating func bool(_ kind: ThriftKind) throws(ThriftMistake) -> Bool {
    guard kind == .yes || kind == .no else { throw .malformed }
    return kind == .yes
  }

  mutating func binary(_ kind: ThriftKind) throws(ThriftMistake) -> [UInt8] {
    guard kind == .binary else { throw .malformed }
    return try binary()
  }

  /// Bytes as an element of a list.
  mutating func binary() throws(ThriftMistake) -> [UInt8] {
    let length = try varint()
    guard length <= UInt64(left) else { throw .truncated }
    defer { position += Int(length) }
    return Array(bytes[position..<position + Int(length)])
  }

  /// Reads a list with elements of the type `wanted`; `element` reads each.
  mutating func list(
    _ kind: ThriftKind, of wanted: ThriftKind,
    _ element: (inout ThriftReader) throws(ThriftMistake) -> Void
  ) throws(ThriftMistake) {
    guard kind == .list else { throw .malformed }
    let (count, found) = try listHeader()
    guard found == wanted || count == 0 else { throw .malformed }
    for _ in 0..<count { try element(&self) }
  }

  mutating func integer() throws(ThriftMistake) -> Int {
    let value = try varint()
    return Int(bitPattern: UInt(value >> 1)) ^ -Int(bitPattern: UInt(value & 1))
  }

  /// Passes over a value of which nothing is wanted.
  mutating func skip(_ kind: ThriftKind) throws(ThriftMistake) {
    switch kind {
    case .yes, .no: break
    case .int8: _ = try byte()
    case .int16, .int32, .int64: _ = try varint()
    case .double:
      guard left >= 8 else { throw .truncated }
      position += 8
    case .binary: _ = try binary()
    case .structure:
      try structure { (reader, _, kind) throws(ThriftMistake) in try reader.skip(kind) }
    case .list, .set:
      let (count, kind) = try listHeader()
      guard depth < ThriftReader.depthLimit else { throw .tooDeep }
      depth += 1
      for _ in 0..<count {
        // In a list a boolean is a byte of its own.
        if kind == .yes || kind == .no { _ = try byte() } else { try skip(kind) }
      }
      depth -= 1
    case .map: throw .malformed
    }
  }

  /// The count, which is not more than the bytes that are left, since each element takes one at least.
  private mutating func listHeader() throws(ThriftMistake) -> (count: Int, kind: ThriftKind) {
    let byte = try byte()
    guard let kind = ThriftKind(rawValue: byte & 15) else { throw .malformed }
    let count = byte >> 4 == 15 ? try varint() : UInt64(byte >> 4)
    guard count <= UInt64(left) else { throw .truncated }
    return (Int(count), kind)
  }

  private mutating func byte() throws(ThriftMistake) -> UInt8 {
    guard left > 0 else { throw .truncated }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func varint() throws(ThriftMistake) -> UInt64 {
    guard let value = bytes.unsignedVarint(at: &position, before: end) else {
      throw left > 0 ? .malformed : .truncated
    }
    return value
  }
}

extension [UInt8] {
  /// Reads ULEB128 at `position` and steps behind it; nil when it does not end before `end` or passes 64 bits.
  func unsignedVarint(at position: inout Int, before end: Int) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end {
      let byte = UInt64(self[position])
      guard shift < 63 || byte <= 1 else { return nil }
      position += 1
      value |= (byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  /// Reads a zigzag ULEB128 as `unsignedVarint` does.
  func signedVarint(at position: inout Int, before end: Int) -> Int64? {
    guard let value = unsignedVarint(at: &position, before: end) else { return nil }
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}
