import TestSupport
import Testing

@testable import Parquet

/// Trees read back from the files of `ParquetRecordWriter`.
@Suite struct `Reading Parquet trees` {
  private func rows(_ bytes: [UInt8], _ file: NestedFile) throws -> [[ParquetValue]] {
    try ParquetRecordReader.rows(of: bytes, ParquetSchema(name: "schema", fields: file.fields))
  }

  @Test func `random trees are read as they were written`() throws {
    try withEvery("seed", in: 0..<300) { seed in
      let file = NestedFile.random(seed: seed, rows: [0, 1, 30, 700][seed % 4])
      try #require(rows(file.parquet, file) == file.rows)
    }
  }

  @Test func `lists of more than a page are read`() throws {
    let list = ParquetValue.list((0..<200_000).map { .text("\($0)") })
    let file = NestedFile(
      fields: [ParquetField("l", .list(.text))], rows: [[list], [.null], [list], [.list([])]])
    #expect(try rows(file.parquet, file) == file.rows)
  }

  @Test func `a table of timestamps and required values is read`() throws {
    let file = NestedFile(
      fields: [
        ParquetField("t", .timestamp, isRequired: true),
        ParquetField("u", .list(.timestamp, hasNulls: false)),
      ],
      rows: (0..<100).map { [.timestamp(.max - $0), .list([.timestamp(.min + $0), .timestamp(0)])] })
    #expect(try rows(file.parquet, file) == file.rows)
  }

  @Test func `another schema is refused`() throws {
    let file = NestedFile(fields: [ParquetField("a", .list(.text))], rows: [[.list([.text("x")])]])
    let others: [[ParquetField]] = [
      [ParquetField("b", .list(.text))], [ParquetField("a", .list(.binary))],
      [ParquetField("a", .list(.text, hasNulls: false))], [ParquetField("a", .list(.text), isRequired: true)],
      [ParquetField("a", .text)], [ParquetField("a", .list(.text)), ParquetField("b", .text)],
      [ParquetField("a", .map(.text, .text))],
    ]
    try withEvery("schema", in: others) { fields in
      let schema = try ParquetSchema(name: "schema", fields: fields)
      do {
        _ = try ParquetRecordReader.rows(of: file.parquet, schema)
        Issue.record("the file was read")
      } catch let error as ParquetError {
        try #require(error.reason == .schema)
      }
    }
  }

  @Test func `a file that is cut anywhere is an error`() throws {
    let file = NestedFile.random(seed: 6, rows: 20)
    let bytes = try file.parquet
    for length in 0..<bytes.count {
      #expect(throws: ParquetError.self) { try rows(Array(bytes[..<length]), file) }
    }
  }

  @Test func `a changed byte gives an error or rows, and never a crash`() throws {
    for seed in 0..<40 {
      let file = NestedFile.random(seed: seed, rows: 20)
      let bytes = try file.parquet
      var random = SeededRandom(seed: seed)
      for _ in 0..<200 {
        var changed = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          changed[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
            in: .min ... .max, using: &random)
        }
        do {
          _ = try rows(changed, file)
        } catch {
          #expect(error is ParquetError)
        }
      }
    }
  }

  @Test func `levels that no rows have are an error`() throws {
    let fields = [
      ParquetField("a", .list(.group([ParquetField("x", .int32), ParquetField("y", .int32)]))),
      ParquetField(
        "b", .group([ParquetField("m", .map(.text, .text)), ParquetField("z", .boolean, isRequired: true)])),
    ]
    let schema = try ParquetSchema(name: "schema", fields: fields)
    let assembler = RecordAssembler(schema)
    let shredder = RecordShredder(schema)
    for seed in 0..<2_000 {
      var random = SeededRandom(seed: seed)
      var group = ParquetRowGroup(schema)
      try shredder.append(
        [
          .list([.group([.int32(1), .null]), .null, .group([.null, .int32(2)])]),
          .group([.map([.init(.text("k"), .text("v")), .init(.text("l"), .null)]), .boolean(true)]),
        ], to: &group.columns)
      var columns = group.columns.map { column in
        RecordColumn(
          definitions: column.levels, repetitions: column.repetitions,
          values: Array(repeating: ParquetValue.null, count: column.count))
      }
      _ = try assembler.rows(1, of: columns)
      let leaf = Int.random(in: columns.indices, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0 where !columns[leaf].repetitions.isEmpty:
        let place = Int.random(in: columns[leaf].repetitions.indices, using: &random)
        columns[leaf].repetitions[place] ^= 1
      case 1: columns[leaf].values.append(.null)
      case 2:
        columns[leaf].definitions.append(0)
        if !columns[leaf].repetitions.isEmpty { columns[leaf].repetitions.append(1) }
      default: columns[leaf].definitions.removeLast()
      }
      #expect(throws: LevelError.self, "seed \(seed)") { try assembler.rows(1, of: columns) }
    }
  }
}
