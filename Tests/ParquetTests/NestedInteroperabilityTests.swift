import Foundation
import TestSupport
import Testing

@testable import Parquet

/// Has an environment of its own: daft and the Delta extension of DuckDB ask for older versions than the other tests use.
private let engines =
  ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_ENGINES"] == nil
  ? "pyarrow,duckdb,polars" : "pyarrow,duckdb,polars,daft,chdb"
private let python = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_PYTHON"]
private let scripts = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Interoperability")

@Suite(
  .fewAtOnce,
  .enabled(
    if: python != nil,
    "CLOUDSMITH_TEST_PYTHON names no Python"),
  .serialized)
struct `nested columns in other engines` {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "nested-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    try body(folder)
  }

  /// Has every engine read each file, and compares every cell.
  private func compare(_ files: [(name: String, file: NestedFile)]) throws {
    try withFolder { folder in
      for (name, file) in files { try file.write(name, to: folder) }
      let answer = try Command.output(
        try #require(python),
        [
          scripts.appending(path: "read-nested.py").path, engines, folder.path,
        ], statuses: [0, 1])
      #expect(String(decoding: answer, as: UTF8.self) == "\(files.count)\n\n")
    }
  }

  @Test func `other readers tell NULL from empty and from NULLs at every depth`() throws {
    let inner = ParquetType.group([ParquetField("l", .list(.list(.int32))), ParquetField("t", .text)])
    let fields = [
      ParquetField("id", .int64, isRequired: true), ParquetField("g", .group([ParquetField("a", inner)])),
      ParquetField("m", .map(.text, inner)), ParquetField("l", .list(inner)),
    ]
    let lists: [ParquetValue] = [
      .null, .list([]), .list([.null]), .list([.list([])]), .list([.list([.null])]),
      .list([.list([.int32(1), .null]), .null, .list([]), .list([.int32(2)])]),
    ]
    let inners: [ParquetValue] = lists.reduce(into: [.null]) {
      $0 += [.group([$1, .null]), .group([$1, .text("t")])]
    }
    var rows: [[ParquetValue]] = [[.int64(-1), .null, .null, .null]]
    for (number, inner) in inners.enumerated() {
      let id = ParquetValue.int64(Int64(number))
      rows.append([id, .group([inner]), .map([.init(.text("k"), inner)]), .list([inner])])
      rows.append([
        id, .null, .map([.init(.text("k"), .null), .init(.text(""), inner)]), .list([.null, inner, inner]),
      ])
    }
    rows.append([.int64(99), .null, .map([]), .list([])])
    rows.append([
      .int64(100), .null, .map(inners.enumerated().map { .init(.text("\($0)"), $1) }), .list(inners),
    ])
    try compare([
      ("one-group", NestedFile(fields: fields, rows: rows)),
      ("row-by-row", NestedFile(fields: fields, rows: rows, rowLimit: 1)),
      ("no-rows", NestedFile(fields: fields, rows: [])),
    ])
  }

  @Test func `other readers find the cells of random trees`() throws {
    try compare(
      (0..<30).map {
        (String(format: "seed-%03d", $0), NestedFile.random(seed: $0, rows: [1, 30, 300][$0 % 3]))
      })
  }

  /// 25,000 rows are three pages. The long texts make more, and of other rows than the pages of `id`.
  @Test func `other readers find rows of columns of many pages by a value`() throws {
    let inner = ParquetType.group([ParquetField("l", .list(.int64)), ParquetField("t", .text)])
    let fields = [
      ParquetField("id", .int64, isRequired: true), ParquetField("m", .map(.text, inner)),
      ParquetField("l", .list(.list(.binary))),
    ]
    let rows = (0..<25_000).map { number -> [ParquetValue] in
      let list = ParquetValue.list((0..<number % 4).map { .int64(Int64(number + $0)) })
      let text = number % 50 == 0 ? String(repeating: "\(number) ", count: 1_000) : "text \(number)"
      let group = ParquetValue.group([number % 5 == 0 ? .null : list, .text(text)])
      let entries = (0..<number % 3).map { ParquetValue.Entry(.text("k\($0)"), group) }
      let lists = (0..<number % 7).map { ParquetValue.list([.binary([UInt8($0)]), .null]) }
      return [.int64(Int64(number)), number % 11 == 0 ? .null : .map(entries), .list(lists)]
    }
    let file = NestedFile(
      fields: fields, rows: rows, filtered: [["id"], ["m", "key_value", "value", "t"]], searched: "id")
    try compare([("pages", file)])
  }
}
