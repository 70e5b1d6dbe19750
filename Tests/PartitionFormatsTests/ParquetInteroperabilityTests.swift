import AuditRecord
import Foundation
import PartitionFormats
import Testing

private let environment = ProcessInfo.processInfo.environment
private let python = environment["CLOUDSMITH_TEST_PYTHON"]
/// `Scripts/test --engines` names more.
private let engines = environment["CLOUDSMITH_TEST_ENGINES"] ?? "pyarrow,duckdb,polars"

@Suite(
  .enabled(if: python != nil, "CLOUDSMITH_TEST_PYTHON names no Python with pyarrow, duckdb and polars"),
  .serialized)
struct `Other engines` {
  private static let script = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Interoperability/read-parquet-part.py")

  /// Writes both kinds of part of each table, and has the script compare them; it reads a folder of them at one go.
  private func compare(_ folders: [[[Row]]]) throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "parquet-\(UUID().uuidString)")
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: root) } }
    var paths: [String] = []
    for (number, tables) in folders.enumerated() {
      let folder = root.appending(path: "\(number)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (index, rows) in tables.enumerated() {
        let file = folder.appending(path: String(format: "table-%04d", index))
        try Data(try ParquetPart(rows).file).write(to: file.appendingPathExtension("parquet"))
        try Data(try Gzip.compress(csv(rows), level: 1)).write(to: file.appendingPathExtension("csv.gz"))
      }
      paths.append(folder.path)
    }
    let answer = try OtherProgram.run(
      try #require(python), [Self.script.path, engines] + paths, input: [], statuses: [0, 1])
    #expect(String(decoding: answer, as: UTF8.self) == "\(folders.reduce(0) { $0 + $1.count })\n\n")
  }

  @Test func `find the cells of hostile rows`() throws {
    var random = LocalSplitMix64(seed: 31)
    let hostile = Row.hostile.map { Row(text: [.uuid: "u", .actor: $0, .additionalFields: $0]) }
    let mixed = (0..<3_000).map { _ in Row.random(using: &random) }
    let long = Row(text: [.uuid: "long", .object: String(repeating: "a long value\r\n", count: 200_000)])
    try compare([[hostile], [mixed], [mixed + [long]], [[]]])
  }

  /// A table's number is its seed.
  @Test func `find the cells of a thousand random tables, as the metadata describes them`() throws {
    try compare(
      (0..<10).map { folder in (0..<100).map { RandomTable.rows(seed: UInt64(100 * folder + $0)) } })
  }
}
