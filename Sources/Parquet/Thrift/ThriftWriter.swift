/// The types of the Thrift compact protocol, with their numbers in field headers.
///
/// Source: Apache Thrift, "Thrift Compact protocol", "Struct encoding".
enum ThriftKind: UInt8, Sendable {
  /// The type of a boolean field is its value.
  case yes = 1
  case no = 2
  case int8 = 3
  case int16 = 4
  case int32 = 5
  case int64 = 6
  case double = 7
  case binary = 8
  case list = 9
  case set = 10
  case map = 11
  case structure = 12
}

/// Writes structures in the Thrift compact protocol.
///
/// Parquet stores all of its metadata this way (parquet-format, README, "Metadata"). Write the fields of a structure in the order
/// of their numbers.
struct ThriftWriter {
  private(set) var bytes: [UInt8] = []
  /// The number of the previous field in the current structure.
  private var lastField = 0

  /// Write a structure: the whole message, or an element of a list.
  mutating func structure(_ body: (inout ThriftWriter) -> Void) {
    let outer = lastField
    lastField = 0
    body(&self)
    bytes.append(0)
    lastField = outer
  }

  mutating func structure(_ field: Int, _ body: (inout ThriftWriter) -> Void) {
    header(field, .structure)
    structure(body)
  }

  mutating func bool(_ field: Int, _ value: Bool) {
    header(field, value ? .yes : .no)
  }

  mutating func int16(_ field: Int, _ value: Int) {
    header(field, .int16)
    integer(value)
  }

  mutating func int32(_ field: Int, _ value: Int) {
    header(field, .int32)
    integer(value)
  }

  mutating func int64(_ field: Int, _ value: Int) {
    header(field, .int64)
    integer(value)
  }

  mutating func binary(_ field: Int, _ value: some Collection<UInt8>) {
    header(field, .binary)
    binary(value)
  }

  /// Write a list. `body` writes one element.
  mutating func list<Element>(
    _ field: Int, of kind: ThriftKind, _ elements: [Element], _ body: (inout ThriftWriter, Element) -> Void
  ) {
    header(field, .list)
    if elements.count < 15 {
      bytes.append(UInt8(elements.count << 4) | kind.rawValue)
    } else {
      bytes.append(0xf0 | kind.rawValue)
      bytes.append(unsignedVarint: UInt64(elements.count))
    }
    for element in elements { body(&self, element) }
  }

  /// Write an integer of any width as an element of a list.
  mutating func integer(_ value: Int) {
    bytes.append(signedVarint: Int64(value))
  }

  /// Write a boolean as an element of a list.
  mutating func bool(_ value: Bool) {
    bytes.append(value ? ThriftKind.yes.rawValue : ThriftKind.no.rawValue)
  }

  /// Write bytes or text as an element of a list.
  mutating func binary(_ value: some Collection<UInt8>) {
    bytes.append(unsignedVarint: UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  private mutating func header(_ field: Int, _ kind: ThriftKind) {
    let step = field - lastField
    if (1...15).contains(step) {
      bytes.append(UInt8(step << 4) | kind.rawValue)
    } else {
      bytes.append(kind.rawValue)
      bytes.append(signedVarint: Int64(field))
    }
    lastField = field
  }
}

extension [UInt8] {
  /// Append ULEB128: seven bits per byte, the lowest first.
  mutating func append(unsignedVarint value: UInt64) {
    var rest = value
    while rest > 0x7f {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Append zigzag ULEB128, with the sign in the lowest bit.
  mutating func append(signedVarint value: Int64) {
    append(unsignedVarint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
