// The inverse of `ParquetMetadata+Writing`. It skips fields that no reader needs, and accepts in the others only what the writer
// writes.

extension ParquetMetadata {
  /// Read `FileMetaData`, which must fill `bytes` to the end.
  ///
  /// - Parameter tree: the schema that the file must have. Nil reads any flat table, and no tree.
  init(reading bytes: [UInt8], of tree: ParquetSchema? = nil) throws(ThriftError) {
    var thrift = ThriftReader(bytes, at: 0..<bytes.count)
    var schema: ParquetSchema?
    var rows: Int?
    var groups: [ParquetGroup]?
    var metadata: [ParquetSchema.Pair] = []
    var createdBy = ""
    try thrift.structure { (thrift, field, kind) throws(ThriftError) in
      switch field {
      case 2:
        guard let tree else {
          schema = try ParquetSchema(reading: &thrift, kind)
          break
        }
        guard kind == .list, try thrift.raw(kind) == tree.listedElements else { throw .schema }
        schema = tree
      case 3: rows = try thrift.integer(kind, .int64)
      case 4:
        var found: [ParquetGroup] = []
        let columns = schema?.columns ?? []
        try thrift.list(kind, of: .structure) { (thrift) throws(ThriftError) in
          found.append(try ParquetGroup(reading: &thrift, columns))
        }
        groups = found
      case 5:
        try thrift.list(kind, of: .structure) { (thrift) throws(ThriftError) in
          metadata.append(try ParquetSchema.Pair(reading: &thrift))
        }
      case 6: createdBy = String(decoding: try thrift.binary(kind), as: UTF8.self)
      default: try thrift.skip(kind)
      }
    }
    guard thrift.position == bytes.count else { throw .malformed }
    guard var schema else { throw .field(2) }
    guard let rows else { throw .field(3) }
    guard let groups else { throw .field(4) }
    schema.metadata = metadata
    schema.sorting = []
    self.init(schema: schema, rows: rows, groups: groups, createdBy: createdBy)
  }
}

extension ParquetSchema.Pair {
  /// `KeyValue`
  fileprivate init(reading thrift: inout ThriftReader) throws(ThriftError) {
    var (key, value): ([UInt8], [UInt8]) = ([], [])
    try thrift.structure { (thrift, field, kind) throws(ThriftError) in
      switch field {
      case 1: key = try thrift.binary(kind)
      case 2: value = try thrift.binary(kind)
      default: try thrift.skip(kind)
      }
    }
    self.init(String(decoding: key, as: UTF8.self), String(decoding: value, as: UTF8.self))
  }
}

extension ParquetSchema {
  /// Read the list of `SchemaElement`: the root, then the columns, which have no children.
  fileprivate init(reading thrift: inout ThriftReader, _ kind: ThriftKind) throws(ThriftError) {
    var elements: [SchemaElement] = []
    try thrift.list(kind, of: .structure) { (thrift) throws(ThriftError) in
      elements.append(try SchemaElement(reading: &thrift))
    }
    guard let root = elements.first, root.physicalType == nil, root.children == elements.count - 1 else {
      throw .field(2)
    }
    var columns: [ParquetColumn] = []
    for element in elements.dropFirst() {
      guard let column = element.column else { throw .field(2) }
      columns.append(column)
    }
    self.init(name: root.name, columns: columns)
  }
}

/// The fields of a `SchemaElement` that it reads. It skips `LogicalType`: for these physical types `ConvertedType` says as much.
private struct SchemaElement {
  var physicalType: Int?
  var repetition: Int?
  var name = ""
  var children: Int?
  var convertedType: Int?

  init(reading thrift: inout ThriftReader) throws(ThriftError) {
    var element = self
    try thrift.structure { (thrift, field, kind) throws(ThriftError) in
      switch field {
      case 1: element.physicalType = try thrift.integer(kind, .int32)
      case 3: element.repetition = try thrift.integer(kind, .int32)
      case 4: element.name = String(decoding: try thrift.binary(kind), as: UTF8.self)
      case 5: element.children = try thrift.integer(kind, .int32)
      case 6: element.convertedType = try thrift.integer(kind, .int32)
      default: try thrift.skip(kind)
      }
    }
    self = element
  }

