import Foundation
import TestSupport
import Testing

@testable import Parquet

private let python = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_DELTA_PYTHON"]
private let scripts = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Interoperability")

/// The columns of a classic checkpoint (Delta protocol, "Checkpoint Schema"), all optional, one row for each action.
private enum Checkpoint {
  static let fields: [ParquetField] = [
    ParquetField(
      "txn",
      .group([
        ParquetField("appId", .text), ParquetField("version", .int64), ParquetField("lastUpdated", .int64),
      ])),
    ParquetField(
      "add",
      .group([
        ParquetField("path", .text), ParquetField("partitionValues", .map(.text, .text)),
        ParquetField("size", .int64), ParquetField("modificationTime", .int64),
        ParquetField("dataChange", .boolean), ParquetField("stats", .text),
        ParquetField("tags", .map(.text, .text)),
      ])),
    ParquetField(
      "remove",
      .group([
        ParquetField("path", .text), ParquetField("deletionTimestamp", .int64),
        ParquetField("dataChange", .boolean), ParquetField("extendedFileMetadata", .boolean),
        ParquetField("partitionValues", .map(.text, .text)), ParquetField("size", .int64),
      ])),
    ParquetField(
      "metaData",
      .group([
        ParquetField("id", .text), ParquetField("name", .text), ParquetField("description", .text),
        ParquetField(
          "format", .group([ParquetField("provider", .text), ParquetField("options", .map(.text, .text))])),
        ParquetField("schemaString", .text), ParquetField("partitionColumns", .list(.text)),
        ParquetField("createdTime", .int64), ParquetField("configuration", .map(.text, .text)),
      ])),
    ParquetField(
      "protocol",
      .group([ParquetField("minReaderVersion", .int32), ParquetField("minWriterVersion", .int32)])),
  ]

  static func file(_ actions: [(column: String, value: ParquetValue)]) throws -> [UInt8] {
    let rows = actions.map { action in
      fields.map { $0.name == action.column ? action.value : .null }
    }
    return try NestedFile(fields: fields, rows: rows, filtered: [["add", "path"]]).parquet
  }
}

@Suite(
  .fewAtOnce,
  .enabled(
    if: python != nil,
    "CLOUDSMITH_TEST_DELTA_PYTHON names no Python with deltalake, duckdb, polars, daft and chdb"),
  .serialized)
struct `Delta checkpoints` {
  private static let schemaString =
    #"{"type":"struct","fields":[{"name":"uuid","type":"string","nullable":false,"metadata":{}},"#
    + #"{"name":"note","type":"string","nullable":true,"metadata":{}},"#
    + #"{"name":"organization","type":"string","nullable":true,"metadata":{}},"#
    + #"{"name":"event_date","type":"date","nullable":true,"metadata":{}}]}"#

  /// A part of a day, with a name that its URI encodes.
  private struct Part {
    var day: String
    var number: Int
    var rows: [(uuid: String, note: String?)]
    var size = 0

    var folder: String { "organization=acme/event_date=\(day)" }
    var name: String { "part \(number).parquet" }
    var path: String { "\(folder)/part%20\(number).parquet" }
    var stats: String { #"{"numRecords":\#(rows.count),"nullCount":{"uuid":0}}"# }

    mutating func write(to root: URL) throws {
      let schema = ParquetSchema(
        name: "schema",
        columns: [ParquetColumn("uuid", .text, isRequired: true), ParquetColumn("note", .text)])
      var writer = try ParquetRecordWriter(
        schema, createdBy: "test version 1.0.0 (build 1)", .gzip(level: 1))
      var file: [UInt8] = []
      try writer.append(rows.map { [.text($0.uuid), $0.note.map { .text($0) } ?? .null] }) { file += $0 }
      try writer.finish { file += $0 }
      size = file.count
      let folder = root.appending(path: folder)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(file).write(to: folder.appending(path: name))
    }

    var partitionValues: [ParquetValue.Entry] {
      [.init(.text("organization"), .text("acme")), .init(.text("event_date"), .text(day))]
    }

    var add: ParquetValue {
      .group([
        .text(path), .map(partitionValues), .int64(Int64(size)), .int64(1_707_733_845_000), .boolean(true),
        .text(stats), .map([.init(.text("sha256"), .text("00ff"))]),
      ])
    }

    var remove: ParquetValue {
      .group([
        .text(path), .int64(1_707_733_845_000), .boolean(true), .boolean(true), .map(partitionValues),
        .int64(Int64(size)),
      ])
    }

    var json: [String: Any] {
      [
        "path": path, "partitionValues": ["organization": "acme", "event_date": day], "size": size,
        "modificationTime": 1_707_733_846_000, "dataChange": true, "stats": stats, "tags": ["sha256": "00ff"],
      ]
    }
  }

