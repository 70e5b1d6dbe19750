import AuditArchive
import AuditRecord
import Synchronization
import TestSupport
import Testing

/// A commit that dies or fails at any operation: reopened, the archive has the state before or after it.
@Suite struct CrashTests {
  static let root = "/archive"

  /// A commit with a changed day, a new day, an emptied day, an unchanged day and a quarantined record.
  private func run(
    _ disk: FaultyFileSystem, undeleted: @escaping @Sendable (StorageError) -> Void = { _ in }
  ) async throws {
    try await withWriter(Self.root, fileSystem: disk, undeleted: undeleted) { (writer) async throws in
      try await writer.commit(
        [
          "2024-02-12": events("2024-02-12", 9), "2024-02-13": events("2024-02-13", 3), "2024-02-14": [],
          "2024-02-15": events("2024-02-15", 2),
        ], quarantine: [record("\"new\"")])
    }
  }

  /// A disk with an archive of one commit, for the next commit to change.
  static func prepared() async throws -> FaultyFileSystem {
    let disk = FaultyFileSystem(folder: Self.root)
    try await withWriter(Self.root, fileSystem: disk) { (writer) async throws in
      try await writer.commit(
        [
          "2024-02-12": events("2024-02-12", 4), "2024-02-14": events("2024-02-14", 4),
          "2024-02-15": events("2024-02-15", 2),
        ], quarantine: [record("\"old\"")])
    }
    return disk
  }

  private func snapshot(_ disk: FaultyFileSystem) -> [String: [UInt8]] {
    let paths = disk.paths(below: Self.root).filter { !$0.hasSuffix("/lock") }
    return Dictionary(uniqueKeysWithValues: paths.map { ($0, disk.contents(of: $0) ?? []) })
  }

  private func countOperations(_ disk: FaultyFileSystem) async throws -> Int {
    let whole = FaultyFileSystem(copyOf: disk)
    whole.record()
    try await run(whole)
    return whole.operations.count
  }

  @Test(arguments: FaultyFileSystem.Fault.allCases)
  func `a commit that dies or fails at any operation leaves the state before or after it`(
    _ fault: FaultyFileSystem.Fault
  ) async throws {
    let disk = try await Self.prepared()
    let before = snapshot(disk)
    let whole = FaultyFileSystem(copyOf: disk)
    try await run(whole)
    let after = snapshot(whole)
    let count = try await countOperations(disk)
    #expect(count > 50)

    var seen = (before: 0, after: 0)
    for number in 1...count {
      let crashed = FaultyFileSystem(copyOf: disk)
      crashed.fail(at: number, fault)
      let error = try await archiveError { try await run(crashed) }
      crashed.restart()
      // A reader that follows the manifest finds one state, whole, at once.
      let read = try #require(
        try await Archive(at: Self.root, log: log("acme"), fileSystem: crashed).inspect())
      #expect(read.damaged.isEmpty, "operation \(number)")
      switch error {
      case .storage: break
      // Tidying: the commit is there, and its manifest.
      case nil: #expect(read.manifest.commit == 2, "operation \(number), \(fault)")
      default: Issue.record("operation \(number), \(fault): \(String(describing: error))")
      }
      try await withWriter(Self.root, fileSystem: crashed) { #expect($0.recovery.damaged.isEmpty) }
      let found = snapshot(crashed)
      #expect(found == before || found == after, "operation \(number), \(fault): \(found.keys.sorted())")
      if found == before { seen.before += 1 } else { seen.after += 1 }
      try await run(crashed)
      let next = try #require(try await Archive(at: Self.root, log: log("acme"), fileSystem: crashed).read())
      #expect(next.partitions.map(\.rows) == [9, 3, 0, 2])
      #expect(next.quarantinedRecords == 2)
    }
    #expect(seen.before > 0 && seen.after > 0)
  }

  @Test func `a commit that only empties a day leaves no file of it, wherever it is killed`() async throws {
    let disk = try await Self.prepared()
    func empty(_ disk: FaultyFileSystem) async throws {
      try await withWriter(Self.root, fileSystem: disk) { try await $0.commit(["2024-02-12": []]) }
    }
    var killed = 0
    for number in 1... {
      let crashed = FaultyFileSystem(copyOf: disk)
      crashed.fail(at: number, .death)
      let error = try await archiveError { try await empty(crashed) }
      crashed.restart()
      try await withWriter(Self.root, fileSystem: crashed) { _ in }
      let report = try await Archive(at: Self.root, log: log("acme"), fileSystem: crashed).verify()
      #expect(report?.findings == [], "operation \(number)")
      if error == nil { break }
      killed += 1
    }
    #expect(killed > 10)
  }

