import DeltaTable
import TestSupport
import Testing

@Suite struct `Table snapshots` {
  static let metadata = TableMetadata(
    id: "7c0b2a52-6f0c-4d3f-9f6b-0a6b8f7a3f11", name: "cloudsmith_audit_log",
    schemaString: TableSchema([
      .init("uuid", .string, isNullable: false), .init("organization", .string), .init("event_date", .date),
    ]).schemaString, partitionColumns: ["organization", "event_date"], createdTime: 1_707_820_245_123)

  static let first = TableVersion([.protocol(.supported), .metadata(metadata)])

  /// A snapshot of these versions, of which the first is number 0.
  static func fold(_ versions: [TableVersion]) throws -> TableSnapshot {
    var snapshot = TableSnapshot()
    for (number, version) in versions.enumerated() { try snapshot.apply(version, number: number) }
    return snapshot
  }

  @Test func `files are added, replaced by path and removed`() throws {
    var replaced = AddFile.numbered(2)
    replaced.size = 77
    let snapshot = try Self.fold([
      Self.first, TableVersion((0..<4).map { .add(.numbered($0)) }),
      TableVersion([.remove(AddFile.numbered(1).removed(at: 5)), .add(replaced)]),
      TableVersion([.remove(AddFile.numbered(9).removed(at: 6))]),
    ])
    #expect(snapshot.version == 3)
    #expect(snapshot.fileCount == 3)
    #expect(snapshot.files.map(\.size) == [1_000, 77, 1_003])
    #expect(snapshot.files.allSatisfy { !$0.dataChange })
    #expect(snapshot.file(at: AddFile.numbered(1).path) == nil)
    #expect(snapshot.file(at: AddFile.numbered(3).path)?.tags == ["sha256": "3"])
    #expect(snapshot.files(where: ["event_date": "2024-02-03"]).map(\.size) == [77])
    #expect(snapshot.files(where: ["organization": "acme"]) == snapshot.files)
    #expect(snapshot.files(where: ["organization": "other"]).isEmpty)
    #expect(snapshot.files(where: ["repository": "r"]).isEmpty)
  }

  @Test func `a path that another producer encodes differently names the same file`() throws {
    let add = AddFile(path: "a=b/c.parquet", partitionValues: [:], size: 1, modificationTime: 1)
    let removal = TableVersion([
      .remove(RemoveFile(path: "a%3Db/c.parquet", deletionTimestamp: 1, dataChange: true))
    ])
    let snapshot = try Self.fold([Self.first, TableVersion([.add(add)]), removal])
    #expect(snapshot.files.isEmpty)
    let again = try Self.fold([Self.first, TableVersion([.add(add)]), removal, TableVersion([.add(add)])])
    #expect(again.file(at: "%61%3db/c.parquet")?.path == "a=b/c.parquet")
    #expect(again.actions.count == 3)
  }

  @Test func `the newest transaction of each application, protocol and metadata win`() throws {
    var renamed = Self.metadata
    renamed.name = "other"
    let snapshot = try Self.fold([
      Self.first,
      TableVersion([
        .transaction(SetTransaction(appId: "a", version: 9)),
        .transaction(SetTransaction(appId: "b", version: 1)),
      ]),
      TableVersion([.transaction(SetTransaction(appId: "a", version: 3, lastUpdated: 4)), .metadata(renamed)]
      ),
    ])
    #expect(snapshot.transactions["a"] == SetTransaction(appId: "a", version: 3, lastUpdated: 4))
    #expect(snapshot.transactions["b"]?.version == 1)
    #expect(snapshot.transactions["c"] == nil)
    #expect(snapshot.metadata?.name == "other")
    #expect(snapshot.tableProtocol == .supported)
  }

