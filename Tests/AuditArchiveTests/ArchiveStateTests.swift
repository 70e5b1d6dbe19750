import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct ArchiveStateTests {
  private let day12 = "2024-02-12"

  @Test func `reading a missing archive says so and creates nothing`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      #expect(try await Archive(at: "\(folder)/none", log: log("acme")).read() == nil)
      #expect(try await Archive(at: "\(folder)/none", log: log("acme")).recentCommits(limit: 3).isEmpty)
      #expect(try tree(folder).isEmpty)
    }
  }

  @Test func `a second writer learns at once who holds the lock and does not disturb the first`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await Archive(at: folder, log: acme.log).withWriter(
        source: acme, holder: somebody, settings: WriterSettings(toolVersion: "1.0.0")
      ) { (writer) async throws in
        let error = try await archiveError { try await withWriter(folder) { _ in } }
        #expect(error == .locked(somebody))
        #expect(
          error.map { "\($0)" }
            == "another run holds the lock: process 4711 on host.example, since 2024-03-01T00:00:00.000000Z"
        )
        try await writer.commit([day12: events(day12, 5)])
        #expect(try await Archive(at: folder, log: log("acme")).read()?.commit == 1)
      }
      let note = try String(contentsOfFile: "\(folder)/_manifest/acme/lock", encoding: .utf8)
      #expect(
        note
          == "{\"generation\":1,\"host\":\"host.example\",\"pid\":4711,\"since\":\"2024-03-01T00:00:00.000000Z\"}\n"
      )
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
    }
  }

  @Test func `a file in place of an archive is reported as such on every kind of opening`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let file = "\(folder)/file"
      try write("x", to: file)
      let name = log("acme")
      let ways: [() async throws -> Void] = [
        { _ = try await Archive(at: file, log: name).read() },
        { _ = try await Archive(at: file, log: name).verify() },
        { _ = try await Archive(at: file, log: name).inspect() },
        { _ = try await Archive(at: file, log: name).changes(since: 0) },
        { _ = try await Archive(at: file, log: name).recentCommits(limit: 1) },
        { try await withWriter(file) { _ in } },
      ]
      for way in ways {
        guard case .storage(let error)? = try await archiveError(way) else {
          Issue.record("it was opened")
          continue
        }
        #expect(error.reason == .notAFolder && error.path == file)
        #expect("\(error)" == "could not open \(file): it is a file, but an archive is a folder")
      }
    }
  }

  @Test func `on a case-insensitive disk, another spelling is reported and not mistaken for damage`()
    async throws
  {
    let disk = CaselessFileSystem(folder: "/archive")
    try await writeHistory("/archive", acme, fileSystem: disk)
    let before = disk.base.paths(below: "/archive")
    let (name, expected) = (log("Acme"), ArchiveError.otherSpelling(found: log("acme"), asked: log("Acme")))
    let source = ArchiveSource(apiHost: acme.apiHost, log: name)
    let ways: [() async throws -> Void] = [
      { _ = try await Archive(at: "/archive", log: name, fileSystem: disk).read() },
      { _ = try await Archive(at: "/archive", log: name, fileSystem: disk).verify() },
      { _ = try await Archive(at: "/archive", log: name, fileSystem: disk).changes(since: 0) },
      { _ = try await Archive(at: "/archive", log: name, fileSystem: disk).recentCommits(limit: 1) },
      { try await withWriter("/archive", source, fileSystem: disk) { _ in } },
    ]
    for way in ways { #expect(try await archiveError(way) == expected) }
    #expect(disk.base.paths(below: "/archive") == before)
    // The right spelling is read as ever, on such a disk too.
    let report = try #require(try await Archive(at: "/archive", log: log("acme"), fileSystem: disk).verify())
    #expect(report.findings.isEmpty)
  }

  @Test(arguments: ["csv", "parquet", "quarantine", "_manifest", "_staging", "csv/organization=acme"])
  func `a folder of the archive on another volume is refused before any write`(
    folder: String
  ) async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    try await writeHistory("/archive", acme, fileSystem: disk)
    try disk.ensureFolder("/archive/\(folder)/organization=acme")
    try disk.ensureFolder("/archive/\(folder)/acme")
    let before = disk.paths(below: "/archive")
    disk.mount(at: "/archive/\(folder)")
    let error = try await archiveError {
      try await withWriter("/archive", acme, fileSystem: disk) { _ in Issue.record("it was opened") }
    }
    guard case .storage(let failure)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(failure.reason == .otherVolume)
    await #expect {
      try await Archive(at: "/archive", log: log("acme"), fileSystem: disk).probeWriting()
    } throws: {
      ($0 as? StorageError)?.reason == .otherVolume
    }
    #expect(disk.paths(below: "/archive") == before)
  }

  @Test func `an archive that is a volume of its own can be written`()
    async throws
  {
    let disk = FaultyFileSystem(folder: "/archive")
    disk.mount(at: "/archive")
    try await writeHistory("/archive", acme, fileSystem: disk)
    _ = try await Archive(at: "/archive", log: log("acme"), fileSystem: disk).probeWriting()
    try await withWriter("/archive", acme, fileSystem: disk) { #expect(!$0.recovery.lacksDurableNames) }
  }

  @Test func `without fsync of folders, a run continues and says so once`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    disk.disable(folderSync: true)
    try await writeHistory("/archive", acme, fileSystem: disk)
    try await withWriter("/archive", acme, fileSystem: disk) { #expect($0.recovery.lacksDurableNames) }
    #expect(
      try await Archive(at: "/archive", log: log("acme"), fileSystem: disk).probeWriting().lacksDurableNames)
    let report = try #require(try await Archive(at: "/archive", log: log("acme"), fileSystem: disk).verify())
    #expect(report.findings.isEmpty)
  }

  @Test func `a lock holder describes the current process`() {
    let holder = LockHolder.thisProcess(since: somebody.since)
    #expect(holder.pid == getpid() && !holder.host.isEmpty)
  }

  @Test func `the lock is released if the body throws`() async throws {
    struct Failure: Error {}
    try await withTemporaryFolder { (folder) async throws in
      await #expect(throws: Failure.self) { try await withWriter(folder) { _ in throw Failure() } }
      try await withWriter(folder) { #expect($0.manifest == nil) }
    }
  }

  /// With `flock` of util-linux, an essential package of Debian and Ubuntu.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")))
  func `locks work in both directions between two processes`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let lock = "\(folder)/_manifest/acme/lock"
      try await withWriter(folder) { (_) async throws in
        let other = Command("flock", ["--nonblock", "--conflict-exit-code", "9", lock, "true"])
        #expect(try other.run().status == 9)
      }
      let holder = try Command("flock", [lock, "sh", "-c", "echo held; exec sleep 60"]).start()
      defer { holder.end() }
      #expect(holder.line(beginning: "held") == "")
      let error = try await archiveError { try await withWriter(folder) { _ in } }
      #expect(error == .locked(somebody))  // what the last writer left in it; flock writes nothing
    }
  }

  @Test func `a run without a commit does not fix the archive's kind`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let repository = ArchiveSource(apiHost: acme.apiHost, log: log("acme/my-repo"))
      try await withWriter(folder, repository) { #expect($0.manifest == nil) }
      #expect(try tree(folder).keys.sorted() == ["_manifest/acme/my-repo/lock"])
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
    }
  }

  @Test func `the first commit fixes the kind of the archive`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let before = try tree(folder)
      let repository = ArchiveSource(apiHost: acme.apiHost, log: log("acme/my-repo"))
      let refused = ArchiveError.otherKind(found: .organizationLogs, asked: .repositoryLogs)
      #expect(try await archiveError { try await withWriter(folder, repository) { _ in } } == refused)
      await #expect(throws: refused) { try await Archive(at: folder, log: log("acme/my-repo")).read() }
      #expect(try tree(folder) == before)

      try await withWriter("\(folder)/r", repository) { try await $0.commit([day12: events(day12, 5)]) }
      #expect(
        try await archiveError { try await withWriter("\(folder)/r") { _ in } }
          == .otherKind(found: .repositoryLogs, asked: .organizationLogs))
    }
  }

  @Test func `of two concurrent first runs for an organization and a repository, one is refused`()
    async throws
  {
    let repository = ArchiveSource(apiHost: acme.apiHost, log: log("acme/my-repo"))
    for (first, second) in [(acme, repository), (repository, acme)] {
      for hardLinks in [true, false] {
        let disk = FaultyFileSystem(folder: "/archive")
        disk.disable(hardLinks: !hardLinks, exclusiveRenames: false)
        var after: [String] = []
        let error = try await archiveError {
          try await withWriter("/archive", first, fileSystem: disk) { (slower) async throws in
            // Opened when there was nothing yet; the other has come and gone when it commits.
            try await withWriter("/archive", second, fileSystem: disk) { (faster) async throws in
              _ = try await faster.commit([day12: events(day12, 5)])
            }
            after = disk.paths(below: "/archive")
            try await slower.commit([day12: events(day12, 5)])
          }
        }
        #expect(
          error == .otherKind(found: ArchiveKind(of: second.log), asked: ArchiveKind(of: first.log)))
        #expect(disk.paths(below: "/archive") == after)
        #expect(try await Archive(at: "/archive", log: second.log, fileSystem: disk).verify()?.findings == [])
      }
    }
  }

  @Test func `another host or query is refused, and nothing changes`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      try write("torn", to: "\(folder)/_staging/acme/spool-00000077")
      let before = try tree(folder).filter { !$0.key.hasSuffix("lock") }
      for (host, query) in [("https://api.example", nil), (acme.apiHost, "event:login")] {
        let other = ArchiveSource(apiHost: host, log: log("acme"), query: query)
        let error = try await archiveError { try await withWriter(folder, other) { _ in } }
        #expect(error == .otherSource(found: acme, asked: other))
      }
      let after = try tree(folder).filter { !$0.key.hasSuffix("lock") && !$0.key.hasPrefix("_staging") }
      #expect(after == before.filter { !$0.key.hasPrefix("_staging") })
    }
  }

  @Test func `another redaction, another key, or none is refused, and nothing changes`() async throws {
    func source(_ text: String, key: String? = nil) throws -> ArchiveSource {
      var policy = try RedactionPolicy(text)
      policy.keyFingerprint = key
      return ArchiveSource(apiHost: acme.apiHost, log: log("acme"), redaction: policy)
    }
    let redacted = try source("actor=hash,actor_location=drop", key: "0123456789abcdef")
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder, redacted)
      let before = try tree(folder).filter { !$0.key.hasSuffix("lock") }
      for other in [
        acme, try source("actor=hash", key: "0123456789abcdef"), try source("actor=hash,actor_location=drop"),
        try source("actor=drop,actor_location=drop", key: "0123456789abcdef"),
        try source("actor=hash,actor_location=drop", key: "1123456789abcdef"),
      ] {
        let error = try await archiveError { try await withWriter(folder, other) { _ in } }
        #expect(error == .otherSource(found: redacted, asked: other))
      }
      let after = try tree(folder).filter { !$0.key.hasSuffix("lock") }
      #expect(after == before)
      let manifest = try await Archive(at: folder, log: log("acme")).read()
      #expect(manifest?.source == redacted)
    }
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder)
      let error = try await archiveError { try await withWriter(folder, redacted) { _ in } }
      #expect(error == .otherSource(found: acme, asked: redacted))
      // An archive that is not redacted has the bytes that it has always had.
      for (path, bytes) in try tree(folder) {
        #expect(!String(decoding: bytes, as: UTF8.self).contains("redaction"), "\(path)")
      }
    }
  }

  @Test(arguments: [
    #""actor" : "mask""#, #""uuid" : "drop""#, #""nobody" : "drop""#, #""actor" : "truncate""#,
    #""actor" : 1"#, "",
  ])
  func `a record with an invalid redaction is damaged, and is not read as unredacted`(
    columns: String
  ) async throws {
    let redacted = ArchiveSource(
      apiHost: acme.apiHost, log: log("acme"), redaction: try RedactionPolicy("actor=drop"))
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await withWriter(folder, redacted) { try await $0.commit([day12: events(day12, 5)]) }
      let path = "\(folder)/_manifest/acme/commits/00000000000000000001.json"
      let record = try String(contentsOfFile: path, encoding: .utf8)
      try write(record.replacing(#""actor" : "drop""#, with: columns), to: path)
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest/acme/manifest.json")
      let error = try await archiveError { try await Archive(at: folder, log: log("acme")).read() }
      guard case .damaged? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func `logs of repositories have their own trees, and any number can share an archive`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      for name in ["acme/one", "acme/two", "other/one"] {
        let source = ArchiveSource(apiHost: acme.apiHost, log: log(name))
        try await writeHistory(folder, source)
        try await withWriter(folder, source) { (writer) async throws in
          #expect(writer.recovery == RecoveryReport())
          await #expect(try writer.events(of: day12) == events(day12, 9))
        }
      }
      let paths = try tree(folder).keys
      #expect(
        paths.contains { $0.hasPrefix("csv/organization=acme/repository=one/event_date=2024-02-12/part-") })
      #expect(paths.contains("_manifest/acme/two/commits/00000000000000000006.json"))
    }
  }

  @Test func `organizations can share an archive, and a crash of one does not affect the other`() async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      let other = ArchiveSource(apiHost: acme.apiHost, log: log("acme-2"))
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      try await withWriter(folder, other) { try await $0.commit([day12: events(day12, 6)]) }
      let left = [
        "csv/organization=acme-2/event_date=2024-02-12/part-00000.r0002-00000000.csv.gz",
        "quarantine/organization=acme-2/commit-00000000000000000002-00000000.jsonl",
        "_staging/acme-2/spool-00000001",
      ]
      for path in left { try write("torn", to: "\(folder)/\(path)") }
      try write(
        """
        {"format": "cloudsmith-audit-export/1", "first_commit": 2, "commit": 2, "files": ["\(left[0])", "\(left[1])"]}
        """, to: "\(folder)/_manifest/acme-2/intent.json")
      let before = try tree(folder)
      try await withWriter(folder) { #expect($0.recovery == RecoveryReport()) }
      #expect(try tree(folder) == before)
      try await withWriter(folder, other) {
        #expect($0.recovery.deleted.map(\.path).sorted() == left.sorted())
      }
    }
  }

  @Test func `two organizations can be written concurrently`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withThrowingTaskGroup { group in
        for name in ["a", "b", "c", "d"] {
          group.addTask {
            try await writeHistory(folder, ArchiveSource(apiHost: "https://h", log: log(name)))
          }
        }
        try await group.waitForAll()
      }
      for name in ["a", "b", "c", "d"] {
        #expect(try await Archive(at: folder, log: log(name)).read()?.commit == 6)
      }
    }
  }
}
