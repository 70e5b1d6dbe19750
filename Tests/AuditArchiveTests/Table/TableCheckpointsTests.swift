import AuditRecord
import DeltaTable
import TestSupport
import Testing

@testable import AuditArchive

/// Checkpoints of the table, as runs write and use them.
@Suite(.fewAtOnce) struct TableCheckpointsTests {
  private static let hint = "\(SimulatedStore.tableLog)/_last_checkpoint"
  private let day12 = "2024-02-12"

  private static func checkpoint(_ number: Int) -> String {
    "\(SimulatedStore.tableLog)/\(TableLogFile.checkpoint(number).name)"
  }

  /// A table with versions 0 to `version`.
  private func archive(to version: Int) async throws -> TableArchive {
    let archive = TableArchive(in: .objects)
    try await archive.run("acme") { writer in
      for number in 0...version {
        try await writer.commit([number.isMultiple(of: 2) ? "2024-02-12" : "2024-02-13": 1 + number / 2])
      }
    }
    #expect(try archive.store.tableVersions().count == version + 1)
    return archive
  }

  @Test func `every hundredth version has a checkpoint, with the same table`() async throws {
    let archive = try await archive(to: 100)
    let store = archive.store
    let files = store.paths(below: SimulatedStore.tableLog).filter { !$0.hasSuffix(".json") }
    #expect(files == [Self.checkpoint(100), Self.hint])
    let hint = try #require(store.contents(of: Self.hint).flatMap { LastCheckpoint(reading: $0) })
    let bytes = try #require(store.contents(of: Self.checkpoint(100)))
    let snapshot = try TableSnapshot(checkpoint: bytes, version: 100)
    #expect(snapshot.actions == (try store.table().actions))
    #expect(hint == LastCheckpoint(version: 100, size: snapshot.actions.count, sizeInBytes: bytes.count))

    // With the versions before it moved away, as a foreign program does that keeps only the newest.
    for number in 0..<100 { store.setContents(of: SimulatedStore.version(number), nil) }
    store.setContents(of: "_manifest/acme/table.json", nil)
    try await archive.commit("acme", [day12: 70])
    try await archive.commit("globex", [day12: 3])
    let last = try [101, 102].map { number in
      try TableVersion(reading: try #require(store.contents(of: SimulatedStore.version(number))))
    }
    #expect(last[0].transactionVersion(of: "cloudsmith-audit-export:acme") == 102)
    #expect(last[1].transactionVersion(of: "cloudsmith-audit-export:globex") == 1)
    #expect(store.contents(of: SimulatedStore.version(0)) == nil)
  }

  @Test func `a log whose last change is older than the checkpoint reads the versions since only once`()
    async throws
  {
    let archive = TableArchive(in: .objects)
    try await archive.commit("globex", [day12: 3])
    try await archive.run("acme") { writer in
      for number in 1...150 {
        try await writer.commit([number.isMultiple(of: 2) ? "2024-02-12" : "2024-02-13": 1 + number / 2])
      }
    }
    archive.store.setContents(of: "_manifest/globex/table.json", nil)
    var calls: [Int] = []
    for _ in 0..<2 {
      archive.store.startRecording()
      try await archive.run("globex") { _ in }
      calls.append(archive.store.calls)
    }
    #expect(calls[0] > 50 && calls[1] <= 20, "\(calls)")
    try archive.expectCurrent("acme", "globex")
  }

  @Test(arguments: [3_000, 3_050])
  func `a log whose position is three thousand versions old goes on from the newest checkpoint`(newest: Int)
    async throws
  {
    let archive = TableArchive(in: .objects)
    try await archive.commit("acme", [day12: 5])
    let store = archive.store
    var snapshot = try store.table()
    for number in 1...newest {
      let version = TableVersion([
        .commitInfo(CommitInfo(operation: "WRITE", engineInfo: "cloudsmith-audit-export/1.0.0")),
        .transaction(SetTransaction(appId: "cloudsmith-audit-export:globex", version: number)),
      ])
      store.setContents(of: SimulatedStore.version(number), version.bytes)
      try snapshot.apply(version, number: number)
      guard number == 3_000 else { continue }
      let checkpoint = try TableCheckpoint(snapshot, at: 0, createdBy: "test version 1.0.0")
      store.setContents(of: Self.checkpoint(number), checkpoint.bytes)
      store.setContents(of: Self.hint, checkpoint.hint.bytes)
    }
    let other = store.copy()
    func run(_ archive: TableArchive) async throws -> Int {
      archive.store.startRecording()
      try await archive.commit("acme", [day12: 6])
      return archive.store.calls
    }
    let calls = try await run(archive)
    #expect(calls <= 80 + (newest - 3_000), "\(calls)")
    #expect(try store.table().version == newest + 1)
    try archive.expectCurrent("acme")
    // The next run knows its position.
    store.startRecording()
    try await archive.run("acme") { _ in }
    #expect(store.calls <= 20)
    // Without the checkpoint, each version is read.
    other.setContents(of: Self.hint, nil)
    #expect(try await run(TableArchive(other)) > newest)
  }

  @Test func `a commit that is only in a checkpoint is not appended again`() async throws {
    let archive = try await archive(to: 100)
    let store = archive.store
    let hint = #"{"commit":50,"format":"cloudsmith-audit-export/1","version":49}"#
    let manifest = try #require(try await store.archive(of: log("acme")).read())
    store.setContents(of: "_manifest/acme/table.json", Array(hint.utf8))
    guard case .objects(let bucket) = store else { return }
    let storage = bucket.storage(ArchivePaths(log("acme")))
    let table = try #require(try await ArchiveState(storage).table())
    var writer = try await TableWriter(table, storage)
    let record = try #require(try await ArchiveState(storage).commit(101))
    // The versions between can no longer be read: only the checkpoint has the commit.
    for number in 58..<100 { store.setContents(of: SimulatedStore.version(number), nil) }
    try await writer.append(record.commit, sha256: record.sha256, before: nil, after: manifest)
    #expect(writer.position == TablePosition(commit: 101, version: 100))
    #expect(store.contents(of: SimulatedStore.version(58)) == nil)
  }

  @Test(arguments: [false, true])
  func `a checkpoint that cannot be read, or whose hint cannot, is replaced by reading the versions`(
    isHint: Bool
  ) async throws {
    let archive = try await archive(to: 12)
    guard case .objects(let bucket) = archive.store else { return }
    bucket.setContents(of: Self.checkpoint(10), Array("PAR1 of another program PAR1".utf8))
    let foreign = isHint ? #"{"version":10,"size":3,"parts":2}"# : #"{"version":10,"size":3}"#
    bucket.setContents(of: Self.hint, Array(foreign.utf8))
    // A run without a hint looks for the newest commit of its log.
    bucket.setContents(of: "_manifest/acme/table.json", nil)
    try await archive.commit("acme", [day12: 70])
    try archive.expectCurrent("acme")
    let version = try archive.store.table().version
    #expect(version == 13)
    let storage = bucket.storage(ArchivePaths(log("acme")))
    try await TableCheckpoints(storage).write(version, at: at("2024-03-01T00:00:00Z"), toolVersion: "1.0.0")
    let bytes = try #require(bucket.contents(of: Self.checkpoint(version)))
    #expect(try TableSnapshot(checkpoint: bytes, version: version).actions == archive.store.table().actions)
    #expect(bucket.contents(of: Self.hint).flatMap { LastCheckpoint(reading: $0) }?.version == version)
  }

  @Test func `a later checkpoint of another run is not replaced by an older one`() async throws {
    let archive = try await archive(to: 6)
    guard case .objects(let bucket) = archive.store else { return }
    let time = at("2024-03-01T00:00:00Z")
    for version in [6, 3, 6] {
      let storage = bucket.storage(ArchivePaths(log("acme")))
      try await TableCheckpoints(storage).write(version, at: time, toolVersion: "1.0.0")
      #expect(bucket.contents(of: Self.hint).flatMap { LastCheckpoint(reading: $0) }?.version == 6)
    }
  }
}
