import AuditRecord
import DeltaTable
import ObjectStoreFakes
import TestSupport
import Testing

@testable import AuditArchive

/// A version of the table that cannot be appended to harms neither the commits nor the table, and stops no log.
@Suite(.fewAtOnce) struct TableObstacleTests {
  private let day12 = "2024-02-12"
  private let day13 = "2024-02-13"

  private static let unreadable = [
    "no JSON", #"{"add":{"path":"#,
    #"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"]}}"#,
  ].map { Array($0.utf8) }

  /// The table without a version, as its readers saw it before.
  private func lastGood(_ archive: TableArchive, without version: Int) -> TableArchive {
    let store = archive.store.copy()
    store.setContents(of: SimulatedStore.version(version), nil)
    return TableArchive(store)
  }

  /// All parts are named by the newest states, and no intent is left.
  private func expectTidy(_ archive: TableArchive, _ names: [String]) async throws {
    var named: Set<String> = []
    for name in names {
      named.formUnion(try await archive.store.archive(of: log(name)).read()?.paths ?? [])
      #expect(archive.store.contents(of: ArchivePaths(log(name)).intent) == nil)
      #expect(try await archive.store.archive(of: log(name)).verify()?.findings == [])
    }
    #expect(archive.store.dataFiles == named.sorted())
  }

  // MARK: Unreadable versions

