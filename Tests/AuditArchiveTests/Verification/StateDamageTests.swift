import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// Each kind of damage to what an archive says of itself is found and named rightly.
@Suite(.fewAtOnce) struct StateDamageTests {
  private let manifest = "_manifest/acme/manifest.json"
  private let kind = "_manifest/archive.json"

  private func record(_ number: Int) -> String { ArchivePaths(log("acme")).commit(number) }

  /// Exactly these findings, in a quick look too when no row is concerned: of the seven records it reads the last two.
  private func expect(
    _ claims: [(kind: String, path: String)], isQuickToo: Bool = true, in archive: ExampleArchive,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let expected = claims.map { "\($0.kind) \($0.path)" }.sorted()
    let findings = try await archive.findings()
    #expect(findings == expected, sourceLocation: sourceLocation)
    guard isQuickToo else { return }
    var settings = VerificationSettings()
    settings.isQuick = true
    let readsAll = claims.contains { $0.path == manifest && ["missing", "unreadable"].contains($0.kind) }
    let early = Set(readsAll ? [] : (1...5).map(record))
    let quick = claims.filter { !early.contains($0.path) }.map { "\($0.kind) \($0.path)" }.sorted()
    #expect(try await archive.findings(settings) == quick, "quick", sourceLocation: sourceLocation)
  }

  // MARK: The chain

  @Test func `a commit record that is gone breaks the chain there, wherever it stood`() async throws {
    for number in 1...7 {
      try await ExampleArchive.with { archive in
        try archive.remove(record(number))
        try await expect([("broken-chain", record(number))], in: archive)
        let report = try await archive.verify()
        #expect(report.findings.first?.problem == .brokenChain(.absent(upTo: number)))
        #expect(report.commits == .init(sound: 6, total: 7))
      }
    }
  }

  @Test func `several records that are gone are one hole`() async throws {
    try await ExampleArchive.with { archive in
      for number in 2...4 { try archive.remove(record(number)) }
      try await expect([("broken-chain", record(2))], in: archive)
      await #expect(try archive.verify().findings.first?.problem == .brokenChain(.absent(upTo: 4)))
      await #expect(try archive.verify().commits == .init(sound: 4, total: 7))
    }
  }

  @Test func `an altered record breaks the chain, and is the one that is blamed`() async throws {
    for number in 1...7 {
      try await ExampleArchive.with { archive in
        try archive.editRecord(record(number)) { $0["tool_version"] = "6.6.6" }
        try await expect([("broken-chain", record(number))], in: archive)
        guard case .brokenChain(.altered) = try await archive.verify().findings.first?.problem else {
          Issue.record("\(try await archive.verify().findings)")
          return
        }
      }
    }
  }

  @Test func `an altered record that tells other rows is blamed, and not the days that are as they were`()
    async throws
  {
    try await ExampleArchive.with { archive in
      try archive.editRecord(record(3)) { record in
        var days = try #require(record["partitions_changed"] as? [[String: Any]])
        days[0]["rows"] = 4_711
        days[0]["revision"] = 9
        record["partitions_changed"] = days
      }
      try await expect([("broken-chain", record(3))], in: archive)
    }
  }

  @Test func `two altered records are both told`() async throws {
    try await ExampleArchive.with { archive in
      for number in [3, 4] { try archive.editRecord(record(number)) { $0["tool_version"] = "6.6.6" } }
      try await expect([("broken-chain", record(4)), ("broken-chain", record(4))], in: archive)
      try archive.editRecord(record(6)) { $0["tool_version"] = "6.6.6" }
      await #expect(try archive.findings().contains("broken-chain \(record(6))"))
    }
  }

  @Test func `a record that names another one before it is blamed itself`() async throws {
    for number in 1...7 {
      try await ExampleArchive.with { archive in
        try archive.editRecord(record(number)) {
          $0["previous_commit_sha256"] = String(repeating: "0", count: 64)
        }
        let findings = try await archive.verify().findings
        #expect(findings.allSatisfy { $0.problem.kind == .brokenChain && $0.path == record(number) })
        #expect(findings.contains { if case .brokenChain(.detached) = $0.problem { true } else { false } })
      }
    }
  }

  @Test func `a record that is not JSON is unreadable`() async throws {
    for number in [1, 4, 7] {
      try await ExampleArchive.with { archive in
        try archive.write("{\"commit\"".utf8, to: record(number))
        try await expect([("unreadable", record(number))], in: archive)
      }
    }
  }