  @Test func `a failed clean-up fails no run, is reported with its cause, and is repeated by a later run`()
    async throws
  {
    let disk = try await Self.prepared()
    let whole = FaultyFileSystem(copyOf: disk)
    try await run(whole)
    let reported = Mutex<[StorageError]>([])
    disk.refuse([.delete, .removeFolder])
    try await run(disk) { error in reported.withLock { $0.append(error) } }
    let errors = reported.withLock(\.self)
    let paths = errors.map(\.path)
    // Two days have replaced a file, and each is reported once; so is what is left in the staging folder.
    #expect(paths.count { $0.contains(".r0001-") } == 2 && paths.count == Set(paths).count)
    #expect(paths.count { $0.hasPrefix("/archive/_staging/acme/") } > 0)
    #expect(errors.allSatisfy { $0.reason == .denied && $0.operation == .delete })

    // Nor does it fail the next one, whose own files do not get the names that are taken.
    let number = try await withWriter(Self.root, fileSystem: disk) { (writer) async throws in
      #expect(writer.recovery.deleted.isEmpty && writer.recovery.damaged.isEmpty)
      return try await writer.commit(["2024-02-16": events("2024-02-16", 1)]).commit
    }
    #expect(number == 3)
    let found = try await Archive(at: Self.root, log: log("acme"), fileSystem: disk).verify()
    #expect(
      found?.findings.map(\.problem) == [
        .unlisted(.leftover(.superseded)), .unlisted(.leftover(.superseded)),
      ])