  @Test(arguments: TableArchive.Place.allCases, unreadable)
  func `an unreadable version stops no log, and all commits are appended once it is gone`(
    place: TableArchive.Place, bytes: [UInt8]
  ) async throws {
    let archive = TableArchive(in: place)
    let bad = SimulatedStore.version(3)
    try await archive.commit("globex", [day12: 5])
    try await archive.run("acme") { writer in
      try await writer.commit([day12: 5])
      try await writer.commit([day12: 6])
      #expect(writer.tableObstacle == nil)
      archive.store.setContents(of: bad, bytes)
      // In the middle of a run.
      try await writer.commit([day12: 7])
      try await writer.commit([day13: 1])
      #expect(writer.tableObstacle?.path == bad)
    }
    try await archive.run("globex") { writer in
      try await writer.commit([day12: 6])
      #expect(writer.tableObstacle?.path == bad)
    }
    // In recovery, twice.
    for count in 8...9 {
      try await archive.run("acme") { writer in
        guard case .unreadable? = writer.tableObstacle?.reason else {
          Issue.record("\(String(describing: writer.tableObstacle))")
          return
        }
        try await writer.commit([day12: count])
      }
      let good = lastGood(archive, without: 3)
      #expect(try good.store.tableProblems(of: log("acme"), isCurrent: false) == [])
      #expect(try good.store.tableProblems(of: log("globex"), isCurrent: false) == [])
    }
    #expect(archive.store.contents(of: bad) == bytes)
    #expect(archive.store.contents(of: SimulatedStore.version(4)) == nil)
    let manifest = try #require(try await archive.store.archive(of: log("acme")).inspect())
    #expect(manifest.manifest.commit == 6 && manifest.damaged == [])

    archive.store.setContents(of: bad, nil)
    for name in ["acme", "globex"] {
      try await archive.run(name) { #expect($0.tableObstacle == nil) }
    }
    try archive.expectCurrent("acme", "globex")
    #expect(try archive.store.table().version == 7)
    try await expectTidy(archive, ["acme", "globex"])
  }

  @Test(arguments: TableArchive.Place.allCases, [false, true])
  func `an unreadable first version stops no log, and the table is made once it is gone`(
    place: TableArchive.Place, hasHint: Bool
  ) async throws {
    let archive = TableArchive(in: place)
    try await archive.commit("acme", [day12: 5])
    archive.moveLogAway()
    archive.store.setContents(of: SimulatedStore.version(0), Array("[]".utf8))
    if !hasHint { archive.store.setContents(of: "_manifest/acme/table.json", nil) }
    for name in ["acme", "globex"] {
      try await archive.run(name) { writer in
        try await writer.commit([day12: 6, day13: 2])
        #expect(writer.tableObstacle?.path == SimulatedStore.version(0))
      }
    }
    archive.moveLogAway()
    try await archive.run("globex") { _ in }
    #expect(try archive.logs() == [["acme", "globex"]])
    try archive.expectCurrent("acme", "globex")
    try await archive.run("acme") { _ in }
    try await expectTidy(archive, ["acme", "globex"])
  }

  @Test func `a table's log without version 0 is reported and left alone`() async throws {
    let archive = TableArchive(in: .disk)
    for count in 5...7 { try await archive.commit("acme", [day12: count]) }
    archive.store.setContents(of: SimulatedStore.version(0), nil)
    archive.store.setContents(of: "_manifest/acme/table.json", nil)
    let left = archive.store.paths(below: SimulatedStore.tableLog)
    try await archive.run("acme") { writer in
      try await writer.commit([day12: 8])
      #expect(writer.tableObstacle?.path == SimulatedStore.version(0))
    }
    #expect(archive.store.paths(below: SimulatedStore.tableLog) == left)
    archive.moveLogAway()
    try await archive.run("acme") { _ in }
    try archive.expectCurrent("acme")
    try await expectTidy(archive, ["acme"])
  }

  @Test func `a run that only empties a day keeps its part while the table cannot be appended to`()
    async throws
  {
    let archive = TableArchive(in: .disk)
    try await archive.commit("acme", [day12: 5, day13: 1])
    archive.store.setContents(of: SimulatedStore.version(1), [0])
    try await archive.commit("acme", [day12: 0])
    #expect(try lastGood(archive, without: 1).store.tableProblems(of: log("acme"), isCurrent: false) == [])
    archive.store.setContents(of: SimulatedStore.version(1), nil)
    try await archive.run("acme") { _ in }
    try archive.expectCurrent("acme")
    try await expectTidy(archive, ["acme"])
  }

  @Test func `the replaced CSV parts are deleted at once`() async throws {
    let archive = TableArchive(in: .disk)
    try await archive.run("acme", formats: [.csv, .parquet]) { try await $0.commit([day12: 5]) }
    archive.store.setContents(of: SimulatedStore.version(1), [0])
    try await archive.run("acme", formats: [.csv, .parquet]) { try await $0.commit([day12: 6]) }
    #expect(archive.store.paths(below: "csv").count == 1)
    #expect(archive.store.dataFiles.count { $0.hasPrefix("parquet/") } == 2)
  }

  @Test func `killed at any operation, a run with an unreadable version leaves the table readable`()
    async throws
  {
    let archive = TableArchive(in: .disk)
    try await archive.commit("acme", [day12: 5, day13: 3])
    archive.store.setContents(of: SimulatedStore.version(1), [0])
    try await archive.commit("acme", [day12: 6])
    for number in 1... {
      let killed = TableArchive(archive.store.copy())
      guard case .disk(let disk) = killed.store else { return }
      disk.fail(at: number, .death)
      do {
        try await killed.commit("acme", [day12: 7, day13: 0])
      } catch {}
      let isOver = !disk.hasFailed
      disk.restart()
      func expectReadable() throws {
        let problems = try lastGood(killed, without: 1).store.tableProblems(of: log("acme"), isCurrent: false)
        #expect(problems == [], "operation \(number)")
      }
      try expectReadable()
      try await killed.run("acme") { _ in }
      try expectReadable()
      disk.setContents(of: "\(SimulatedStore.root)/\(SimulatedStore.version(1))", nil)
      try await killed.run("acme") { _ in }
      try killed.expectCurrent("acme")
      try await expectTidy(killed, ["acme"])
      if isOver { break }
    }
  }

  // MARK: Other programs

  /// A version of another program that replaces the part of a day by a copy.
  private func compaction(of archive: TableArchive, _ day: String) throws -> TableVersion {
    let file = try #require(
      try archive.store.table().files(where: ["organization": "acme", "event_date": day]).first)
    var removed = file.removed(at: 0)
    removed.dataChange = false
    var added = file
    added.path = "organization=acme/event_date=\(day)/compacted.parquet"
    return TableVersion([
      .commitInfo(CommitInfo(operation: "OPTIMIZE", engineInfo: "delta-rs:py-1.6")), .remove(removed),
      .add(added),
    ])
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `after a compaction by another program, no log appends, and rows are not doubled`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    try await archive.commit("globex", [day12: 5])
    try await archive.commit("acme", [day12: 5])
    archive.store.setContents(of: SimulatedStore.version(2), try compaction(of: archive, day12).bytes)
    for isHinted in [true, false] {
      if !isHinted { archive.store.setContents(of: "_manifest/acme/table.json", nil) }
      for name in ["acme", "globex"] {
        try await archive.run(name) { writer in
          try await writer.commit([day12: isHinted ? 6 : 7])
          let obstacle = writer.tableObstacle
          #expect(obstacle?.path == SimulatedStore.version(2))
          #expect(obstacle?.reason == .foreignFiles(engine: "delta-rs:py-1.6", operation: "OPTIMIZE"))
        }
      }
    }
    #expect(try archive.store.tableVersions().count == 3)
    archive.moveLogAway()
    for name in ["acme", "globex"] { try await archive.run(name) { _ in } }
    try archive.expectCurrent("acme", "globex")
    try await expectTidy(archive, ["acme", "globex"])
  }

  @Test func `versions of other programs that change no file are accepted`() async throws {
    let archive = TableArchive(in: .objects)
    try await archive.commit("acme", [day12: 5])
    var metadata = try #require(try archive.store.table().metadata)
    metadata.configuration["delta.logRetentionDuration"] = "interval 30 days"
    let info = TableAction.commitInfo(CommitInfo(operation: "SET TBLPROPERTIES", engineInfo: "other"))
    archive.store.setContents(
      of: SimulatedStore.version(1), TableVersion([info, .metadata(metadata)]).bytes)
    archive.store.setContents(
      of: SimulatedStore.version(2),
      TableVersion([.transaction(SetTransaction(appId: "other", version: 9))]).bytes)
    try await archive.run("acme") { writer in
      try await writer.commit([day12: 6])
      #expect(writer.tableObstacle == nil)
    }
    #expect(try archive.logs() == [["acme"], [], [], ["acme"]])
    try archive.expectCurrent("acme")
  }