  /// Nil for a column of a kind that the writer never writes.
  var column: ParquetColumn? {
    guard children == nil, let physicalType, let repetition, repetition == 0 || repetition == 1 else {
      return nil
    }
    let kinds: [ParquetColumn.Kind] = [.text, .timestamp, .double]
    for kind in kinds {
      let column = ParquetColumn(name, kind, isRequired: repetition == 0)
      if column.physicalType == physicalType && column.convertedType == convertedType { return column }
    }
    return nil
  }
}

extension ParquetGroup {
  /// `RowGroup`
  fileprivate init(reading thrift: inout ThriftReader, _ columns: [ParquetColumn]) throws(ThriftError) {
    var chunks: [ParquetChunk] = []
    var rows: Int?
    try thrift.structure { (thrift, field, kind) throws(ThriftError) in
      switch field {
      case 1:
        try thrift.list(kind, of: .structure) { (thrift) throws(ThriftError) in
          guard chunks.count < columns.count else { throw .field(1) }
          chunks.append(try ParquetChunk(reading: &thrift, columns[chunks.count]))
        }
      case 3: rows = try thrift.integer(kind, .int64)
      default: try thrift.skip(kind)
      }
    }
    guard let rows else { throw .field(3) }
    guard chunks.count == columns.count else { throw .field(1) }
    self.init(rows: rows, chunks: chunks)
  }
}

extension ParquetChunk {
  /// `ColumnChunk` of this column
  fileprivate init(reading thrift: inout ThriftReader, _ column: ParquetColumn) throws(ThriftError) {
    var chunk: ParquetChunk?
    try thrift.structure { (thrift, field, kind) throws(ThriftError) in
      switch field {
      case 3:
        guard kind == .structure else { throw .malformed }
        chunk = try ParquetChunk(readingMetadata: &thrift, column)
      default: try thrift.skip(kind)
      }
    }
    guard let chunk else { throw .field(3) }
    self = chunk
  }

  /// `ColumnMetaData`
  private init(
    readingMetadata thrift: inout ThriftReader, _ column: ParquetColumn
  ) throws(ThriftError) {
    var (values, uncompressed, compressed, data): (Int?, Int?, Int?, Int?)
    var (dictionary, codec): (Int?, Int?)
    var encodings: [Int] = []
    var path: [[UInt8]] = []
    try thrift.structure { (thrift, field, kind) throws(ThriftError) in
      switch field {
      case 1: guard try thrift.integer(kind, .int32) == column.physicalType else { throw .field(1) }
      case 2:
        try thrift.list(kind, of: .int32) { (thrift) throws(ThriftError) in
          encodings.append(try thrift.integer())
        }
      case 3:
        try thrift.list(kind, of: .binary) { (thrift) throws(ThriftError) in
          path.append(try thrift.binary())
        }
      case 4: codec = try thrift.integer(kind, .int32)
      case 5: values = try thrift.integer(kind, .int64)
      case 6: uncompressed = try thrift.integer(kind, .int64)
      case 7: compressed = try thrift.integer(kind, .int64)
      case 9: data = try thrift.integer(kind, .int64)
      case 11: dictionary = try thrift.integer(kind, .int64)
      default: try thrift.skip(kind)
      }
    }
    guard let encoding = encodings.first.flatMap(ParquetEncoding.init) else { throw .field(2) }
    guard path == column.path.map({ Array($0.utf8) }) else { throw .field(3) }
    guard let codec, codec == ParquetNumber.gzip || codec == ParquetNumber.zstd else { throw .field(4) }
    guard let values else { throw .field(5) }
    guard let uncompressed else { throw .field(6) }
    guard let compressed else { throw .field(7) }
    guard let data else { throw .field(9) }
    self.init(
      column: column, encoding: encoding, codec: codec, values: values, uncompressedSize: uncompressed,
      compressedSize: compressed, dictionaryOffset: dictionary, dataOffset: data)
  }
}