    disk.refuse([])
    try await withWriter(Self.root, fileSystem: disk) { writer in
      // "/archive/" does not belong to a path of the archive.
      #expect(Set(writer.recovery.deleted.map(\.path)).isSuperset(of: paths.map { String($0.dropFirst(9)) }))
    }
    #expect(try await Archive(at: Self.root, log: log("acme"), fileSystem: disk).verify()?.findings == [])
  }

  @Test func `a commit intent that cannot be deleted fails no run`() async throws {
    let disk = FaultyFileSystem(folder: Self.root)
    disk.refuse([.delete])
    try await run(disk)
    try await run(disk)
    disk.refuse([])
    try await withWriter(Self.root, fileSystem: disk) { #expect($0.manifest?.commit == 2) }
    #expect(disk.paths(below: Self.root).allSatisfy { !$0.contains("beginning") && !$0.contains("spool") })
    #expect(try await Archive(at: Self.root, log: log("acme"), fileSystem: disk).verify()?.findings == [])
  }

  @Test func `a commit whose record is in place counts as made, whatever fails later`() async throws {
    let disk = try await Self.prepared()
    var made = (yes: 0, no: 0)
    for number in 1...(try await countOperations(disk)) {
      let failing = FaultyFileSystem(copyOf: disk)
      failing.fail(at: number, .failure)
      var known: Int?
      _ = try await archiveError {
        try await withWriter(Self.root, fileSystem: failing) { (writer) async throws in
          let day = try await writer.stage("2024-02-12", events("2024-02-12", 9))
          var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
          change.days = [day]
          _ = try await writer.commit(change) { known = $0.commit }
        }
      }
      failing.restart()
      let state = try #require(try await Archive(at: Self.root, log: log("acme"), fileSystem: failing).read())
      #expect(known == (state.commit == 2 ? 2 : nil), "operation \(number)")
      if known == nil { made.no += 1 } else { made.yes += 1 }
    }
    #expect(made.yes > 0 && made.no > 0)
  }

  @Test func `a first commit that dies at any operation leaves nothing or all of it`() async throws {
    let empty = FaultyFileSystem(folder: Self.root)
    let whole = FaultyFileSystem(copyOf: empty)
    try await run(whole)
    let after = snapshot(whole)
    for number in 1...(try await countOperations(empty)) {
      for power in [Survival.all, .none, .some(SeededRandom(seed: number))] {
        let crashed = FaultyFileSystem(copyOf: empty)
        crashed.fail(at: number, .death)
        _ = try await archiveError { try await run(crashed) }
        var survival = power
        crashed.restart(afterPowerFailure: &survival)
        try await withWriter(Self.root, fileSystem: crashed) { (writer) async throws in
          #expect(writer.recovery.damaged.isEmpty)
          #expect(writer.manifest == nil || writer.manifest?.commit == 1)
        }
        let found = snapshot(crashed)
        let isNothing = Set(found.keys).isSubset(of: ["/archive/_manifest/archive.json"])
        #expect(isNothing || found == after, "operation \(number), \(power): \(found.keys.sorted())")
      }
    }
  }

  @Test func `files are durable before anything names them, and replaced files are deleted last`()
    async throws
  {
    let disk = FaultyFileSystem(folder: Self.root)
    try await withWriter(Self.root, fileSystem: disk) {
      try await $0.commit(["2024-02-12": events("2024-02-12", 4)])
    }
    disk.record()
    let operations = try await withWriter(Self.root, fileSystem: disk) { writer in
      let opening = disk.operations.count
      try await writer.commit(["2024-02-12": events("2024-02-12", 9)])
      return disk.operations[opening...].filter { !$0.hasPrefix("inspect") }
    }
    let hash = /-[0-9a-f]{8}\.csv/
    #expect(
      operations.map {
        $0.replacing("/archive/", with: "").replacing("/archive", with: ".")
          .replacing(hash, with: "-HASH.csv")
      } == [
        // 1: the part, staged
        "syncFolder .", "syncFolder _staging",
        "create _staging/acme/spool-00000001", "write _staging/acme/spool-00000001",
        "sync _staging/acme/spool-00000001", "close _staging/acme/spool-00000001",
        // 2: what is to be put in its place
        "syncFolder .", "syncFolder _staging", "create _staging/acme/record-1",
        "write _staging/acme/record-1",
        "sync _staging/acme/record-1", "close _staging/acme/record-1",
        "rename _manifest/acme/intent.json", "syncFolder _manifest/acme",
        // 3: in its place
        "syncFolder .", "syncFolder csv", "syncFolder csv/organization=acme",
        "rename csv/organization=acme/event_date=2024-02-12/part-00000.r0002-HASH.csv.gz",
        "syncFolder csv/organization=acme/event_date=2024-02-12",
        // 4: the commit
        "syncFolder _manifest/acme",
        "create _staging/acme/record-2", "write _staging/acme/record-2",
        "sync _staging/acme/record-2", "close _staging/acme/record-2",
        "link _manifest/acme/commits/00000000000000000002.json",
        "syncFolder _manifest/acme/commits",
        "delete _staging/acme/record-2",
        // 5: the manifest
        "create _staging/acme/record-3", "write _staging/acme/record-3",
        "sync _staging/acme/record-3", "close _staging/acme/record-3",
        "rename _manifest/acme/manifest.json", "syncFolder _manifest/acme",
        // 6: what the new revision replaces
        "delete csv/organization=acme/event_date=2024-02-12/part-00000.r0001-HASH.csv.gz",
        "removeFolder csv/organization=acme/event_date=2024-02-12",
        "syncFolder csv/organization=acme/event_date=2024-02-12",
      ])
  }

  @Test func `a reader during a commit sees the state before or after it, and no damage`()
    async throws
  {
    let empty = FaultyFileSystem(folder: Self.root)
    // A first run that is about to commit has put everything in its place.
    let counted = FaultyFileSystem(copyOf: empty)
    counted.record()
    try await run(counted)
    let link = try #require(
      counted.operations.firstIndex { $0.hasPrefix("link") && $0.contains("/commits/") })
    let putting = FaultyFileSystem(copyOf: empty)
    putting.fail(at: link + 1, .death)
    _ = try await archiveError { try await run(putting) }
    for before in [empty, FaultyFileSystem(copyOf: putting), try await Self.prepared()] {
      let after = FaultyFileSystem(copyOf: before)
      try await run(after)
      var known: [Manifest?] = []
      for disk in [before, after].map({ FaultyFileSystem(copyOf: $0) }) {
        known.append(try await Archive(at: Self.root, log: log("acme"), fileSystem: disk).read())
      }
      var seen: Set<Int?> = []
      for number in 1...60 {
        let disk = FaultyFileSystem(copyOf: before)
        disk.replaceContents(with: after, beforeOperation: number)
        let found = try await Archive(at: Self.root, log: log("acme"), fileSystem: disk).inspect()
        #expect(known.contains(found?.manifest), "operation \(number)")
        #expect(found?.damaged ?? [] == [], "operation \(number)")
        seen.insert(found?.manifest.commit)
      }
      #expect(seen.count == 2)
    }
  }

  @Test func `a writer whose commit failed refuses further commits`() async throws {
    let disk = try await Self.prepared()
    disk.record()
    try await withWriter(Self.root, fileSystem: disk) { (writer) async throws in
      disk.fail(at: 20, .failure)
      let first = await #expect(throws: ArchiveError.self) {
        try await writer.commit([
          "2024-02-12": events("2024-02-12", 9), "2024-02-13": events("2024-02-13", 3),
        ])
      }
      let second = await #expect(throws: ArchiveError.self) { try await writer.commit([:]) }
      #expect(first == second && first != nil)
      #expect(writer.manifest?.commit == 1)
    }
  }

  @Test func `replaced files are kept if their replacement has disappeared, and the run reports it`()
    async throws
  {
    let disk = try await Self.prepared()
    let before = try #require(try await Archive(at: Self.root, log: log("acme"), fileSystem: disk).read())
    let replaced = before.partitions.flatMap { $0.files.map(\.path) }
    let day = try #require(before.partitions.first?.eventDate)
    try #require(!replaced.isEmpty)
    try await withWriter(Self.root, fileSystem: disk) { (writer) async throws in
      var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
      change.days = [try await writer.stage("\(day)", events("\(day)", 9))]
      change.covered = [day.window]
      var made: Commit?
      let error = await #expect(throws: ArchiveError.self) {
        try await writer.commit(change) { commit in
          made = commit
          disk.remove(
            "\(Self.root)/\(commit.filesAdded[0])", before: "rename \(Self.root)/_manifest/acme/manifest")
        }
      }
      let commit = try #require(made)
      #expect(
        error
          == .lostAfterCommit(
            2,
            Finding(
              .missing(rows: commit.partitionsChanged[0].rows), at: commit.filesAdded[0], day: day, commit: 2)
          ))
      #expect(commit.filesRemoved.allSatisfy(replaced.contains) && !commit.filesRemoved.isEmpty)
    }
    for _ in 1...2 {
      try await withWriter(Self.root, fileSystem: disk) { writer in
        #expect(writer.manifest?.commit == 2 && writer.recovery.damagedDays == [day])
      }
      for path in replaced { #expect(disk.contents(of: "\(Self.root)/\(path)") != nil, "\(path)") }
    }
  }

  @Test func `a full disk is reported with the path and the bytes to write`() async throws {
    let disk = try await Self.prepared()
    try await withWriter(Self.root, fileSystem: disk) { (writer) async throws in
      _ = try await writer.stage("2024-02-12", events("2024-02-12", 9))
      // Creating the spooled file, writing it, syncing it.
      for (number, operation) in [(2, "write"), (3, "sync")] {
        disk.fail(at: number, .full)
        let error = await #expect(throws: ArchiveError.self) {
          _ = try await writer.stage("2024-02-12", events("2024-02-12", 9))
        }
        guard case .storage(let failure) = error else { continue }
        #expect(failure.reason == .full && (failure.needed ?? 0) > 100)
        #expect("\(failure)".hasPrefix("could not \(operation) /archive/_staging/acme/spool-"))
        #expect("\(failure)".hasSuffix(" (it needs at least \(failure.needed ?? 0) bytes): simulated"))
      }
    }
  }

  @Test(arguments: [false, true])
  func `without hard links, a commit is placed by a rename that never overwrites`(
    lacksExclusiveRenames: Bool
  ) async throws {
    let disk = FaultyFileSystem(folder: Self.root)
    disk.disable(hardLinks: true, exclusiveRenames: lacksExclusiveRenames)
    try await run(disk)
    #expect(try await Archive(at: Self.root, log: log("acme"), fileSystem: disk).read()?.commit == 1)
    let storage = LocalStorage(root: Self.root, paths: ArchivePaths(log("acme")), fileSystem: disk)
    let record = try await storage.read(ArchivePaths(log("acme")).commit(1))?.bytes
    let error = await #expect(throws: StorageError.self) {
      try await storage.create(ArchivePaths(log("acme")).commit(1), [1])
    }
    #expect(error?.reason == .exists)
    #expect(try await storage.read(ArchivePaths(log("acme")).commit(1))?.bytes == record)
    #expect(disk.paths(below: "/archive/_staging").isEmpty)
  }
}
