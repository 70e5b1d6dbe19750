/// One node of a schema, as the footer lists it: `SchemaElement` of parquet.thrift.
struct ParquetElement: Hashable {
  /// `FieldRepetitionType`
  enum Repetition: Int {
    case required = 0
    case optional = 1
    case repeated = 2
  }

  /// What the children of a group mean (parquet-format, LogicalTypes.md, "Nested Types").
  enum Annotation {
    case map
    case list
  }

  var name: String
  /// nil for the root.
  var repetition: Repetition?
  /// nil for a group.
  var kind: ParquetColumn.Kind?
  /// The number of nodes directly below. nil for a column.
  var children: Int?
  var annotation: Annotation?

  /// With `ConvertedType` for old readers and `LogicalType` for others.
  func write(to thrift: inout ThriftWriter) {
    thrift.structure { thrift in
      if let kind { thrift.int32(1, kind.physicalType) }
      if let repetition { thrift.int32(3, repetition.rawValue) }
      thrift.binary(4, name.utf8)
      if let children { thrift.int32(5, children) }
      if let convertedType = annotation?.convertedType ?? kind?.convertedType {
        thrift.int32(6, convertedType)
      }
      if let annotation {
        thrift.structure(10) { $0.structure(annotation == .map ? 2 : 3) { _ in } }
      }
      kind?.writeLogicalType(to: &thrift)
    }
  }
}

extension ParquetElement {
  init(_ column: ParquetColumn) {
    self.init(name: column.name, repetition: column.isRequired ? .required : .optional, kind: column.kind)
  }
}

extension ParquetElement.Annotation {
  /// `ConvertedType`: MAP, LIST
  fileprivate var convertedType: Int { self == .map ? 1 : 3 }
}

extension ParquetColumn {
  /// `Type`
  var physicalType: Int { kind.physicalType }

  /// `ConvertedType`: UTF8, TIMESTAMP_MICROS
  var convertedType: Int? { kind.convertedType }
}

extension ParquetColumn.Kind {
  /// Whether the values are BYTE_ARRAY.
  var isBytes: Bool { self == .text || self == .binary }

  fileprivate var physicalType: Int {
    switch self {
    case .text, .binary: ParquetNumber.byteArray
    case .timestamp, .int64: ParquetNumber.int64
    case .double: ParquetNumber.double
    case .boolean: ParquetNumber.boolean
    case .int32: ParquetNumber.int32
    }
  }

  fileprivate var convertedType: Int? {
    switch self {
    case .text: 0
    case .timestamp: 10
    case .double, .boolean, .int32, .int64, .binary: nil
    }
  }

  /// The field `logicalType` of `SchemaElement`, if there is one.
  fileprivate func writeLogicalType(to thrift: inout ThriftWriter) {
    switch self {
    case .text: thrift.structure(10) { $0.structure(1) { _ in } }
    case .timestamp:
      thrift.structure(10) {
        $0.structure(8) {
          $0.bool(1, true)
          $0.structure(2) { $0.structure(2) { _ in } }
        }
      }
    case .double, .boolean, .int32, .int64, .binary: break
    }
  }
}
