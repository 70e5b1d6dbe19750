import DeltaTable
import Parquet
import TestSupport
import Testing

@Suite struct `Table checkpoints` {
  static let createdBy = "test version 1.0.0 (build 1)"

  /// A table of 30,000 files and 1,000 removed ones, at version 1.
  static func large() throws -> TableSnapshot {
    try `Table snapshots`.fold([
      `Table snapshots`.first,
      TableVersion(
        (0..<30_000).map { .add(.numbered($0)) }
          + (40_000..<41_000).map { .remove(AddFile.numbered($0).removed(at: $0)) }),
    ])
  }

  /// A table with every member that a checkpoint has, and with every text that is hard to write.
  static func full() throws -> TableSnapshot {
    var metadata = `Table snapshots`.metadata
    metadata.description = "é😀\u{0}\n"
    metadata.format.options = ["o": ""]
    metadata.configuration = ["delta.checkpointInterval": "100", "a": "b"]
    var bare = AddFile(path: "bare", partitionValues: [:], size: 0, modificationTime: -1)
    bare.dataChange = false
    return try `Table snapshots`.fold([
      TableVersion([.protocol(.init(minReaderVersion: 1, minWriterVersion: 1)), .metadata(metadata)]),
      TableVersion([
        .transaction(SetTransaction(appId: "b", version: .max)),
        .transaction(SetTransaction(appId: "a", version: -1, lastUpdated: 7)),
      ]),
      TableVersion(
        (0..<5).map { .add(.numbered($0)) } + [
          .add(bare),
          .add(
            AddFile(
              path: "null%20value", partitionValues: ["organization": nil, "event_date": ""], size: .max,
              modificationTime: 3, stats: "", tags: ["": "", "t": "é"])),
          .remove(RemoveFile(path: "gone", deletionTimestamp: 9, dataChange: true)),
        ]),
    ])
  }

  @Test func `a checkpoint has one row for each action, and equal bytes for equal snapshots`() throws {
    let snapshot = try Self.full()
    let checkpoint = try TableCheckpoint(snapshot, at: 10, createdBy: Self.createdBy)
    #expect(checkpoint.hint.version == 2)
    #expect(checkpoint.hint.size == snapshot.actions.count)
    #expect(checkpoint.hint.sizeInBytes == checkpoint.bytes.count)
    #expect(try TableCheckpoint(Self.full(), at: 10, createdBy: Self.createdBy) == checkpoint)
  }

  @Test func `removed files whose retention has ended are not in a checkpoint`() throws {
    let snapshot = try Self.full()
    let end = 9 + TableSnapshot.tombstoneRetention
    #expect(try TableCheckpoint(snapshot, at: end - 1, createdBy: Self.createdBy).hint.size == 12)
    #expect(try TableCheckpoint(snapshot, at: end, createdBy: Self.createdBy).hint.size == 11)
  }

