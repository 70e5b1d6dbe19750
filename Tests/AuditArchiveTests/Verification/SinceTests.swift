import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// A verification that goes on from a commit that was verified before.
@Suite(.fewAtOnce) struct SinceTests {
  private let manifest = "_manifest/acme/manifest.json"

  private func record(_ number: Int) -> String { ArchivePaths(log("acme")).commit(number) }

  private func hash(_ number: Int, _ folder: String) throws -> String {
    sha256(try Data(contentsOf: URL(filePath: "\(folder)/\(record(number))")))
  }

  private func settings(since number: Int, _ sha256: String) -> VerificationSettings {
    var settings = VerificationSettings()
    settings.since = ProvenCommit(number: number, sha256: sha256)
    return settings
  }

  /// With the hash that the record has now.
  private func findings(since number: Int, _ archive: ExampleArchive) async throws -> [String] {
    try await archive.findings(settings(since: number, hash(number, archive.folder)))
  }

  @Test(arguments: 0..<3)
  func `verification since any commit of a sound history reads only days that changed later`(seed: Int)
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      var history = RandomHistory(seed: seed)
      for _ in 1...30 { try await withWriter(folder) { _ = try await history.commit(to: $0) } }
      let commits = try await Archive(at: folder, log: log("acme")).recentCommits(limit: 30)
      let days = try #require(try await Archive(at: folder, log: log("acme")).read()).partitions.count
      for since in 1...30 {
        var settings = settings(since: since, try hash(since, folder))
        for isQuick in [false, true] {
          settings.isQuick = isQuick
          let report = try #require(try await Archive(at: folder, log: log("acme")).verify(settings))
          #expect(report.findings == [], "seed \(seed), since \(since)")
          #expect(report.firstCommit == min(since, 29) + 1 && report.newestCommit == 30)
          #expect(report.commits.total == 31 - report.firstCommit)
          #expect(report.newestCommitSHA256 == (try hash(30, folder)))
          let changed = Set(
            commits.filter { $0.commit > since }.flatMap { $0.partitionsChanged.map(\.eventDate) })
          #expect(report.days == .init(sound: changed.count, total: changed.count))
          #expect(report.daysUnchanged == days - changed.count)
        }
      }
      var quick = VerificationSettings()
      quick.isQuick = true
      for settings in [quick, VerificationSettings()] {
        #expect(try await Archive(at: folder, log: log("acme")).verify(settings)?.findings == [])
      }
    }
  }

  @Test func `records before the given commit are not read and may be missing`() async throws {
    for since in 2...7 {
      try await ExampleArchive.with { archive in
        for number in 1..<min(since, 6) { try archive.remove(record(number)) }
        await #expect(try findings(since: since, archive) == [], "\(since)")
        await #expect(try !archive.findings().isEmpty)
      }
    }
  }

  @Test func `a consistently rewritten history is detected only by the commit's hash`()
    async throws
  {
    for since in 2...7 {
      try await ExampleArchive.with { archive in
        let known = try hash(since, archive.folder)
        try archive.forge(2) { $0["tool_version"] = "6.6.6" }
        #expect(try await archive.findings() == [])
        await #expect(try findings(since: since, archive) == [])
        let report = try await archive.verify(settings(since: since, known))
        let found = try hash(since, archive.folder)
        #expect(report.findings.map(\.problem) == [.brokenChain(.rewritten(expected: known, found: found))])
        #expect(report.findings.first?.path == record(since) && report.findings.first?.commit == since)
      }
    }
  }

  @Test func `an archive older than the given commit is reported, like an older copy`() async throws {
    try await ExampleArchive.with { archive in
      let known = String(repeating: "0", count: 64)
      let report = try await archive.verify(settings(since: 9, known))
      #expect(report.findings.map(\.problem) == [.brokenChain(.rewritten(expected: known, found: nil))])
      #expect(report.newestCommit == 7 && report.commits == .init(sound: 1, total: 1))
    }
  }

  @Test func `damage to a record after the given commit is found`() async throws {
    for number in 4...7 {
      for (kind, damage) in [
        ("broken-chain", { try $0.remove($1) }),
        ("broken-chain", { try $0.editRecord($1) { $0["tool_version"] = "6.6.6" } }),
        ("unreadable", { try $0.write("{".utf8, to: $1) }),
      ] as [(String, (ExampleArchive, String) throws -> Void)] {
        try await ExampleArchive.with { archive in
          try damage(archive, record(number))
          await #expect(try findings(since: 3, archive) == ["\(kind) \(record(number))"], "\(number)")
        }
      }
    }
  }

  @Test
  func `if the next record follows another commit than the proven one, the next record is reported`()
    async throws
  {
    try await ExampleArchive.with { archive in
      let proven = try archive.bytes(record(3))
      try archive.forge(3) { $0["tool_version"] = "6.6.6" }
      try archive.write(proven, to: record(3))
      let report = try await archive.verify(settings(since: 3, sha256(proven)))
      #expect(report.findings.map(\.path) == [record(4)])
      guard case .brokenChain(.detached)? = report.findings.first?.problem else {
        Issue.record("\(report.findings)")
        return
      }
    }
  }

  @Test func `records after the given commit must follow from it by the rules of the format`() async throws {
    let changes: [(String, Int, (inout [String: Any]) throws -> Void)] = [
      (
        "inconsistent", 3,
        { record in
          var days = try #require(record["partitions_changed"] as? [[String: Any]])
          days[0]["revision"] = 7
          record["partitions_changed"] = days
        }
      ),
      ("inconsistent", 3, { $0["files_added"] = [String]() }),
      ("inconsistent", 3, { $0["files_removed"] = ["csv/organization=acme/event_date=2024-02-13/x"] }),
      ("schema-mismatch", 4, { $0["schema"] = "audit-log-2" }),
      ("wrong-coverage", 3, { $0["start"] = "2024-02-13T00:00:00.000000Z" }),
    ]
    for (kind, number, change) in changes {
      try await ExampleArchive.with { archive in
        try archive.forge(number, change)
        let found = try await findings(since: number - 1, archive)
        #expect(found.contains("\(kind) \(record(number))"), "\(kind): \(found)")
      }
    }
  }

  @Test func `entries of days that changed since the commit are compared with the records`()
    async throws
  {
    func edit(_ day: String, _ archive: ExampleArchive, _ member: String, _ value: Any) throws {
      try archive.editRecord(manifest) { manifest in
        manifest["partitions"] = try #require(manifest["partitions"] as? [[String: Any]]).map { entry in
          var entry = entry
          if entry["event_date"] as? String == day { entry[member] = value }
          return entry
        }
      }
    }
    let zeros = String(repeating: "0", count: 64)
    for (member, value) in [("content_sha256", zeros), ("revision", 3), ("rows", 61)] as [(String, Any)] {
      try await ExampleArchive.with { archive in
        try edit("2024-02-16", archive, member, value)
        await #expect(try findings(since: 5, archive) == ["wrong-manifest \(manifest)"], "\(member)")
      }
      // What did not change since counts as proven: only the whole history says what it was.
      try await ExampleArchive.with { archive in
        try edit("2024-02-12", archive, member, value)
        await #expect(try findings(since: 5, archive) == [], "\(member)")
        await #expect(try !archive.findings().isEmpty)
      }
    }
    // An entry that says that a later commit made it, and none did.
    try await ExampleArchive.with { archive in
      try edit("2024-02-12", archive, "changed_in_commit", 6)
      await #expect(try findings(since: 5, archive).contains("wrong-manifest \(manifest)"))
    }
    // The newest standing is the newest record's.
    for member in ["committed_at", "tool_version"] {
      try await ExampleArchive.with { archive in
        try archive.editRecord(manifest) { $0[member] = "2024-03-09T00:00:00.000000Z" }
        await #expect(try findings(since: 5, archive) == ["wrong-manifest \(manifest)"], "\(member)")
      }
    }
  }

  @Test func `only files of days that changed since the commit are read`() async throws {
    try await ExampleArchive.with { archive in
      let (old, new) = (try await archive.part("2024-02-12"), try await archive.part("2024-02-16"))
      for path in [old, new] { try archive.edit(path) { $0[9] ^= 1 } }
      await #expect(try findings(since: 5, archive) == ["altered \(new)"])
      await #expect(try findings(since: 7, archive) == [])
      await #expect(try findings(since: 2, archive) == ["altered \(new)", "altered \(old)"].sorted())
      // A range limits them further.
      var part = settings(since: 2, try hash(2, archive.folder))
      part.to = at("2024-02-14T00:00:00Z")
      #expect(try await archive.findings(part) == ["altered \(old)"])
    }
  }

  @Test func `a manifest one commit behind is rolled forward, whatever commit is given`()
    async throws
  {
    try await ExampleArchive.with { archive in
      let old = try archive.bytes(manifest)
      let intent = ArchivePaths(log("acme")).intent
      var intended: [UInt8] = []
      try await withWriter(archive.folder) { writer in
        try await writer.commit(["2024-02-16": events("2024-02-16", 3)])
        intended = try archive.bytes(intent)
      }
      try archive.write(old, to: manifest)
      try archive.write(intended, to: intent)
      for since in 1...8 { await #expect(try findings(since: since, archive) == [], "\(since)") }
      #expect(try await archive.findings() == [])
      // What the commit after the manifest's may remove, the manifest tells.
      try archive.editRecord(record(8)) { $0["files_removed"] = [String]() }
      await #expect(try findings(since: 5, archive) == ["inconsistent \(record(8))"])
    }
  }

  @Test func `without a usable manifest or commit record, the whole history is read`() async throws {
    try await ExampleArchive.with { archive in
      let known = try hash(3, archive.folder)
      try archive.write("{".utf8, to: manifest)
      #expect(try await archive.findings(settings(since: 3, known)) == ["unreadable \(manifest)"])
      #expect(try await archive.verify(settings(since: 3, known)).firstCommit == 1)
      let zeros = String(repeating: "0", count: 64)
      #expect(
        try await archive.findings(settings(since: 3, zeros)) == [
          "broken-chain \(record(3))", "unreadable \(manifest)",
        ])
    }
    try await ExampleArchive.with { archive in
      let known = try hash(3, archive.folder)
      try archive.remove(record(3))
      #expect(try await archive.findings(settings(since: 3, known)) == ["broken-chain \(record(3))"])
    }
  }

  @Test func `quarantine that later commits add and remove is checked from the given commit on`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      var change = Change(committedAt: at("2024-03-10T00:00:00Z"), lookback: .hours(24))
      change.run.window = window("2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z")
      let first = change
      let path = try #require(
        try await withWriter(folder) {
          try await $0.commit(first, quarantine: [AuditArchiveTests.record("1")])
        }
        .filesAdded.first)
      try FileManager.default.removeItem(atPath: "\(folder)/\(path)")
      change.replaced = change.run.window
      let second = change
      try await withWriter(folder) { writer in
        await #expect(
          try writer.commit(second, quarantine: [AuditArchiveTests.record("2")]).filesRemoved == [path])
        try await writer.commit([:])
      }
      for since in 1...3 {
        let settings = settings(since: since, try hash(since, folder))
        let report = try #require(try await Archive(at: folder, log: log("acme")).verify(settings))
        #expect(report.findings == [] && report.quarantineFiles.total == (since == 1 ? 1 : 0))
      }
      #expect(try await Archive(at: folder, log: log("acme")).verify()?.findings == [])
    }
  }

  @Test func `signatures are expected from the given commit on`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      var signing = WriterSettings(toolVersion: "1.0.0")
      signing.signingKey = try SigningKey(pem: SigningTests.privatePEM)
      for _ in 1...3 { try await withWriter(folder) { try await $0.commit([:]) } }
      for _ in 4...6 { try await withWriter(folder, settings: signing) { try await $0.commit([:]) } }
      for (since, signed) in [(3, 3), (4, 2), (1, 3)] {
        var settings = settings(since: since, try hash(since, folder))
        settings.publicKey = try VerificationKey(pem: SigningTests.publicPEM)
        let report = try #require(try await Archive(at: folder, log: log("acme")).verify(settings))
        #expect(report.signatures == .init(sound: signed, total: 6 - since))
        #expect(report.findings.map(\.problem) == (since == 1 ? [.unsigned, .unsigned] : []))
      }
    }
  }
}
