import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// Wrong statements of the state about a day or the archive are found and named.
@Suite(.fewAtOnce) struct StateDamageTests {
  private let manifest = "_manifest/acme/manifest.json"
  private let kind = "_manifest/archive.json"

  private func record(_ number: Int) -> String { ArchivePaths(log("acme")).commit(number) }

  @Test func `counts, bounds and content hashes that differ from the rows are reported`() async throws {
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
        try await archive.expectFindings([(kind, path)], isQuickToo: false)
      }
    }
    let own: [(String, String, Any)] = [
      ("miscounted", "rows", 10), ("wrong-bounds", "min_event_at", "2024-02-12T00:00:05.000000Z"),
      ("wrong-content", "content_sha256", String(repeating: "0", count: 64)),
    ]
    for (kind, member, value) in own {
      try await ExampleArchive.with { archive in
        try await archive.forgeDay(day) { $0[member] = value }
        try await archive.expectFindings([(kind, manifest)], isQuickToo: false)
      }
    }
    try await ExampleArchive.with { archive in
      try await archive.forgeDay("2024-02-13") { $0["content_sha256"] = String(repeating: "0", count: 64) }
      try await archive.expectFindings([("wrong-content", manifest)])
    }
  }

  @Test
  func `a file whose name lacks its hash is misnamed, and a path outside the archive is not opened`()
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
      try await archive.expectFindings([("misnamed", other)])
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
        try await archive.expectFindings([("schema-mismatch", record(4))])
      }
    }
  }

  // MARK: The archive as a whole

  @Test func `the file that states the archive's kind is checked`() async throws {
    try await ExampleArchive.with { archive in
      try archive.editRecord(kind) { $0["logs"] = "repositories" }
      try await archive.expectFindings([("wrong-kind", kind)])
      try archive.write("repositories".utf8, to: kind)
      try await archive.expectFindings([("unreadable", kind)])
      try archive.remove(kind)
      try await archive.expectFindings([("missing", kind)])
    }
  }

  @Test func `verify returns nil without an archive, and reports parts without any state`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      #expect(try await Archive(at: folder, log: log("acme")).verify() == nil)
      #expect(try await Archive(at: "\(folder)/none", log: log("acme")).verify() == nil)
    }
    try await ExampleArchive.with { archive in
      try archive.remove("_manifest")
      try await archive.expectFindings([("missing", manifest)])
    }
  }

  @Test func `a state of a newer format is refused, not reported as damage`() async throws {
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