  @Test func `a record under another number leaves a hole and is not what its name says`() async throws {
    try await ExampleArchive.with { archive in
      try archive.move(record(7), to: record(9))
      let findings = try await archive.findings()
      #expect(Set(findings) == ["broken-chain \(record(7))", "broken-chain \(record(9))"])
    }
  }

  @Test func `history rewritten to its end is told by the files it names`() async throws {
    try await ExampleArchive.with { archive in
      try archive.forge(3) { record in
        var days = try #require(record["partitions_changed"] as? [[String: Any]])
        days[0]["revision"] = 7
        record["partitions_changed"] = days
      }
      let findings = try await archive.verify().findings
      #expect(findings.contains { $0.problem.kind == .inconsistent && $0.path == record(3) })
      #expect(findings.contains { $0.problem.kind == .wrongManifest && $0.day == day("2024-02-12") })
    }
    try await ExampleArchive.with { archive in
      try archive.forge(3) { $0["files_removed"] = [String]() }
      try await expect([("inconsistent", record(3))], in: archive)
    }
    try await ExampleArchive.with { archive in
      try archive.forge(3) { $0["files_added"] = [String]() }
      try await expect([("inconsistent", record(3))], in: archive)
    }
  }

  // MARK: The manifest

  @Test func `a manifest that is not the sum of the commits is told, member by member`() async throws {
    let changes: [(String, (inout [String: Any]) throws -> Void)] = [
      ("committed_at", { $0["committed_at"] = "2024-03-02T00:00:00.000000Z" }),
      ("tool_version", { $0["tool_version"] = "2.0.0" }),
      ("commit_sha256", { _ in }),
      ("rows", { try StateDamageTests.changeDay(&$0) { $0["rows"] = 10 } }),
      ("revision", { try StateDamageTests.changeDay(&$0) { $0["revision"] = 1 } }),
      ("state", { try StateDamageTests.changeDay(&$0) { $0["state"] = "open" } }),
      (
        "content_sha256",
        { try StateDamageTests.changeDay(&$0) { $0["content_sha256"] = String(repeating: "0", count: 64) } }
      ),
      ("files", { try StateDamageTests.changeDay(&$0) { $0["files"] = [Any]() } }),
      (
        "quarantine",
        {
          $0["quarantine"] = [Any]()
          $0["quarantined_records"] = 0
        }
      ),
    ]
    for (member, change) in changes where member != "commit_sha256" {
      try await ExampleArchive.with { archive in
        try archive.editRecord(manifest, change)
        // Of a day that the newest commit left alone, and of earlier quarantine, only the whole history says what it was.
        let isQuickToo = ["committed_at", "tool_version"].contains(member)
        try await expect([("wrong-manifest", manifest)], isQuickToo: isQuickToo, in: archive)
        guard case .wrongManifest(member, _, _) = try await archive.verify().findings.first?.problem else {
          Issue.record("\(member): \(try await archive.verify().findings)")
          return
        }
      }
    }
  }

  private static func changeDay(
    _ manifest: inout [String: Any], _ change: (inout [String: Any]) -> Void
  ) throws {
    var days = try #require(manifest["partitions"] as? [[String: Any]])
    change(&days[0])
    manifest["partitions"] = days
  }