  @Test func `the hint has exactly these bytes, and reads back`() {
    let hint = LastCheckpoint(version: 100, size: 1_234, sizeInBytes: 45_678)
    #expect(
      String(decoding: hint.bytes, as: UTF8.self) == #"{"version":100,"size":1234,"sizeInBytes":45678}"#)
    #expect(LastCheckpoint(reading: hint.bytes) == hint)
    #expect(
      LastCheckpoint(
        reading: Array(#"{"size":1,"version":2,"checksum":"x","checkpointSchema":{},"parts":null}"#.utf8))
        == LastCheckpoint(version: 2, size: 1))
  }

  @Test func `a hint that is damaged or names another kind of checkpoint is not read`() {
    let hints = [
      "", "{", "[]", "{}", #"{"version":1}"#, #"{"size":1}"#, #"{"version":"1","size":1}"#,
      #"{"version":-1,"size":1}"#,
      #"{"version":1,"size":1,"parts":2}"#, #"{"version":1,"size":1,"v2Checkpoint":{"path":"x"}}"#,
    ]
    for text in hints { #expect(LastCheckpoint(reading: Array(text.utf8)) == nil, "\(text)") }
  }

  @Test func `a checkpoint reads back as the snapshot without its expired files`() throws {
    for time in [0, 9 + TableSnapshot.tombstoneRetention] {
      var snapshot = try Self.full()
      let checkpoint = try TableCheckpoint(snapshot, at: time, createdBy: Self.createdBy)
      snapshot.expireTombstones(at: time)
      #expect(try TableSnapshot(checkpoint: checkpoint.bytes, version: 2) == snapshot)
    }
  }

  @Test func `a checkpoint of 30,000 files reads back`() throws {
    let snapshot = try Self.large()
    let checkpoint = try TableCheckpoint(snapshot, at: 0, createdBy: Self.createdBy)
    #expect(checkpoint.hint.size == 31_002)
    #expect(try TableSnapshot(checkpoint: checkpoint.bytes, version: 1) == snapshot)
  }

  @Test func `versions after a checkpoint give the same snapshot as all versions`() throws {
    var random = SeededRandom(seed: 21)
    var versions = [`Table snapshots`.first]
    for number in 1..<60 {
      versions.append(
        TableVersion(
          [.transaction(SetTransaction(appId: "app \(number % 3)", version: number))]
            + (0..<3).map { .add(.numbered(10 * number + $0)) }
            + (0..<2).map { _ in AddFile.numbered(Int.random(in: 0..<10 * number, using: &random)) }
            .reduce(into: [String: AddFile]()) { $0[$1.path] = $1 }.values.map {
              .remove($0.removed(at: number))
            }))
    }
    let whole = try `Table snapshots`.fold(versions)
    for split in [1, 2, 30, 60] {
      let checkpoint = try TableCheckpoint(
        `Table snapshots`.fold(Array(versions[..<split])), at: 0, createdBy: Self.createdBy)
      var snapshot = try TableSnapshot(checkpoint: checkpoint.bytes, version: split - 1)
      for number in split..<60 { try snapshot.apply(versions[number], number: number) }
      #expect(snapshot == whole, "\(split)")
    }
  }

  @Test func `another Parquet file is no checkpoint`() throws {
    let schema = try ParquetSchema(name: "checkpoint", fields: [ParquetField("txn", .text)])
    var writer = try ParquetRecordWriter(schema, createdBy: Self.createdBy, .gzip(level: 1))
    var bytes: [UInt8] = []
    try writer.finish { bytes += $0 }
    #expect(throws: ParquetError.self) { try TableSnapshot(checkpoint: bytes, version: 0) }
    #expect(throws: ParquetError.self) { try TableSnapshot(checkpoint: [], version: 0) }
    #expect(throws: ParquetError.self) {
      try TableSnapshot(checkpoint: Array(repeating: 0, count: 100), version: 0)
    }
  }

  @Test func `a checkpoint without protocol or metadata, or of a table that is not supported, is refused`()
    throws
  {
    let empty = try TableCheckpoint(TableSnapshot(), at: 0, createdBy: Self.createdBy)
    #expect(throws: TableLogError.malformed(.missing(action: "protocol"))) {
      try TableSnapshot(checkpoint: empty.bytes, version: 0)
    }
    var metadata = `Table snapshots`.metadata
    metadata.configuration["delta.appendOnly"] = "true"
    for (versions, error) in [
      (TableProtocol.supported, TableLogError.Requirement.property("delta.appendOnly")),
      (
        .init(minReaderVersion: 3, minWriterVersion: 7),
        .protocolVersion(.init(minReaderVersion: 3, minWriterVersion: 7))
      ),
    ] {
      let snapshot = try `Table snapshots`.fold([TableVersion([.protocol(versions), .metadata(metadata)])])
      let checkpoint = try TableCheckpoint(snapshot, at: 0, createdBy: Self.createdBy)
      #expect(throws: TableLogError.unsupported(error)) {
        try TableSnapshot(checkpoint: checkpoint.bytes, version: 0)
      }
    }
  }

  @Test func `a damaged checkpoint is an error or another snapshot, and never a crash`() throws {
    let bytes = try TableCheckpoint(Self.full(), at: 0, createdBy: Self.createdBy).bytes
    for seed in 0..<3_000 {
      var random = SeededRandom(seed: seed)
      var changed = bytes
      changed[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      do {
        _ = try TableSnapshot(checkpoint: changed, version: 2)
      } catch {
        #expect(error is ParquetError || error is TableLogError, "seed \(seed)")
      }
    }
  }
}
