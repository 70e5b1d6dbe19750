import Testing

@testable import Parquet

/// Levels of rows of a tree, column by column.
@Suite struct `levels of groups, lists and maps` {
  /// A value or NULL with its repetition and definition level.
  private struct Entry: Equatable {
    var value: String?
    var repetition: Int
    var definition: Int

    init(_ value: String?, _ repetition: Int, _ definition: Int) {
      self.value = value
      self.repetition = repetition
      self.definition = definition
    }
  }

  /// The entries of each column, with integers in decimal.
  private func shred(_ fields: [ParquetField], _ rows: [[ParquetValue]]) throws -> [String: [Entry]] {
    let schema = try ParquetSchema(name: "table", fields: fields)
    var group = ParquetRowGroup(schema)
    let shredder = RecordShredder(schema)
    for row in rows { try shredder.append(row, to: &group.columns) }
    var columns: [String: [Entry]] = [:]
    for column in group.columns {
      var next = 0
      let count = column.levelCount(rows: rows.count)
      columns[column.column.name] = (0..<count).map { index in
        let definition = column.levels.isEmpty ? 0 : Int(column.levels[index])
        let repetition = column.repetitions.isEmpty ? 0 : Int(column.repetitions[index])
        guard definition == column.column.definitionLimit else { return Entry(nil, repetition, definition) }
        defer { next += 1 }
        let bytes = column.table.bytes[column.table.range(Int(column.table.ids[next]))]
        let text =
          column.column.kind == .text
          ? String(decoding: bytes, as: UTF8.self)
          : "\(bytes.reversed().reduce(0) { $0 << 8 | Int64($1) })"
        return Entry(text, repetition, definition)
      }
      #expect(next == column.count)
    }
    return columns
  }

  private func repeated(_ name: String, _ type: ParquetType) -> ParquetField {
    ParquetField(name, .list(type, hasNulls: false), isRequired: true)
  }

  /// Dremel, figures 2 and 3. The repeated fields of the paper are required lists of required elements, which have the same levels.
  @Test func `the example of the Dremel paper has the levels of the paper`() throws {
    let language = ParquetType.group([
      ParquetField("Code", .text, isRequired: true), ParquetField("Country", .text),
    ])
    let document = [
      ParquetField("DocId", .int64, isRequired: true),
      ParquetField("Links", .group([repeated("Backward", .int64), repeated("Forward", .int64)])),
      repeated("Name", .group([repeated("Language", language), ParquetField("Url", .text)])),
    ]
    let name = { (languages: [(String, String?)], url: String?) in
      let values = languages.map { code, country in
        ParquetValue.group([.text(code), country.map { .text($0) } ?? .null])
      }
      return ParquetValue.group([.list(values), url.map { .text($0) } ?? .null])
    }
    let first: [ParquetValue] = [
      .int64(10), .group([.list([]), .list([.int64(20), .int64(40), .int64(60)])]),
      .list([
        name([("en-us", "us"), ("en", nil)], "http://A"), name([], "http://B"), name([("en-gb", "gb")], nil),
      ]),
    ]
    let second: [ParquetValue] = [
      .int64(20), .group([.list([.int64(10), .int64(30)]), .list([.int64(80)])]),
      .list([name([], "http://C")]),
    ]
    let found = try shred(document, [first, second])
    let name2 = "Name.list.element"
    let wanted: [String: [Entry]] = [
      "DocId": [Entry("10", 0, 0), Entry("20", 0, 0)],
      "Links.Backward.list.element": [Entry(nil, 0, 1), Entry("10", 0, 2), Entry("30", 1, 2)],
      "Links.Forward.list.element": [
        Entry("20", 0, 2), Entry("40", 1, 2), Entry("60", 1, 2), Entry("80", 0, 2),
      ],
      "\(name2).Language.list.element.Code": [
        Entry("en-us", 0, 2), Entry("en", 2, 2), Entry(nil, 1, 1), Entry("en-gb", 1, 2), Entry(nil, 0, 1),
      ],
      "\(name2).Language.list.element.Country": [
        Entry("us", 0, 3), Entry(nil, 2, 2), Entry(nil, 1, 1), Entry("gb", 1, 3), Entry(nil, 0, 1),
      ],
      "\(name2).Url": [
        Entry("http://A", 0, 2), Entry("http://B", 1, 2), Entry(nil, 1, 1), Entry("http://C", 0, 2),
      ],
    ]
    #expect(found == wanted)
  }

  @Test func `a NULL group differs from a group of NULLs`() throws {
    let inner = ParquetType.group([ParquetField("c", .text)])
    let fields = [ParquetField("a", .group([ParquetField("b", inner), ParquetField("d", .int64)]))]
    let found = try shred(
      fields,
      [
        [.null], [.group([.null, .null])], [.group([.group([.null]), .null])],
        [.group([.group([.text("x")]), .int64(1)])],
      ])
    #expect(found["a.b.c"] == [Entry(nil, 0, 0), Entry(nil, 0, 1), Entry(nil, 0, 2), Entry("x", 0, 3)])
    #expect(found["a.d"] == [Entry(nil, 0, 0), Entry(nil, 0, 1), Entry(nil, 0, 1), Entry("1", 0, 2)])
  }

