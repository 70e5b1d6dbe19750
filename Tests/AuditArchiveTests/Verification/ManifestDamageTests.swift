import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// Damage to the manifest is found and named, also beside damage to a commit record.
@Suite(.fewAtOnce) struct ManifestDamageTests {
  private let manifest = "_manifest/acme/manifest.json"

  private func record(_ number: Int) -> String { ArchivePaths(log("acme")).commit(number) }

  @Test func `every member of the manifest is compared with the commits`() async throws {
    let changes: [(String, (inout [String: Any]) throws -> Void)] = [
      ("committed_at", { $0["committed_at"] = "2024-03-02T00:00:00.000000Z" }),
      ("tool_version", { $0["tool_version"] = "2.0.0" }),
      ("commit_sha256", { _ in }),
      ("rows", { try ManifestDamageTests.changeDay(&$0) { $0["rows"] = 10 } }),
      ("revision", { try ManifestDamageTests.changeDay(&$0) { $0["revision"] = 1 } }),
      ("state", { try ManifestDamageTests.changeDay(&$0) { $0["state"] = "open" } }),
      (
        "content_sha256",
        {
          try ManifestDamageTests.changeDay(&$0) { $0["content_sha256"] = String(repeating: "0", count: 64) }
        }
      ),
      ("files", { try ManifestDamageTests.changeDay(&$0) { $0["files"] = [Any]() } }),
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
        try await archive.expectFindings([("wrong-manifest", manifest)], isQuickToo: isQuickToo)
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

  @Test func `a missing manifest entry is reported with its day`() async throws {
    try await ExampleArchive.with { archive in
      try archive.editRecord(manifest) {
        $0["partitions"] = Array(try #require($0["partitions"] as? [Any]).dropFirst())
      }
      try await archive.expectFindings([("wrong-manifest", manifest)], isQuickToo: false)
      #expect(try await archive.verify().findings.first?.day == day("2024-02-12"))
      var settings = VerificationSettings()
      settings.isQuick = true
      #expect(try await archive.findings(settings).contains("wrong-coverage \(manifest)"))
    }
  }

  @Test func `an unreadable, missing or old manifest is reported, and the commits are used as the state`()
    async throws
  {
    try await ExampleArchive.with { archive in
      try archive.write("{".utf8, to: manifest)
      try await archive.expectFindings([("unreadable", manifest)])
      try archive.remove(manifest)
      try await archive.expectFindings([("missing", manifest)])
      await #expect(try archive.verify().rows == .init(sound: 73, total: 73))
    }
    try await ExampleArchive.with { archive in
      let old = try archive.bytes(manifest)
      try await withWriter(archive.folder) { writer in
        for _ in 0..<2 { try await writer.commit([:]) }
      }
      try archive.write(old, to: manifest)
      try await archive.expectFindings([("wrong-manifest", manifest)])
    }
  }

  @Test func `a run that stopped between its commit and its manifest is not damage`() async throws {
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
      try await archive.expectFindings([("wrong-manifest", manifest)])
    }
  }

  @Test func `with manifest and commits both damaged, whatever remains is checked`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part("2024-02-16")
      try archive.remove(manifest)
      // The record of the commit that emptied 2024-02-14: what it did to that day, nothing tells any more.
      try archive.remove(record(5))
      try await archive.expectFindings([("missing", manifest), ("broken-chain", record(5))])
      await #expect(try archive.verify().days == .init(sound: 4, total: 5))
      try archive.edit(part) { $0[9] = 3 }
      try archive.write([1], to: part.replacing("part-00000", with: "part-00009"))
      try await archive.expectFindings(
        [("missing", manifest), ("broken-chain", record(5)), ("altered", part)], isQuickToo: false)
    }
  }

  /// ../shared/faults/claims/v01
  @Test
  func `an ambiguous manifest or record is unreadable, and the commits are used as the state`()
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
        try await archive.expectFindings([("unreadable", manifest)])
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
      try await archive.expectFindings([("altered", manifest)])
      try await withWriter(archive.folder) { try await $0.commit([:]) }
      await #expect(try archive.findings().isEmpty)
    }
  }

  @Test func `impossible numbers are unreadable and cause neither a crash nor a long wait`() async throws {
    for number in [-1, 1 << 45, Int.max] {
      try await ExampleArchive.with { archive in
        for member in ["rows", "revision", "changed_in_commit"] {
          try archive.editRecord(manifest) { manifest in
            try ManifestDamageTests.changeDay(&manifest) { $0[member] = number }
          }
          try await archive.expectFindings([("unreadable", manifest)])
        }
        try archive.editRecord(manifest) {
          $0["commit"] = number
          $0["quarantined_records"] = number
        }
        try await archive.expectFindings([("unreadable", manifest)])
        try archive.write([0], to: "_manifest/acme/commits/09223372036854775807.json")
        await #expect(try archive.findings() == ["unreadable \(manifest)"])
      }
    }
    try await ExampleArchive.with { archive in
      try archive.editRecord(manifest) { $0["commit"] = 1 << 44 }
      try await archive.expectFindings([("broken-chain", record(8))])
      await #expect(try archive.verify().commits == .init(sound: 7, total: 1 << 44))
    }
  }
}
