import TestSupport
import Testing

@testable import Parquet

@Suite struct `files of groups, lists and maps` {
  @Test func `a flat table has the same bytes as by the writer of flat tables`() throws {
    let schema = ParquetSchema(
      name: "schema",
      columns: [
        ParquetColumn("t", .text), ParquetColumn("d", .double, isRequired: true),
        ParquetColumn("s", .timestamp),
      ],
      sorting: [2], filtered: [0], metadata: [.init("key", "value")])
    let count = 12_000
    let texts = (0..<count).map { $0 % 3 == 0 ? nil : "text \($0 % 5_000)" }
    var group = ParquetRowGroup(schema)
    var bytes: [UInt8] = []
    var ranges: [Range<Int>] = []
    for text in texts.compactMap({ $0 }) {
      ranges.append(bytes.count..<bytes.count + text.utf8.count)
      bytes += text.utf8
    }
    group.columns[0].append(levels: texts.map { $0 == nil ? 0 : 1 }, texts: ranges, in: bytes.span.bytes)
    group.columns[1].append(levels: [], doubles: (0..<count).map { Double($0) / 7 })
    let all = Array(repeating: 1 as UInt8, count: count)
    group.columns[2].append(levels: all, timestamps: (0..<count).map { Int64($0) })
    group.rows = count
    var flat: [UInt8] = []
    var writer = try ParquetWriter(schema, createdBy: "test version 1.0.0 (build 1)", .gzip(level: 1))
    try writer.write(group) { flat += $0 }
    try writer.finish { flat += $0 }

    let rows = texts.enumerated().map { number, text -> [ParquetValue] in
      [text.map { .text($0) } ?? .null, .double(Double(number) / 7), .timestamp(Int64(number))]
    }
    var records: [UInt8] = []
    var other = try ParquetRecordWriter(schema, createdBy: "test version 1.0.0 (build 1)", .gzip(level: 1))
    try other.append(rows) { records += $0 }
    try other.finish { records += $0 }
    #expect(records == flat)
  }

  @Test func `the same rows give the same bytes, however many are appended at once`() throws {
    for seed in 0..<10 {
      let whole = NestedFile.random(seed: seed, rows: 100)
      let bytes = try whole.parquet
      var random = SeededRandom(seed: seed)
      let schema = try ParquetSchema(name: "schema", fields: whole.fields)
      var writer = try ParquetRecordWriter(
        schema, createdBy: "test version 1.0.0 (build 1)", .gzip(level: 1), rowLimit: whole.rowLimit)
      var file: [UInt8] = []
      var rest = whole.rows[...]
      while !rest.isEmpty {
        let count = Int.random(in: 1...rest.count, using: &random)
        try writer.append(Array(rest.prefix(count))) { file += $0 }
        rest = rest.dropFirst(count)
      }
      try writer.finish { file += $0 }
      #expect(file == bytes, "seed \(seed)")
    }
  }

  @Test func `every page ends with a row, and the pages hold every level and value`() throws {
    for seed in 0..<40 {
      let file = NestedFile.random(seed: seed, rows: 200)
      let schema = try ParquetSchema(name: "schema", fields: file.fields)
      let shredder = RecordShredder(schema)
      var group = ParquetRowGroup(schema)
      for row in file.rows { try shredder.append(row, to: &group.columns) }
      for column in group.columns {
        let levels = column.levelCount(rows: 200)
        var place = ParquetPlace()
        while place.row < 200 {
          let end = column.pageEnd(from: place, rows: 200, rowLimit: 1 + seed, byteLimit: 100)
          #expect(end.row > place.row && end.row <= place.row + 1 + seed)
          let starts = (place.level..<end.level).count {
            column.repetitions.isEmpty || column.repetitions[$0] == 0
          }
          #expect(starts == end.row - place.row, "seed \(seed)")
          let limit = column.column.definitionLimit
          let present = (place.level..<end.level).count { limit == 0 || Int(column.levels[$0]) == limit }
          #expect(present == end.value - place.value, "seed \(seed)")
          place = end
        }
        #expect(place.level == levels && place.value == column.count, "seed \(seed)")
        let counts = column.levelCounts
        for (counts, limit) in [
          (counts.repetition, column.column.repetitionLimit),
          (counts.definition, column.column.definitionLimit),
        ] where limit > 0 {
          #expect(counts.count == limit + 1 && counts.reduce(0, +) == levels)
        }
        if column.column.repetitionLimit > 0 { #expect(counts.repetition[0] == 200) }
      }
    }
  }

  @Test func `bounds of long binary values still bound them`() {
    var random = SeededRandom(seed: 7)
    for count in [0, 1, 63, 64, 65, 200] {
      for _ in 0..<20 {
        let bytes = (0..<count).map { _ in random.pick([0, 1, 0xfe, 0xff] as [UInt8]) }
        let (floor, ceiling) = (BinaryBound.floor(bytes), BinaryBound.ceiling(bytes))
        #expect(floor.span.bytes.compare(bytes.span.bytes) <= 0)
        #expect(ceiling.span.bytes.compare(bytes.span.bytes) >= 0)
        #expect(floor.count <= 64 && ceiling.count <= 64)
        #expect(count > 64 || (floor == bytes && ceiling == bytes))
      }
    }
    let most = Array(repeating: 0xff as UInt8, count: 65)
    #expect(BinaryBound.ceiling(most) == most)
    #expect(BinaryBound.ceiling(Array(most.dropLast(2)) + [7, 1]) == Array(most.dropLast(2)) + [8])
  }

  @Test func `the reader of flat tables refuses a file of a tree`() async throws {
    let file = try NestedFile(
      fields: [ParquetField("l", .list(.text))], rows: [[.list([.text("a")])]]
    ).parquet
    await #expect(throws: ParquetError.self) {
      try await ParquetReader(size: file.count) { Array(file[$0..<$0 + $1]) }
    }
  }
}