  @Test func `NULL, empty, and of NULLs are three different lists and maps`() throws {
    let fields = [ParquetField("l", .list(.text)), ParquetField("m", .map(.text, .text))]
    let found = try shred(
      fields,
      [
        [.null, .null], [.list([]), .map([])], [.list([.null]), .map([.init(.text("k"), .null)])],
        [.list([.text("x"), .null]), .map([.init(.text("k"), .text("v")), .init(.text(""), .text(""))])],
      ])
    #expect(
      found["l.list.element"]
        == [Entry(nil, 0, 0), Entry(nil, 0, 1), Entry(nil, 0, 2), Entry("x", 0, 3), Entry(nil, 1, 2)])
    #expect(
      found["m.key_value.key"]
        == [Entry(nil, 0, 0), Entry(nil, 0, 1), Entry("k", 0, 2), Entry("k", 0, 2), Entry("", 1, 2)])
    #expect(
      found["m.key_value.value"]
        == [Entry(nil, 0, 0), Entry(nil, 0, 1), Entry(nil, 0, 2), Entry("v", 0, 3), Entry("", 1, 3)])
  }

  @Test func `a list in a group in a map repeats at two levels`() throws {
    let fields = [
      ParquetField("m", .map(.text, .group([ParquetField("l", .list(.int32)), ParquetField("t", .text)])))
    ]
    let group = { (list: ParquetValue, text: ParquetValue) in ParquetValue.group([list, text]) }
    let found = try shred(
      fields,
      [
        [
          .map([
            .init(.text("a"), group(.list([.int32(1), .int32(2)]), .text("x"))), .init(.text("b"), .null),
            .init(.text("c"), group(.list([]), .null)), .init(.text("d"), group(.null, .text("y"))),
          ])
        ],
        [.map([.init(.text("e"), group(.list([.null, .int32(3)]), .null))])],
      ])
    #expect(
      found["m.key_value.value.l.list.element"] == [
        Entry("1", 0, 6), Entry("2", 2, 6), Entry(nil, 1, 2), Entry(nil, 1, 4), Entry(nil, 1, 3),
        Entry(nil, 0, 5), Entry("3", 2, 6),
      ])
    #expect(
      found["m.key_value.value.t"]
        == [Entry("x", 0, 4), Entry(nil, 1, 2), Entry(nil, 1, 3), Entry("y", 1, 4), Entry(nil, 0, 3)])
  }

  @Test func `a value that does not fit its field is an error that names the column`() throws {
    let fields = [
      ParquetField("r", .text, isRequired: true), ParquetField("m", .map(.text, .int64, hasNulls: false)),
      ParquetField("l", .list(.int32)), ParquetField("g", .group([ParquetField("b", .boolean)])),
    ]
    let entry = { (key: ParquetValue, value: ParquetValue) in ParquetValue.map([.init(key, value)]) }
    let wrong: [([ParquetValue], String?)] = [
      ([.null, .null, .null, .null], "r"),
      ([.int64(1), .null, .null, .null], "r"),
      ([.text(""), entry(.null, .int64(1)), .null, .null], "m.key_value.key"),
      ([.text(""), entry(.text("k"), .null), .null, .null], "m.key_value.value"),
      ([.text(""), .list([]), .null, .null], "m.key_value.key"),
      ([.text(""), .null, .list([.int64(1)]), .null], "l.list.element"),
      ([.text(""), .null, .map([]), .null], "l.list.element"),
      ([.text(""), .null, .null, .boolean(true)], "g.b"),
      ([.text(""), .null, .null, .group([])], "g.b"),
      ([.text("")], nil),
    ]
    for (row, column) in wrong {
      #expect(throws: ParquetError(.value, column: column)) { try shred(fields, [row]) }
    }
  }

  @Test func `a tree without leaves, with a name twice or too deep is an error`() {
    let twice = [ParquetField("a", .text), ParquetField("a", .int64)]
    for fields in [[], [ParquetField("g", .group([]))], [ParquetField("g", .group(twice))], twice] {
      #expect(throws: ParquetError.self) { try ParquetSchema(name: "table", fields: fields) }
    }
    var deep = ParquetType.text
    for _ in 0..<100 { deep = .list(deep) }
    #expect(throws: ParquetError(.tooLarge(64))) {
      try ParquetSchema(name: "table", fields: [ParquetField("deep", deep)])
    }
    for path in [["b"], ["a"], ["a", "list"], ["t", "x"]] {
      #expect(throws: ParquetError(.schema, column: path.joined(separator: "."))) {
        try ParquetSchema(
          name: "table", fields: [ParquetField("a", .list(.text)), ParquetField("b", .boolean)],
          filtered: [path])
      }
    }
  }
}
