import DeltaTable
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
}