  // MARK: Storage

  private func expectUnsupported(_ error: ArchiveError?) {
    guard case .storage(let failure)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(failure.reason == .unsupported && failure.cure != nil)
  }

  @Test func `without exclusive creation no archive becomes a table`() async throws {
    let disk = FaultyFileSystem(folder: SimulatedStore.root)
    let archive = TableArchive(.disk(disk))
    disk.disable(hardLinks: true, exclusiveRenames: true)
    expectUnsupported(try await archiveError { try await archive.commit("acme", [day12: 5]) })
    #expect(archive.store.contents(of: ArchivePaths.kind) == nil && archive.store.dataFiles == [])
    // It can still be an archive without a table.
    try await archive.commit("acme", [day12: 5], isTable: false)
    _ = try await archive.store.archive(of: log("acme")).probeWriting()
    let kind = archive.store.contents(of: ArchivePaths.kind)
    expectUnsupported(try await archiveError { try await archive.commit("acme", [day12: 6]) })
    #expect(archive.store.contents(of: ArchivePaths.kind) == kind)
    #expect(disk.paths(below: "\(SimulatedStore.root)/_staging") == [])
    // One of the two ways is enough.
    disk.disable(hardLinks: true, exclusiveRenames: false)
    try await archive.commit("acme", [day12: 6])
    _ = try await archive.store.archive(of: log("acme")).probeWriting()
    try archive.expectCurrent("acme")
  }

  @Test func `without exclusive creation a table gets no version, and check says so`() async throws {
    let disk = FaultyFileSystem(folder: SimulatedStore.root)
    let archive = TableArchive(.disk(disk))
    try await archive.commit("acme", [day12: 5])
    disk.disable(hardLinks: true, exclusiveRenames: true)
    let before = disk.paths(below: SimulatedStore.root)
    let error = await #expect(throws: StorageError.self) {
      try await archive.store.archive(of: log("acme")).probeWriting()
    }
    #expect(error?.reason == .unsupported && error?.path == "/archive/\(SimulatedStore.tableLog)")
    #expect(disk.paths(below: SimulatedStore.root) == before)
    try await archive.run("acme") { writer in
      try await writer.commit([day12: 6])
      guard case .unsupported? = writer.tableObstacle?.reason else {
        Issue.record("\(String(describing: writer.tableObstacle))")
        return
      }
    }
    #expect(try archive.store.tableVersions().count == 1)
    let storage: any ArchiveStorage = LocalStorage(
      root: SimulatedStore.root, paths: ArchivePaths(log("globex")), fileSystem: disk)
    let refusal = await #expect(throws: StorageError.self) {
      try await storage.createShared(SimulatedStore.version(1), [1])
    }
    #expect(refusal?.reason == .unsupported)
    disk.disable(hardLinks: false, exclusiveRenames: false)
    try await archive.run("acme") { _ in }
    try archive.expectCurrent("acme")
    try await expectTidy(archive, ["acme"])
  }

  // MARK: archive.json

  @Test(arguments: TableArchive.Place.allCases)
  func `an archive whose archive.json no longer names its table is refused`(place: TableArchive.Place)
    async throws
  {
    let archive = TableArchive(in: place)
    try await archive.commit("acme", [day12: 5])
    let id = try #require(try archive.store.table().metadata?.id)
    let kind = try #require(archive.store.contents(of: ArchivePaths.kind))
    let lost = String(decoding: kind, as: UTF8.self).replacing(#/,?\s*"table"\s*:\s*\{[^}]*\}/#, with: "")
    #expect(!lost.contains("table"))
    archive.store.setContents(of: ArchivePaths.kind, Array(lost.utf8))
    let before = archive.store.dataFiles
    // In a bucket, a run that does not ask for a table does not look, because that takes a request.
    for isTable in place == .disk ? [false, true] : [true] {
      let error = try await archiveError {
        try await archive.commit("acme", [day12: 6], isTable: isTable)
      }
      #expect(error == .tableNotRecorded(path: "_manifest/acme/table.json", id: id))
    }
    #expect(archive.store.contents(of: ArchivePaths.kind) == Array(lost.utf8))
    #expect(archive.store.dataFiles == before)
    #expect(try archive.store.tableVersions().count == 1)
    #expect(
      try await archive.store.archive(of: log("acme")).verify()?.findings.map(\.problem)
        == [.wrongTable(.notRecorded)])
    if place == .disk {
      archive.store.setContents(of: ArchivePaths.kind, nil)
      let error = try await archiveError { try await archive.run("acme", isTable: false) { _ in } }
      #expect(error == .tableNotRecorded(path: "_manifest/acme/table.json", id: id))
      #expect(archive.store.contents(of: ArchivePaths.kind) == nil)
    }
    archive.store.setContents(of: ArchivePaths.kind, kind)
    try await archive.commit("acme", [day12: 6], isTable: false)
    try archive.expectCurrent("acme")
  }
}