  private static let opening: [(String, ParquetValue)] = [
    ("protocol", .group([.int32(1), .int32(2)])),
    (
      "metaData",
      .group([
        .text("5fba94ed-9794-4965-ba6e-6ee3c0d22af9"), .text("cloudsmith_audit_log"), .null,
        .group([.text("parquet"), .map([])]), .text(schemaString),
        .list([.text("organization"), .text("event_date")]), .int64(1_707_733_845_000), .map([]),
      ])
    ),
    ("txn", .group([.text("cloudsmith-audit-export:acme"), .int64(11), .int64(1_707_733_845_000)])),
    ("txn", .group([.text("cloudsmith-audit-export:other"), .int64(3), .null])),
  ]

  /// A table at version 11: a checkpoint of version 10, without the versions before, and one version after it that replaces a part.
  @Test func `other readers open a table by its checkpoint alone, and read on from there`() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "delta-\(UUID().uuidString)")
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: root) } }
    let log = root.appending(path: "_delta_log")
    try FileManager.default.createDirectory(at: log, withIntermediateDirectories: true)
    var parts = (1...3).map { number in
      Part(
        day: "2024-02-\(10 + number)", number: number,
        rows: (0..<100 * number).map { ("\(number)-\($0)", [nil, "", "é\n\"\u{1f600}", "\\N"][$0 % 4]) })
    }
    parts.append(Part(day: "2024-02-11", number: 4, rows: [("replaced", "yes")]))
    for index in parts.indices { try parts[index].write(to: root) }
    let removed = Part(day: "2024-02-09", number: 0, rows: [], size: 10)
    let actions =
      Self.opening + [("remove", removed.remove)] + parts[..<3].map { ("add", $0.add) }
    let checkpoint = try Checkpoint.file(actions)
    try Data(checkpoint).write(to: log.appending(path: "00000000000000000010.checkpoint.parquet"))
    try Data(#"{"version":10,"size":\#(actions.count),"sizeInBytes":\#(checkpoint.count)}"#.utf8).write(
      to: log.appending(path: "_last_checkpoint"))
    let remove: [String: Any] = [
      "path": parts[0].path, "deletionTimestamp": 1_707_733_846_000, "dataChange": true,
    ]
    let next: [[String: Any]] = [
      ["commitInfo": ["timestamp": 1_707_733_846_000, "operation": "WRITE"]],
      ["txn": ["appId": "cloudsmith-audit-export:acme", "version": 12, "lastUpdated": 1_707_733_846_000]],
      ["remove": remove], ["add": parts[3].json],
    ]
    let lines = try next.map { try JSONSerialization.data(withJSONObject: $0) + Data("\n".utf8) }
    try Data(lines.joined()).write(to: log.appending(path: "00000000000000000011.json"))

    let rows = parts[1...].flatMap { part in
      part.rows.map { [$0.uuid, $0.note as Any? ?? NSNull(), "acme", part.day] }
    }
    let expected: [String: Any] = [
      "rows": rows, "version": 11,
      "transactions": ["cloudsmith-audit-export:acme": 12, "cloudsmith-audit-export:other": 3],
      "name": "cloudsmith_audit_log", "partition_columns": ["organization", "event_date"],
    ]
    let answer = try Command.output(
      try #require(python), [scripts.appending(path: "read-delta-checkpoint.py").path, root.path],
      input: Array(try JSONSerialization.data(withJSONObject: expected)), statuses: [0, 1])
    #expect(String(decoding: answer, as: UTF8.self) == "deltalake polars duckdb chdb daft\n\n")
  }
}
