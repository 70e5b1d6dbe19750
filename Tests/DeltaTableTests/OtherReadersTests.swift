import AuditRecord
import DeltaTable
import Foundation
import Parquet
import TestSupport
import Testing

private let environment = ProcessInfo.processInfo.environment
private let python = environment["CLOUDSMITH_TEST_PYTHON"]
private let engines =
  (environment["CLOUDSMITH_TEST_TABLE_ENGINES"] ?? "deltalake,duckdb,polars").split(separator: ",")
  .map(String.init).filter { $0 != "pysail" }

/// Tables that deltalake (delta-rs), DuckDB and chdb (both delta-kernel-rs), polars and daft read.
@Suite(
  .fewAtOnce,
  .enabled(
    if: python != nil,
    "CLOUDSMITH_TEST_PYTHON names no Python"
  ),
  .serialized)
struct `Delta tables in other engines` {
  private static let script = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Interoperability/read-delta-table.py")

  /// A table in a folder, with what it must hold.
  private struct Table {
    struct Row {
      var uuid: String
      var time: Int64
      var actor: String?
      var latitude: Double?
      /// In a column that the table does not have at first.
      var zone: String?
    }

    static let applications = ["cloudsmith-audit-export:acme", "cloudsmith-audit-export:a-b", "absent"]

    let folder: Folder
    var snapshot = TableSnapshot()
    /// By path.
    var rows: [String: [Row]] = [:]
    /// Whether the table, and each new file, has the column `zone`.
    private var hasZone = false

    /// The partition columns are last, as in the tables of archives.
    private var metadata: TableMetadata {
      let columns: [TableSchema.Column] = [
        .init("uuid", .string, isNullable: false), .init("event_at", .timestamp, isNullable: false),
        .init("actor", .string), .init("latitude", .double),
      ]
      let schema = TableSchema(
        columns + (hasZone ? [.init("zone", .string)] : []) + [
          .init("organization", .string), .init("event_date", .date),
        ])
      return TableMetadata(
        id: "7c0b2a52-6f0c-4d3f-9f6b-0a6b8f7a3f11", name: "cloudsmith_audit_log", description: "Audit log",
        schemaString: schema.schemaString, partitionColumns: ["organization", "event_date"],
        createdTime: 1_707_820_245_123)
    }

    init(_ folder: Folder) throws {
      self.folder = folder
      try commit([.protocol(.supported), .metadata(metadata)])
      try folder.write(
        String(decoding: JSONEncoder().encode(Self.applications), as: UTF8.self), to: "applications.json")
    }

    /// The action of the version that adds the column `zone` to the table.
    mutating func addZone() -> TableAction {
      hasZone = true
      return .metadata(metadata)
    }

