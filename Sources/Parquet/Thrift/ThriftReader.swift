/// Why bytes are not the expected structure.
enum ThriftError: Error, Hashable {
  /// The bytes end too early.
  case truncated
  /// A number or type that the protocol does not allow.
  case malformed
  /// Structures nested beyond the limit.
  case tooDeep
  /// A required field, by its number, that is missing or has an unexpected value.
  case field(Int)
  /// The footer has another schema than the expected one.
  case schema
}

/// Reads structures in the Thrift compact protocol: the inverse of `ThriftWriter`, for untrusted bytes.
///
/// It checks every length against the remaining bytes before it uses it or allocates memory for it.
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

  /// Read a structure. `field` receives the number and type of each field and must read or skip its value.
  mutating func structure(
    _ field: (inout ThriftReader, Int, ThriftKind) throws(ThriftError) -> Void
  ) throws(ThriftError) {
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

  /// Read an integer field of the type `kind`, which must be `wanted`.
  mutating func integer(_ kind: ThriftKind, _ wanted: ThriftKind) throws(ThriftError) -> Int {
    guard kind == wanted else { throw .malformed }
    let value = try integer()
    let fits = wanted == .int64 || (wanted == .int32 && Int32(exactly: value) != nil)
    guard fits else { throw .malformed }
    return value
  }

  mutating func bool(_ kind: ThriftKind) throws(ThriftError) -> Bool {
    guard kind == .yes || kind == .no else { throw .malformed }
    return kind == .yes
  }

  mutating func binary(_ kind: ThriftKind) throws(ThriftError) -> [UInt8] {
    guard kind == .binary else { throw .malformed }
    return try binary()
  }

  /// Read bytes that are an element of a list.
  mutating func binary() throws(ThriftError) -> [UInt8] {
    let length = try varint()
    guard length <= UInt64(left) else { throw .truncated }
    defer { position += Int(length) }
    return Array(bytes[position..<position + Int(length)])
  }

  /// Read a list with elements of the type `wanted`. `element` must read one element.
  mutating func list(
    _ kind: ThriftKind, of wanted: ThriftKind,
    _ element: (inout ThriftReader) throws(ThriftError) -> Void
  ) throws(ThriftError) {
    guard kind == .list else { throw .malformed }
    let (count, found) = try listHeader()
    guard found == wanted || count == 0 else { throw .malformed }
    for _ in 0..<count { try element(&self) }
  }

  mutating func integer() throws(ThriftError) -> Int {
    let value = try varint()
    return Int(bitPattern: UInt(value >> 1)) ^ -Int(bitPattern: UInt(value & 1))
  }

  /// Skip a value.
  mutating func skip(_ kind: ThriftKind) throws(ThriftError) {
    switch kind {
    case .yes, .no: break
    case .int8: _ = try byte()
    case .int16, .int32, .int64: _ = try varint()
    case .double:
      guard left >= 8 else { throw .truncated }
      position += 8
    case .binary: _ = try binary()
    case .structure:
      try structure { (reader, _, kind) throws(ThriftError) in try reader.skip(kind) }
    case .list, .set:
      let (count, kind) = try listHeader()
      guard depth < ThriftReader.depthLimit else { throw .tooDeep }
      depth += 1
      for _ in 0..<count {
        // In a list a boolean is one byte.
        if kind == .yes || kind == .no { _ = try byte() } else { try skip(kind) }
      }
      depth -= 1
    case .map: throw .malformed
    }
  }

  /// Skip a value, and return its bytes.
  mutating func raw(_ kind: ThriftKind) throws(ThriftError) -> [UInt8] {
    let start = position
    try skip(kind)
    return Array(bytes[start..<position])
  }

  /// Read the header of a list. The count is at most the number of remaining bytes, since each element takes at least one.
  private mutating func listHeader() throws(ThriftError) -> (count: Int, kind: ThriftKind) {
    let byte = try byte()
    guard let kind = ThriftKind(rawValue: byte & 15) else { throw .malformed }
    let count = byte >> 4 == 15 ? try varint() : UInt64(byte >> 4)
    guard count <= UInt64(left) else { throw .truncated }
    return (Int(count), kind)
  }

  private mutating func byte() throws(ThriftError) -> UInt8 {
    guard left > 0 else { throw .truncated }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func varint() throws(ThriftError) -> UInt64 {
    guard let value = bytes.unsignedVarint(at: &position, before: end) else {
      throw left > 0 ? .malformed : .truncated
    }
    return value
  }
}

extension [UInt8] {
  /// Read ULEB128 at `position` and advance it; nil if the number does not end before `end` or exceeds 64 bits.
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

  /// Read zigzag ULEB128 as `unsignedVarint` does.
  func signedVarint(at position: inout Int, before end: Int) -> Int64? {
    guard let value = unsignedVarint(at: &position, before: end) else { return nil }
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}
