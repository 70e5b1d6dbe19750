import AuditRecord
import DeltaTable
import TestSupport
import Testing

/// The bytes of versions, against literal text.
@Suite struct `Table versions` {
  /// A version of each action, with every member.
  static let full = TableVersion([
    .add(
      AddFile(
        path: "organization=acme/event_date=2024-02-12/part-00000.r0002-9bb6196f.parquet",
        partitionValues: ["organization": "acme", "event_date": "2024-02-12"], size: 4_821,
        modificationTime: 1_707_820_245_123,
        stats: FileStatistics(
          numRecords: 3,
          ranges: [
            .init(
              column: "event_at", least: Timestamp(microseconds: 1_707_733_845_123_456),
              greatest: Timestamp(microseconds: 1_707_733_845_123_456))
          ], columnsWithoutNull: ["uuid", "event_at"]
        ).text,
        tags: ["sha256": "9bb6"])),
    .remove(
      AddFile(
        path: "organization=acme/event_date=2024-02-12/part-00000.r0001-00aa11bb.parquet",
        partitionValues: ["organization": "acme", "event_date": "2024-02-12"], size: 4_000,
        modificationTime: 1
      ).removed(at: 1_707_820_245_123)),
    .metadata(
      TableMetadata(
        id: "7c0b2a52-6f0c-4d3f-9f6b-0a6b8f7a3f11", name: "cloudsmith_audit_log",
        description: "Audit \"log\"",
        schemaString: TableSchema([
          .init("uuid", .string, isNullable: false), .init("event_at", .timestamp, isNullable: false),
          .init("latitude", .double), .init("organization", .string), .init("event_date", .date),
        ]).schemaString,
        partitionColumns: ["organization", "event_date"], createdTime: 1_707_820_245_123)),
    .protocol(.supported),
    .transaction(
      SetTransaction(appId: "cloudsmith-audit-export:acme", version: 7, lastUpdated: 1_707_820_245_123)),
    .commitInfo(
      CommitInfo(
        timestamp: 1_707_820_245_123, operation: "WRITE",
        operationParameters: ["partitionBy": #"["organization","event_date"]"#, "mode": "Overwrite"],
        isBlindAppend: false, engineInfo: "cloudsmith-audit-export/1.0.0", txnId: "00ff")),
  ])

  static let fullText = #"""
    {"commitInfo":{"timestamp":1707820245123,"operation":"WRITE","operationParameters":{"mode":"Overwrite","partitionBy":"[\"organization\",\"event_date\"]"},"isBlindAppend":false,"engineInfo":"cloudsmith-audit-export/1.0.0","txnId":"00ff"}}
    {"txn":{"appId":"cloudsmith-audit-export:acme","version":7,"lastUpdated":1707820245123}}
    {"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
    {"metaData":{"id":"7c0b2a52-6f0c-4d3f-9f6b-0a6b8f7a3f11","name":"cloudsmith_audit_log","description":"Audit \"log\"","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"uuid\",\"type\":\"string\",\"nullable\":false,\"metadata\":{}},{\"name\":\"event_at\",\"type\":\"timestamp\",\"nullable\":false,\"metadata\":{}},{\"name\":\"latitude\",\"type\":\"double\",\"nullable\":true,\"metadata\":{}},{\"name\":\"organization\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},{\"name\":\"event_date\",\"type\":\"date\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":["organization","event_date"],"configuration":{},"createdTime":1707820245123}}
    {"remove":{"path":"organization=acme/event_date=2024-02-12/part-00000.r0001-00aa11bb.parquet","deletionTimestamp":1707820245123,"dataChange":true,"extendedFileMetadata":true,"partitionValues":{"event_date":"2024-02-12","organization":"acme"},"size":4000}}
    {"add":{"path":"organization=acme/event_date=2024-02-12/part-00000.r0002-9bb6196f.parquet","partitionValues":{"event_date":"2024-02-12","organization":"acme"},"size":4821,"modificationTime":1707820245123,"dataChange":true,"stats":"{\"numRecords\":3,\"minValues\":{\"event_at\":\"2024-02-12T10:30:45.123Z\"},\"maxValues\":{\"event_at\":\"2024-02-12T10:30:45.124Z\"},\"nullCount\":{\"uuid\":0,\"event_at\":0}}","tags":{"sha256":"9bb6"}}}

    """#

  @Test func `a version of every action has exactly these bytes, and reads back`() throws {
    #expect(String(decoding: Self.full.bytes, as: UTF8.self) == Self.fullText)
    #expect(try TableVersion(reading: Self.full.bytes) == Self.full)
  }

  @Test func `the order in which actions are given does not change the bytes`() throws {
    let adds = (0..<20).map { TableAction.add(.numbered($0)) }
    let transactions = ["b", "a", "é", "c"].map {
      TableAction.transaction(SetTransaction(appId: $0, version: 1))
    }
    let version = TableVersion(adds + transactions)
    var random = SeededRandom(seed: 5)
    for _ in 0..<10 {
      #expect(TableVersion((adds + transactions).shuffled(using: &random)).bytes == version.bytes)
    }
    #expect(version.bytes.starts(with: Array(#"{"txn":{"appId":"a","version":1}}"#.utf8)))
  }

  @Test func `members without a value are left out`() {
    let version = TableVersion([
      .commitInfo(CommitInfo()), .transaction(SetTransaction(appId: "a", version: 0)),
      .metadata(TableMetadata(id: "i", schemaString: "s", partitionColumns: [])),
      .remove(RemoveFile(path: "p", deletionTimestamp: nil, dataChange: false)),
      .add(AddFile(path: "q", partitionValues: [:], size: 0, modificationTime: -1, dataChange: false)),
    ])
    #expect(
      String(decoding: version.bytes, as: UTF8.self) == #"""
        {"commitInfo":{"operationParameters":{}}}
        {"txn":{"appId":"a","version":0}}
        {"metaData":{"id":"i","format":{"provider":"parquet","options":{}},"schemaString":"s","partitionColumns":[],"configuration":{}}}
        {"remove":{"path":"p","dataChange":false}}
        {"add":{"path":"q","partitionValues":{},"size":0,"modificationTime":-1,"dataChange":false}}

        """#)
  }

  @Test func `strings escape quotes, backslashes and control characters, and nothing else`() throws {
    let text = (0..<0x20).map { String(Unicode.Scalar(UInt8($0))) }.joined() + "\"\\/é😀\u{7F}\u{2028}<>&"
    let version = TableVersion([.commitInfo(CommitInfo(operation: text, operationParameters: [text: text]))])
    let escaped =
      #"\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015"#
      + #"\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\"\\/é😀"# + "\u{7F}\u{2028}<>&"
    #expect(
      String(decoding: version.bytes, as: UTF8.self)
        == #"{"commitInfo":{"operation":"\#(escaped)","operationParameters":{"\#(escaped)":"\#(escaped)"}}}"#
        + "\n")
    #expect(try TableVersion(reading: version.bytes) == version)
  }

  @Test func `a version without actions is an empty file`() throws {
    #expect(TableVersion([]).bytes.isEmpty)
    #expect(try TableVersion(reading: []) == TableVersion([]))
  }

  @Test func `a version tells the transaction of each application, and its writer`() {
    #expect(Self.full.transactionVersion(of: "cloudsmith-audit-export:acme") == 7)
    #expect(Self.full.transactionVersion(of: "cloudsmith-audit-export:acm") == nil)
    #expect(Self.full.commitInfo?.txnId == "00ff")
    #expect(TableVersion([]).commitInfo == nil)
  }

  @Test func `file names are made and parsed exactly`() {
    let names: [(TableLogFile, String)] = [
      (.version(0), "00000000000000000000.json"), (.version(42), "00000000000000000042.json"),
      (.version(.max), "09223372036854775807.json"),
      (.checkpoint(100), "00000000000000000100.checkpoint.parquet"), (.lastCheckpoint, "_last_checkpoint"),
    ]
    for (file, name) in names {
      #expect(file.name == name)
      #expect(TableLogFile(name: name) == file)
      #expect(file.path == "_delta_log/\(name)")
    }
    let others = [
      "", "0.json", "00000000000000000000.JSON", "000000000000000000000.json", "0000000000000000000.json",
      "00000000000000000000.crc", "00000000000000000000.json.tmp", ".00000000000000000000.json",
      "09223372036854775808.json", "99999999999999999999.json", "-0000000000000000001.json",
      "+0000000000000000001.json", "٠0000000000000000000.json", "_last_checkpoint ",
      "00000000000000000010.checkpoint.0000000001.0000000002.parquet",
      "00000000000000000010.checkpoint.3a0d65cd-4056-49b8-937b-95f9e3ee90e5.parquet",
      "00000000000000000000.00000000000000000009.compacted.json",
    ]
    for name in others { #expect(TableLogFile(name: name) == nil, "\(name)") }
  }
}

extension AddFile {
  /// A file of one day of `acme`, different for each number.
  static func numbered(_ number: Int) -> AddFile {
    let day = "2024-02-\(number % 28 + 1 < 10 ? "0" : "")\(number % 28 + 1)"
    return AddFile(
      path: "organization=acme/event_date=\(day)/part-\(number).r0001-00000000.parquet",
      partitionValues: ["organization": "acme", "event_date": day], size: 1_000 + number,
      modificationTime: 1_707_820_245_123 + number, stats: #"{"numRecords":\#(number)}"#,
      tags: ["sha256": "\(number)"])
  }
}