    mutating func commit(_ actions: [TableAction]) throws {
      let number = snapshot.version + 1
      let info = CommitInfo(
        timestamp: 1_707_820_245_123 + number, operation: number == 0 ? "CREATE TABLE" : "WRITE",
        operationParameters: ["mode": "Overwrite", "partitionBy": #"["organization","event_date"]"#],
        isBlindAppend: false, engineInfo: "cloudsmith-audit-export/1.0.0", txnId: "\(number)")
      let version = TableVersion([.commitInfo(info)] + actions)
      try snapshot.apply(version, number: number)
      try folder.write(version.bytes, to: TableLogFile.version(number).path)
      for case .remove(let file) in actions { rows[file.path] = nil }
    }

    /// Write a data file, and return its `add`.
    mutating func part(_ organization: String, _ day: Day, _ name: String, _ rows: [Row]) throws -> AddFile {
      let path = "organization=\(organization)/event_date=\(day)/\(name).parquet"
      let schema = try ParquetSchema(
        name: "audit_log",
        fields: [
          ParquetField("uuid", .text, isRequired: true),
          ParquetField("event_at", .timestamp, isRequired: true),
          ParquetField("actor", .text), ParquetField("latitude", .double),
        ] + (hasZone ? [ParquetField("zone", .text)] : []))
      var writer = try ParquetRecordWriter(schema, createdBy: "test version 1.0.0 (build 1)", .gzip(level: 1))
      var bytes: [UInt8] = []
      let values = rows.map { row in
        [
          ParquetValue.text(row.uuid), .timestamp(row.time), row.actor.map { .text($0) } ?? .null,
          row.latitude.map { .double($0) } ?? .null,
        ] + (hasZone ? [row.zone.map { .text($0) } ?? .null] : [])
      }
      try writer.append(values) { bytes += $0 }
      try writer.finish { bytes += $0 }
      try folder.write(bytes, to: path)
      let times = rows.map { Timestamp(microseconds: $0.time) }
      let file = AddFile(
        path: TablePath.encode(path),
        partitionValues: ["organization": organization, "event_date": day.description], size: bytes.count,
        modificationTime: 1_707_820_245_123,
        stats: FileStatistics(
          numRecords: rows.count,
          ranges: [
            .init(column: "event_at", least: try #require(times.min()), greatest: try #require(times.max()))
          ],
          columnsWithoutNull: ["uuid", "event_at"]
        ).text, tags: ["sha256": "00"])
      self.rows[file.path] = rows
      return file
    }

    /// The lines that the script must print.
    func expected() throws -> [String] {
      let rows = snapshot.files.flatMap { file in
        (self.rows[file.path] ?? []).map { ($0, file.partitionValues) }
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = .withoutEscapingSlashes
      func text(_ value: (some Encodable)?) throws -> String {
        try value.map { String(decoding: try encoder.encode($0), as: UTF8.self) } ?? "null"
      }
      let lines = try rows.sorted { $0.0.uuid < $1.0.uuid }.map { row, partition in
        let day = try text(partition["event_date"] ?? nil)
        let organization = try text(partition["organization"] ?? nil)
        let cells = try
          "\(text(row.actor)),\(row.time),\(day),\(text(row.latitude)),\(organization),\(text(row.uuid))"
        return try hasZone ? "[\(cells),\(text(row.zone))]" : "[\(cells)]"
      }
      let transactions = try Self.applications.map {
        "\(try text($0)):\(try text(snapshot.transactions[$0]?.version))"
      }
      let counts = #""files":\#(snapshot.fileCount),"rows":\#(rows.count)"#
      return [
        #"{"version":\#(snapshot.version),\#(counts),"transactions":{\#(transactions.joined(separator: ","))}}"#
      ]
        + Array(repeating: "[\(lines.joined(separator: ","))]", count: engines.count)
    }

    /// Have all readers read the table, and compare.
    func check(_ name: Comment) throws {
      let answer = try Command.output(
        try #require(python),
        [`Delta tables in other engines`.script.path, engines.joined(separator: ","), folder.path],
        input: [], statuses: [0])
      let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n").map(String.init)
      let expected = try expected()
      try #require(lines.count == expected.count, name)
      for (line, expected) in zip(lines, expected) { #expect(line == expected, name) }
    }

    func writeCheckpoint(at time: Int = 1_707_820_245_123) throws {
      let checkpoint = try TableCheckpoint(snapshot, at: time, createdBy: "test version 1.0.0 (build 1)")
      try folder.write(checkpoint.bytes, to: TableLogFile.checkpoint(snapshot.version).path)
      try folder.write(checkpoint.hint.bytes, to: TableLogFile.lastCheckpoint.path)
    }

    func removeVersions() throws {
      for number in 0...snapshot.version {
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(TableLogFile.version(number).path)")
      }
    }
  }

  private static func rows(_ day: Day, _ count: Int, _ random: inout SeededRandom) -> [Table.Row] {
    let actors = [nil, "", "NULL", "\\N", "é😀", "a\"b\\c\nd", "null"]
    return (0..<count).map { _ in
      Table.Row(
        uuid: String(random.next(), radix: 16),
        time: day.start.microseconds + Int64.random(in: 0..<Day.microseconds, using: &random),
        actor: random.pick(actors), latitude: random.pick([nil, 0.5, -12.25, 52.125]))
    }
  }

  private static func transaction(_ organization: String, _ version: Int) -> TableAction {
    .transaction(
      SetTransaction(
        appId: "cloudsmith-audit-export:\(organization)", version: version, lastUpdated: 1_707_820_245_123))
  }

  @Test func `they read every cell, from versions, from a checkpoint, and from both`() throws {
    try Folder.with { folder in
      var random = SeededRandom(seed: 12)
      var table = try Table(folder)
      try table.check("empty")
      let days = (0..<3).map { Day(number: 19_765 + $0) }

      let files = try days.map { try table.part("acme", $0, "part-00000.r0001", Self.rows($0, 20, &random)) }
      try table.commit([Self.transaction("acme", 1)] + files.map { .add($0) })
      let other = try table.part("a-b", days[1], "part 1+%.r0001", Self.rows(days[1], 5, &random))
      try table.commit([Self.transaction("a-b", 1), .add(other)])
      try table.check("two organisations, and a path with escapes")
      let revised = try table.part("acme", days[0], "part-00000.r0002", Self.rows(days[0], 7, &random))
      try table.commit([
        Self.transaction("acme", 2), .remove(files[0].removed(at: 1_707_820_245_123)),
        .remove(files[1].removed(at: 1_707_820_245_123)), .add(revised),
      ])
      try table.check("a day revised and a day emptied")

      try table.writeCheckpoint()
      try table.removeVersions()
      try table.check("the checkpoint alone")
      let later = try table.part("acme", days[1], "part-00000.r0003", Self.rows(days[1], 9, &random))
      try table.commit([Self.transaction("acme", 3), .add(later)])
      try table.check("a version after the checkpoint")
      try table.writeCheckpoint(at: .max / 2)
      try FileManager.default.removeItem(atPath: "\(folder.path)/\(TableLogFile.checkpoint(3).path)")
      try table.check("a second checkpoint without tombstones")
    }
  }

  @Test func `a column that a later version adds is NULL in the rows of older files`() throws {
    try Folder.with { folder in
      var random = SeededRandom(seed: 14)
      var table = try Table(folder)
      let days = (0..<3).map { Day(number: 19_765 + $0) }
      let files = try days.prefix(2).map {
        try table.part("acme", $0, "part-00000.r0001", Self.rows($0, 9, &random))
      }
      try table.commit([Self.transaction("acme", 1)] + files.map { .add($0) })
      let metadata = table.addZone()
      let added = try days.dropFirst().map { day in
        var rows = Self.rows(day, 9, &random)
        for index in rows.indices { rows[index].zone = random.pick([nil, "", "NULL", "Europe/Lisbon"]) }
        return try table.part("acme", day, "part-00000.r0002", rows)
      }
      try table.commit(
        [Self.transaction("acme", 2), metadata, .remove(files[1].removed(at: 1_707_820_245_123))]
          + added.map { .add($0) })
      try table.check("a column added by a commit that replaces a day")
      try table.writeCheckpoint()
      try table.removeVersions()
      try table.check("the checkpoint alone")
    }
  }

  @Test func `a checkpoint of 30,000 files is read whole by deltalake`() throws {
    try Folder.with { folder in
      let snapshot = try `Table checkpoints`.large()
      let checkpoint = try TableCheckpoint(snapshot, at: 0, createdBy: "test version 1.0.0 (build 1)")
      try folder.write(checkpoint.bytes, to: TableLogFile.checkpoint(snapshot.version).path)
      try folder.write(checkpoint.hint.bytes, to: TableLogFile.lastCheckpoint.path)
      let answer = try Command.output(
        try #require(python), [Self.script.path, "", folder.path], input: [], statuses: [0])
      let rows = (0..<30_000).reduce(0, +)
      #expect(
        String(decoding: answer, as: UTF8.self)
          == #"{"version":1,"files":30000,"rows":\#(rows),"transactions":{}}"# + "\n")
    }
  }

  @Test func `versions that deltalake writes are folded, and its checkpoint is refused`() throws {
    struct Answer: Decodable {
      var version: Int
      var files: [String: Int]
    }
    try Folder.with { folder in
      var random = SeededRandom(seed: 13)
      var table = try Table(folder)
      let days = (0..<3).map { Day(number: 19_765 + $0) }
      let files = try days.map { try table.part("acme", $0, "part-00000.r0001", Self.rows($0, 20, &random)) }
      try table.commit([Self.transaction("acme", 1)] + files.map { .add($0) })

      let script = Self.script.deletingLastPathComponent().appending(path: "change-delta-table.py").path
      let output = try Command.output(
        try #require(python), [script, folder.path, days[1].description], input: [], statuses: [0])
      let answer = try JSONDecoder().decode(Answer.self, from: Data(output))
      func read(_ file: TableLogFile) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "\(folder.path)/\(file.path)")))
      }
      var snapshot = table.snapshot
      for number in 2...answer.version {
        let version = try TableVersion(reading: read(.version(number)))
        #expect(version.commitInfo?.engineInfo?.hasPrefix("delta-rs") == true)
        try snapshot.apply(version, number: number)
      }
      #expect(snapshot.fileCount == answer.files.count)
      for (path, rows) in answer.files {
        let stats = try #require(snapshot.file(at: path)?.stats)
        #expect(FileStatistics.numRecords(of: stats) == rows)
      }
      #expect(snapshot.file(at: files[1].path) == nil)

      #expect(throws: ParquetError.self) {
        try TableSnapshot(checkpoint: read(.checkpoint(answer.version)), version: answer.version)
      }
      #expect(LastCheckpoint(reading: try read(.lastCheckpoint))?.version == answer.version)
    }
  }
}