  @Test func `an entry that the manifest lost, or has too many, is told of its day`() async throws {
    try await ExampleArchive.with { archive in
      try archive.editRecord(manifest) {
        $0["partitions"] = Array(try #require($0["partitions"] as? [Any]).dropFirst())
      }
      try await expect([("wrong-manifest", manifest)], isQuickToo: false, in: archive)
      #expect(try await archive.verify().findings.first?.day == day("2024-02-12"))
      var settings = VerificationSettings()
      settings.isQuick = true
      #expect(try await archive.findings(settings).contains("wrong-coverage \(manifest)"))
    }
  }

  @Test func `a manifest that cannot be read, is gone, or is an old one, is told; the commits are the state`()
    async throws
  {
    try await ExampleArchive.with { archive in
      try archive.write("{".utf8, to: manifest)
      try await expect([("unreadable", manifest)], in: archive)
      try archive.remove(manifest)
      try await expect([("missing", manifest)], in: archive)
      await #expect(try archive.verify().rows == .init(sound: 73, total: 73))
    }
    try await ExampleArchive.with { archive in
      let old = try archive.bytes(manifest)
      try await withWriter(archive.folder) { writer in
        for _ in 0..<2 { try await writer.commit([:]) }
      }
      try archive.write(old, to: manifest)
      try await expect([("wrong-manifest", manifest)], in: archive)
    }
  }

  @Test func `a run that stopped between its commit and its manifest did no damage`() async throws {
    try await ExampleArchive.with { archive in
      let old = try archive.bytes(manifest)
      let intent = ArchivePaths(log("acme")).intent
      var intended: [UInt8] = []
      try await withWriter(archive.folder) { writer in
        try await writer.commit(["2024-02-18": events("2024-02-18", 3)])
        intended = try archive.bytes(intent)
      }
      try archive.write(old, to: manifest)
      try archive.write(intended, to: intent)
      let report = try await archive.verify()
      #expect(report.findings.isEmpty)
      #expect(report.manifestCommit == 7 && report.newestCommit == 8 && report.rows.total == 76)
      // A run that ends in order leaves no such thing: somebody has put the manifest back.
      try archive.remove(intent)
      try await expect([("wrong-manifest", manifest)], in: archive)
    }
  }

  @Test func `manifest and commits both broken: what one of them still tells is checked`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part("2024-02-16")
      try archive.remove(manifest)
      // The record of the commit that emptied 2024-02-14: what it did to that day, nothing tells any more.
      try archive.remove(record(5))
      try await expect([("missing", manifest), ("broken-chain", record(5))], in: archive)
      await #expect(try archive.verify().days == .init(sound: 4, total: 5))
      try archive.edit(part) { $0[9] = 3 }
      try archive.write([1], to: part.replacing("part-00000", with: "part-00009"))
      try await expect(
        [("missing", manifest), ("broken-chain", record(5)), ("altered", part)], isQuickToo: false,
        in: archive)
    }
  }

  /// ../shared/faults/claims/v01
  @Test
  func `a manifest or record that readers read differently is unreadable, and the commits are the state`()
    async throws
  {
    let forged = "  \"partitions\" : [],\n  \"part\\u0069tions\" : [],\n"
    for forge: ([UInt8]) -> [UInt8] in [
      { Array("{\n  \"commit\" : 99,\n".utf8) + $0.dropFirst(2) },
      { Array(("{\n" + forged).utf8) + $0.dropFirst(2) },
      { [0xEF, 0xBB, 0xBF] + $0 }, { $0 + Array("{}".utf8) }, { $0 + [0] },
      { Array("{\"x\":".utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 5_000) + $0.dropFirst(1) },
    ] {
      try await ExampleArchive.with { archive in
        try archive.write(forge(archive.bytes(manifest)), to: manifest)
        try await expect([("unreadable", manifest)], in: archive)
        await #expect(try archive.verify().rows == .init(sound: 73, total: 73))
      }
      try await ExampleArchive.with { archive in
        try archive.write(forge(archive.bytes(record(7))), to: record(7))
        await #expect(try archive.findings().contains("unreadable \(record(7))"))
      }
    }
    // Other white space, another order: all readers read it alike, and another program wrote it.
    try await ExampleArchive.with { archive in
      try archive.write(archive.bytes(manifest) + Array("\n".utf8), to: manifest)
      try await expect([("altered", manifest)], in: archive)
      try await withWriter(archive.folder) { try await $0.commit([:]) }
      await #expect(try archive.findings().isEmpty)
    }
  }

  // MARK: Coverage

  @Test func `a mark, gaps, coverage or start that the commits do not prove is wrong coverage`() async throws
  {
    let later = "2024-03-01T00:00:00.000000Z"
    let changes: [(inout [String: Any]) -> Void] = [
      { $0["high_water_mark"] = later },
      { $0["start"] = "2024-02-01T00:00:00.000000Z" },
      { $0["gaps"] = [["from": "2024-02-12T00:00:00.000000Z", "to": "2024-02-13T00:00:00.000000Z"]] },
      { $0["coverage"] = [["from": "2024-02-12T00:00:00.000000Z", "to": later]] },
      {
        $0["lookback_due"] = [["from": "2024-02-11T00:00:00.000000Z", "to": "2024-02-13T00:00:00.000000Z"]]
      },
      {
        $0["coverage"] = [
          ["from": "2024-02-12T00:00:00.000000Z", "to": "2024-02-14T00:00:00.000000Z"],
          ["from": "2024-02-14T00:00:00.000000Z", "to": "2024-02-17T00:00:00.000000Z"],
        ]
      },
    ]
    for change in changes {
      try await ExampleArchive.with { archive in
        try archive.editRecord(manifest, change)
        try await expect([("wrong-coverage", manifest)], in: archive)
      }
    }
    try await ExampleArchive.with { archive in
      try archive.forge(7) { $0["high_water_mark"] = later }
      try await expect([("wrong-coverage", record(7))], in: archive)
    }
  }

  @Test func `coverage that a commit takes back, or has of the future, is wrong`() async throws {
    try await ExampleArchive.with { archive in
      try archive.forge(2) {
        $0["coverage"] = [["from": "2024-02-15T00:00:00.000000Z", "to": "2024-02-16T00:00:00.000000Z"]]
        $0["high_water_mark"] = "2024-02-12T00:00:00.000000Z"
        $0["gaps"] = [["from": "2024-02-12T00:00:00.000000Z", "to": "2024-02-15T00:00:00.000000Z"]]
        $0["lookback_due"] = [Any]()
      }
      try await expect([("wrong-coverage", record(2))], in: archive)
    }
    try await ExampleArchive.with { archive in
      try archive.forge(1) { $0["committed_at"] = "2024-02-12T23:00:00.000000Z" }
      try await expect([("wrong-coverage", record(1))], in: archive)
    }
  }

  @Test func `a covered day without an entry, and a settled day that is not covered, are wrong coverage`()
    async throws
  {
    try await ExampleArchive.with { archive in
      try await archive.forgeStanding { standing in
        standing["coverage"] = [
          ["from": "2024-02-12T00:00:00.000000Z", "to": "2024-02-19T00:00:00.000000Z"]
        ]
        standing["high_water_mark"] = "2024-02-19T00:00:00.000000Z"
      }
      try await expect([("wrong-coverage", manifest)], in: archive)
      await #expect(try archive.verify().findings.first?.day == day("2024-02-17"))
    }
    try await ExampleArchive.with { archive in
      try await archive.forgeDay("2024-02-16") { $0["state"] = "settled" }
      await #expect(try archive.findings().isEmpty)  // how long a day stays open is no record's to say
    }
    try await ExampleArchive.with { archive in
      try await withWriter(archive.folder) { writer in
        var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
        change.days = [try await writer.stage("2024-02-20", events("2024-02-20", 3))]
        _ = try await writer.commit(change)
      }
      await #expect(try archive.findings().isEmpty)  // rows of a day that is not covered yet
      try await archive.forgeDay("2024-02-20") { $0["state"] = "settled" }
      try await expect([("wrong-coverage", manifest)], in: archive)
    }
  }

  @Test func `a day before the start that is covered by half is wrong when settled, until the next commit`()
    async throws
  {
    try await ExampleArchive.with { archive in
      try await withWriter(archive.folder) { writer in
        var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
        change.covered = [window("2024-02-01T00:00:00Z", "2024-02-01T12:00:00Z")]
        _ = try await writer.commit(change)
      }
      await #expect(try archive.findings().isEmpty)
      // As builds from before the release wrote it.
      try await archive.forgeDay("2024-02-01") { $0["state"] = "settled" }
      try await expect([("wrong-coverage", manifest)], in: archive)
      await #expect(try archive.verify().findings.first?.day == day("2024-02-01"))
      try await withWriter(archive.folder) {
        _ = try await $0.commit(Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24)))
      }
      await #expect(try archive.partition("2024-02-01").state == .open)
      await #expect(try archive.findings().isEmpty)
    }
  }

  // MARK: What the state says of a day

  @Test func `counts, bounds and content that the rows do not have are told`() async throws {
    let day = "2024-02-12"
    let changes: [(String, (inout [String: Any], inout [String: Any]) -> Void)] = [
      (
        "miscounted",
        {
          $0["rows"] = 10
          $1["rows"] = 10
        }
      ),
      ("miscounted", { $1["uncompressed_bytes"] = 1 }),
      ("altered", { $1["bytes"] = 1 }),
      ("miscounted", { $1["bytes"] = 1 << 20 }),
      (
        "wrong-bounds",
        {
          $0["max_event_at"] = "2024-02-12T00:00:05.000000Z"
          $1["max_event_at"] = "2024-02-12T00:00:05.000000Z"
        }
      ),
    ]
    for (kind, change) in changes {
      try await ExampleArchive.with { archive in
        try await archive.forgeDay(day) { entry in
          var file = try #require((entry["files"] as? [[String: Any]])?.first)
          change(&entry, &file)
          entry["files"] = [file]
        }
        let path = try await archive.part(day)
        try await expect([(kind, path)], isQuickToo: false, in: archive)
      }
    }
    let own: [(String, String, Any)] = [
      ("miscounted", "rows", 10), ("wrong-bounds", "min_event_at", "2024-02-12T00:00:05.000000Z"),
      ("wrong-content", "content_sha256", String(repeating: "0", count: 64)),
    ]
    for (kind, member, value) in own {
      try await ExampleArchive.with { archive in
        try await archive.forgeDay(day) { $0[member] = value }
        try await expect([(kind, manifest)], isQuickToo: false, in: archive)
      }
    }
    try await ExampleArchive.with { archive in
      try await archive.forgeDay("2024-02-13") { $0["content_sha256"] = String(repeating: "0", count: 64) }
      try await expect([("wrong-content", manifest)], in: archive)
    }
  }

  @Test
  func `a file under a name that is not its own is misnamed, and one outside the archive is not opened`()
    async throws
  {
    try await ExampleArchive.with { archive in
      let part = try await archive.part("2024-02-12")
      let other = String(part.dropLast(15)) + "00000000.csv.gz"
      try archive.move(part, to: other)
      try await archive.forgeDay("2024-02-12") { entry in
        var file = try #require((entry["files"] as? [[String: Any]])?.first)
        file["path"] = other
        entry["files"] = [file]
      }
      try archive.forge(3) { record in
        let added = record["files_added"] as? [String] ?? []
        record["files_added"] = added.map { $0 == part ? other : $0 }.sorted()
      }
      try await expect([("misnamed", other)], in: archive)
    }
    try await ExampleArchive.with { archive in
      try await archive.forgeDay("2024-02-12") { entry in
        var file = try #require((entry["files"] as? [[String: Any]])?.first)
        file["path"] = "../../../etc/passwd"
        entry["files"] = [file]
      }
      let findings = try await archive.verify().findings
      #expect(findings.filter { $0.path == "../../../etc/passwd" }.map(\.problem.kind) == [.misnamed])
    }
  }

  @Test func `a record of another schema or dialect is a schema mismatch`() async throws {
    for (member, value) in [("schema", "audit-log-2"), ("csv_dialect", "csv-2")] {
      try await ExampleArchive.with { archive in
        try archive.forge(4) { $0[member] = value }
        try await expect([("schema-mismatch", record(4))], in: archive)
      }
    }
  }

  @Test func `numbers that cannot be are unreadable, and neither a crash nor a long wait`() async throws {
    for number in [-1, 1 << 45, Int.max] {
      try await ExampleArchive.with { archive in
        for member in ["rows", "revision", "changed_in_commit"] {
          try archive.editRecord(manifest) { manifest in
            try StateDamageTests.changeDay(&manifest) { $0[member] = number }
          }
          try await expect([("unreadable", manifest)], in: archive)
        }
        try archive.editRecord(manifest) {
          $0["commit"] = number
          $0["quarantined_records"] = number
        }
        try await expect([("unreadable", manifest)], in: archive)
        try archive.write([0], to: "_manifest/acme/commits/09223372036854775807.json")
        await #expect(try archive.findings() == ["unreadable \(manifest)"])
      }
    }
    try await ExampleArchive.with { archive in
      try archive.editRecord(manifest) { $0["commit"] = 1 << 44 }
      try await expect([("broken-chain", record(8))], in: archive)
      await #expect(try archive.verify().commits == .init(sound: 7, total: 1 << 44))
    }
  }

  // MARK: The archive as a whole

  @Test func `the file that fixes the kind is checked`() async throws {
    try await ExampleArchive.with { archive in
      try archive.editRecord(kind) { $0["logs"] = "repositories" }
      try await expect([("wrong-kind", kind)], in: archive)
      try archive.write("repositories".utf8, to: kind)
      try await expect([("unreadable", kind)], in: archive)
      try archive.remove(kind)
      try await expect([("missing", kind)], in: archive)
    }
  }

  @Test func `no archive is nil, and parts without any state are a state that is missing`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      #expect(try await Archive(at: folder, log: log("acme")).verify() == nil)
      #expect(try await Archive(at: "\(folder)/none", log: log("acme")).verify() == nil)
    }
    try await ExampleArchive.with { archive in
      try archive.remove("_manifest")
      try await expect([("missing", manifest)], in: archive)
    }
  }

  @Test func `a state of a newer version is refused, not blamed`() async throws {
    try await ExampleArchive.with { archive in
      try archive.editRecord(manifest) { $0["format"] = "cloudsmith-audit-export/2" }
      let error = try await archiveError { try await Archive(at: archive.folder, log: log("acme")).verify() }
      guard case .newerFormat = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }
}
