import AuditRecord
import Compression
import Foundation
import Parquet
import PartitionFormats
import TestSupport
import Testing

private let environment = ProcessInfo.processInfo.environment
private let python = environment["CLOUDSMITH_TEST_PYTHON"]
/// `Scripts/test --engines` names more.
private let engines = environment["CLOUDSMITH_TEST_ENGINES"] ?? "pyarrow,duckdb,polars"

@Suite(
  .fewAtOnce,
  .enabled(if: python != nil, "CLOUDSMITH_TEST_PYTHON names no Python with pyarrow, duckdb and polars"),
  .serialized)
struct `Other engines` {
  private static let scripts = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Interoperability")

  /// In a build with zstd every other part is compressed so.
  private func compression(_ index: Int) -> ParquetCompression {
    ParquetCompression.hasZstd && index % 2 == 1 ? .zstd(level: 3) : .gzip(level: 6)
  }

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
        try Data(try ParquetPart(rows, compression(index)).file).write(
          to: file.appendingPathExtension("parquet"))
        try Data(try Gzip.compress(csv(rows), level: 1)).write(to: file.appendingPathExtension("csv.gz"))
      }
      paths.append(folder.path)
    }
    let answer = try Command.output(
      try #require(python), [Self.scripts.appending(path: "read-parquet-part.py").path, engines] + paths,
      input: [], statuses: [0, 1])
    #expect(String(decoding: answer, as: UTF8.self) == "\(folders.reduce(0) { $0 + $1.count })\n\n")
  }

  @Test func `other readers find the cells of hostile rows`() throws {
    var random = SeededRandom(seed: 31)
    let hostile = Row.hostile.map { Row(text: [.uuid: "u", .actor: $0, .additionalFields: $0]) }
    let mixed = (0..<3_000).map { _ in Row.random(using: &random) }
    let long = Row(text: [.uuid: "long", .object: String(repeating: "a long value\r\n", count: 200_000)])
    try compare([[hostile], [mixed], [mixed + [long]], [[]]])
  }

  /// A table's number is its seed.
  @Test func `other readers find the cells of a thousand random tables as their metadata states`() throws {
    try compare(
      (0..<10).map { folder in (0..<100).map { RandomTable.rows(seed: 100 * folder + $0) } })
  }

  /// What an engine's own counters say of a query.
  private struct Reading: Decodable, Equatable {
    var rows: Int
    /// Row groups that were read, and that there are.
    var groups: Int
    var of: Int
    var pagesPassedOver: Int?
  }

  @Test func `other readers read one row group for part of a day, or only its pages`() throws {
    var random = SeededRandom(seed: 32)
    var batch = RowBatch()
    let start = Int64(1_707_733_845_123_456)
    let uuids = (0..<120_000).map { _ in String(random.next(), radix: 16) + "-0000" }
    for (row, uuid) in uuids.enumerated() {
      let time = Timestamp(microseconds: start + Int64(row) * 1_000)
      batch.append(Row(text: [.uuid: uuid, .object: "o\(row % 100)"], eventAt: time))
    }
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).parquet")
    try Data(try ParquetPart(batch).file).write(to: file)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }

    let (first, last) = (start + 60_000_000, start + 61_000_000)
    let script = Self.scripts.appending(path: "prune-parquet-part.py").path
    let answer = try Command.output(
      try #require(python), [script, engines, file.path, "\(first)", "\(last)", uuids[70_000]], input: [])
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let found = try decoder.decode([String: [String: Reading]].self, from: Data(answer))
    #expect(found.count >= 2)
    for (engine, readings) in found {
      let times = try #require(readings["times"])
      #expect((times.rows, times.groups, times.of) == (1_000, 1, 3), "\(engine)")
      #expect(readings["present"]?.rows == 1 && readings["absent"]?.rows == 0, "\(engine)")
    }
    // Of the five pages of the row group one is wanted.
    if let chdb = found["chdb"] { #expect(chdb["times"]?.pagesPassedOver == 4) }
    // DuckDB asks the bloom filters. Only version 2 counts, which `Scripts/test --engines` has.
    if let duckdb = found["duckdb"] {
      #expect(duckdb["present"] == Reading(rows: 1, groups: 1, of: 3))
      #expect(duckdb["absent"] == Reading(rows: 0, groups: 0, of: 3))
    }
  }
}

@Suite(.fewAtOnce) struct `Python's gzip and csv` {
  private static let script = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Interoperability/read-csv-part.py")

  /// The cells as the script prints them.
  private func cells(_ row: Row) -> [String] {
    var texts = TextColumn.allCases.makeIterator()
    return Column.allCases.map { column in
      switch column.kind {
      case .string: texts.next().flatMap { row.text[$0] } ?? ""
      case .timestamp: row.eventAt.description
      case .float64: bits(column == .actorLocationLatitude ? row.latitude : row.longitude)
      }
    }
  }

  private func bits(_ value: Double) -> String {
    guard !value.isNaN else { return "" }
    let digits = String(value.bitPattern, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test(arguments: [21, 22]) func `other readers find the cells of hostile rows across several gzip members`(
    seed: Int
  ) async throws {
    var random = SeededRandom(seed: seed)
    var rows = Row.hostile.map { Row(text: [.uuid: "u", .actor: $0, .additionalFields: $0]) }
    rows += (0..<2_000).map { _ in Row.random(using: &random) }
    let long = String(repeating: "a long value, with \"quotes\"\r\n", count: 50_000)
    rows.append(Row(text: [.uuid: "long", .object: long]))
    let batch = RowBatch(rows)
    var content = DayContentHash()
    var file: [UInt8] = []
    var writer = try CSVPartWriter()
    _ = try await writer.append(RowSelection(batch), content: &content) { file += $0 }
    let summary = try await writer.finish(content: &content) { file += $0 }
    #expect(summary.uncompressedBytes > GzipWriter.memberLength)

    let output = try Command.output("python3", [Self.script.path], input: file)
    let found = try JSONDecoder().decode([[String]].self, from: Data(output))
    #expect(found.first == Column.allCases.map(\.name))
    #expect(found.count == rows.count + 1)
    for (row, cells) in zip(rows, found.dropFirst()) {
      let same = zip(self.cells(row), cells).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
      #expect(same && cells.count == Column.allCases.count, "seed \(seed): \(cells)")
    }
  }
}
