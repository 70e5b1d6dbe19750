import AuditRecord
import Foundation
import PartitionFormats
import Testing

private let python = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_PYTHON"]

@Suite(.enabled(if: python != nil, "CLOUDSMITH_TEST_PYTHON names no Python with pyarrow, duckdb and polars"))
struct `pyarrow, DuckDB and polars` {
  private static let script = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Interoperability/read-parquet-part.py")

  /// Writes both kinds of part of each table, and has the script compare them.
  private func compare(_ tables: [(name: String, rows: [Row])]) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "parquet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    for table in tables {
      try Data(try ParquetPart(table.rows).file).write(to: folder.appending(path: "\(table.name).parquet"))
      try Data(try Gzip.compress(csv(table.rows))).write(to: folder.appending(path: "\(table.name).csv.gz"))
    }
    let answer = try OtherProgram.run(
      try #require(python), [Self.script.path, folder.path], input: [], statuses: [0, 1])
    #expect(String(decoding: answer, as: UTF8.self) == "\(tables.count)\n\n")
  }

  @Test func `find the cells of hostile rows`() throws {
    var random = LocalSplitMix64(seed: 31)
    let hostile = Row.hostile.map { Row(text: [.uuid: "u", .actor: $0, .additionalFields: $0]) }
    let mixed = (0..<3_000).map { _ in Row.random(using: &random) }
    let long = Row(text: [.uuid: "long", .object: String(repeating: "a long value\r\n", count: 200_000)])
    try compare([("hostile", hostile), ("mixed", mixed), ("long", mixed + [long]), ("empty", [])])
  }

  @Test func `find the cells of random tables, as the metadata describes them`() throws {
    try compare((0..<240).map { ("table\($0)", RandomTable.rows(seed: UInt64($0))) })
  }
}