  @Test func `versions must follow each other, and the first must describe the table`() throws {
    var snapshot = TableSnapshot()
    #expect(throws: TableLogError.malformed(.version(expected: 0, found: 1))) {
      try snapshot.apply(Self.first, number: 1)
    }
    #expect(throws: TableLogError.malformed(.missing(action: "metaData"))) {
      try snapshot.apply(TableVersion([.protocol(.supported)]), number: 0)
    }
    #expect(throws: TableLogError.malformed(.missing(action: "protocol"))) {
      try snapshot.apply(TableVersion([.metadata(Self.metadata)]), number: 0)
    }
    #expect(snapshot == TableSnapshot())
    try snapshot.apply(Self.first, number: 0)
    let before = snapshot
    for number in [-1, 0, 2] {
      #expect(throws: TableLogError.malformed(.version(expected: 1, found: number))) {
        try snapshot.apply(TableVersion([]), number: number)
      }
    }
    #expect(snapshot == before)
  }

  @Test func `the actions of a checkpoint have one order, whatever order the versions had`() throws {
    let versions = (0..<30).map {
      TableVersion([.add(.numbered($0)), .transaction(.init(appId: "\($0 % 7)", version: 1))])
    }
    var random = SeededRandom(seed: 8)
    let actions = try Self.fold([Self.first] + versions).actions
    #expect(actions.count == 2 + 7 + 30)
    #expect(Array(actions.prefix(2)) == [.protocol(.supported), .metadata(Self.metadata)])
    for _ in 0..<5 {
      #expect(try Self.fold([Self.first] + versions.shuffled(using: &random)).actions == actions)
    }
  }

  @Test func `removed files stay for seven days, with what a checkpoint keeps of them`() throws {
    let time = 1_707_820_245_123
    let retention = 7 * 86_400_000
    var snapshot = try Self.fold([
      Self.first,
      TableVersion([
        .remove(AddFile.numbered(0).removed(at: time - retention)),
        .remove(AddFile.numbered(1).removed(at: time - retention + 1)),
        .remove(AddFile.numbered(2).removed(at: time)),
        .remove(RemoveFile(path: "x", deletionTimestamp: nil, dataChange: true)),
      ]),
    ])
    snapshot.expireTombstones(at: time)
    #expect(
      snapshot.actions.dropFirst(2) == [
        .remove(
          RemoveFile(
            path: AddFile.numbered(1).path, deletionTimestamp: time - retention + 1, dataChange: false)),
        .remove(RemoveFile(path: AddFile.numbered(2).path, deletionTimestamp: time, dataChange: false)),
      ])
  }

  @Test func `a table with its own retention keeps all removed files`() throws {
    var metadata = Self.metadata
    metadata.configuration["delta.deletedFileRetentionDuration"] = "interval 30 days"
    var snapshot = try Self.fold([
      TableVersion([.protocol(.supported), .metadata(metadata)]),
      TableVersion([.remove(AddFile.numbered(0).removed(at: 0))]),
    ])
    snapshot.expireTombstones(at: .max)
    #expect(snapshot.actions.count == 3)
  }

  @Test func `a difference of files names what is missing, unexpected or changed`() {
    let files = (0..<6).map { AddFile.numbered($0) }
    var found = files
    found[1].size += 1
    found[2].stats = #"{"numRecords":99}"#
    found[3].partitionValues["organization"] = "other"
    found[4].stats = nil
    found[5].stats = #"{ "numRecords": 5 }"#
    let difference = FileSetDifference(
      expected: files + [.numbered(20)], found: found.reversed() + [.numbered(21)])
    #expect(difference.missing == [.numbered(20)])
    #expect(difference.unexpected == [.numbered(21)])
    #expect(difference.changed.map(\.expected) == Array(files[1...3]))
    #expect(difference.changed.map(\.found) == Array(found[1...3]))
    #expect(FileSetDifference(expected: files, found: files.reversed()).isEmpty)
    #expect(!difference.isEmpty)
  }

  @Test func `bounds are compared if the statistics of both files have them`() {
    func file(_ least: String, _ greatest: String) -> AddFile {
      var file = AddFile.numbered(1)
      file.stats = #"{"numRecords":1,"minValues":{"a":"\#(least)"},"maxValues":{"a":"\#(greatest)"}}"#
      return file
    }
    var without = AddFile.numbered(1)
    without.stats = #"{"numRecords":1}"#
    let expected = file("b", "c")
    for other in [expected, without] {
      #expect(FileSetDifference(expected: [expected], found: [other]).isEmpty)
    }
    for other in [file("a", "c"), file("b", "d")] {
      #expect(FileSetDifference(expected: [expected], found: [other]).changed.map(\.found) == [other])
    }
  }

  @Test func `ten years of nights fold to the files that were not removed`() throws {
    var snapshot = try Self.fold([Self.first])
    for night in 1...3_650 {
      try snapshot.apply(
        TableVersion([
          .transaction(SetTransaction(appId: "cloudsmith-audit-export:acme", version: night)),
          .add(.numbered(night)), .remove(AddFile.numbered(night - 1).removed(at: night)),
          .add(.numbered(night + 10_000)),
        ]), number: night)
    }
    #expect(snapshot.fileCount == 3_651)
  }
}
