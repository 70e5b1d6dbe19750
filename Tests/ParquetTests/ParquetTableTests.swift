import TestSupport
import Testing

@testable import Parquet

/// Tables of every kind of column, written and read a page at a time. No row of the audit log is involved.
@Suite struct `Parquet tables` {
  private enum Value: Equatable {
    case text(String)
    case double(UInt64)
    case timestamp(Int64)
  }

  private static let kinds: [ParquetColumn.Kind] = [.text, .timestamp, .double]

  @Test func `random tables are read as they were written`() async throws {
    for seed in 0..<60 {
      var random = SeededRandom(seed: seed)
      let columns = (0..<Int.random(in: 1...5, using: &random)).map {
        ParquetColumn("c\($0)", random.pick(Self.kinds), isRequired: random.once(in: 3))
      }
      let schema = ParquetSchema(name: "table", columns: columns, metadata: [.init("seed", "\(seed)")])
      var writer = try ParquetWriter(schema, createdBy: "test version 1.0.0 (build 1)", .gzip(level: 1))
      var file: [UInt8] = []
      var written: [[[Value?]]] = []
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let rows = random.pick([1, 7, 64, 700, 12_000])
        let table = columns.map { column in Self.values(column, rows, &random) }
        var group = ParquetRowGroup(schema)
        var start = 0
        while start < rows {
          let end = min(rows, start + Int.random(in: 1...rows, using: &random))
          for index in columns.indices { Self.append(table[index][start..<end], to: &group.columns[index]) }
          start = end
        }
        group.rows = rows
        try writer.write(group) { file += $0 }
        written.append(table)
      }
      try writer.finish { file += $0 }
      #expect(try await Self.read(file, schema) == written, "seed \(seed)")
    }
  }

  private static func values(
    _ column: ParquetColumn, _ rows: Int, _ random: inout SeededRandom
  ) -> [Value?] {
    let variety = random.pick([1, 5, 1_000_000])
    return (0..<rows).map { _ in
      if !column.isRequired && random.once(in: 3) { return nil }
      let number = Int.random(in: 0..<variety, using: &random)
      switch column.kind {
      case .text: return .text(random.once(in: 20) ? "" : "value \(number)")
      case .double: return .double((random.once(in: 20) ? Double.nan : Double(number) / 7).bitPattern)
      case .timestamp: return .timestamp(Int64(number) * 1_000)
      case .boolean, .int32, .int64, .binary: return nil
      }
    }
  }

  private static func append(_ values: ArraySlice<Value?>, to column: inout ParquetColumnValues) {
    let levels = values.map { $0 == nil ? 0 : 1 as UInt8 }
    var bytes: [UInt8] = []
    var texts: [Range<Int>] = []
    var doubles: [Double] = []
    var timestamps: [Int64] = []
    for value in values {
      switch value {
      case .text(let text):
        texts.append(bytes.count..<bytes.count + text.utf8.count)
        bytes += text.utf8
      case .double(let bits): doubles.append(Double(bitPattern: bits))
      case .timestamp(let time): timestamps.append(time)
      case nil: break
      }
    }
    switch column.column.kind {
    case .text: column.append(levels: levels, texts: texts, in: bytes.span.bytes)
    case .double: column.append(levels: levels, doubles: doubles)
    case .timestamp: column.append(levels: levels, timestamps: timestamps)
    case .boolean, .int32, .int64, .binary: Issue.record("a flat table has no such column")
    }
  }

  /// The values of each column of each row group.
  private static func read(_ file: [UInt8], _ schema: ParquetSchema) async throws -> [[[Value?]]] {
    let reader = try await ParquetReader(size: file.count) { Array(file[$0..<$0 + $1]) }
    #expect(reader.metadata.schema == schema)
    var position = ParquetReader.magic.count
    var groups: [[[Value?]]] = []
    for (number, group) in reader.metadata.groups.enumerated() {
      var columns: [[Value?]] = []
      for (column, chunk) in zip(schema.columns, group.chunks) {
        let bytes = try await reader.bytes(at: position, count: chunk.compressedSize)
        position += chunk.compressedSize
        var pages = try ParquetColumnReader(chunk, bytes, rowGroup: number)
        var values: [Value?] = []
        while values.count < group.rows {
          try pages.readPage()
          values += Self.values(of: pages.page, column.kind)
        }
        try pages.finish()
        columns.append(values)
      }
      groups.append(columns)
    }
    return groups
  }

  private static func values(of page: ParquetPageValues, _ kind: ParquetColumn.Kind) -> [Value?] {
    var next = 0
    return (0..<page.rows).map { row in
      if !page.levels.isEmpty && page.levels[row] == 0 { return nil }
      defer { next += 1 }
      switch kind {
      case .text: return .text(String(decoding: page.bytes[page.texts[next]], as: UTF8.self))
      case .double: return .double(page.doubles[next].bitPattern)
      case .timestamp: return .timestamp(page.timestamps[next])
      case .boolean, .int32, .int64, .binary: return nil
      }
    }
  }
}
