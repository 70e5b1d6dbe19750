import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// A manifest or commit record with wrong coverage is found and named.
@Suite(.fewAtOnce) struct CoverageDamageTests {
  private let manifest = "_manifest/acme/manifest.json"

  private func record(_ number: Int) -> String { ArchivePaths(log("acme")).commit(number) }

  @Test func `a mark, gap, coverage or start that the commits do not prove is wrong coverage`() async throws {
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
        try await archive.expectFindings([("wrong-coverage", manifest)])
      }
    }
    try await ExampleArchive.with { archive in
      try archive.forge(7) { $0["high_water_mark"] = later }
      try await archive.expectFindings([("wrong-coverage", record(7))])
    }
  }

  @Test func `coverage that a commit drops silently or claims for the future is wrong`() async throws {
    try await ExampleArchive.with { archive in
      try archive.forge(2) {
        $0["coverage"] = [["from": "2024-02-15T00:00:00.000000Z", "to": "2024-02-16T00:00:00.000000Z"]]
        $0["high_water_mark"] = "2024-02-12T00:00:00.000000Z"
        $0["gaps"] = [["from": "2024-02-12T00:00:00.000000Z", "to": "2024-02-15T00:00:00.000000Z"]]
        $0["lookback_due"] = [Any]()
      }
      try await archive.expectFindings([("wrong-coverage", record(2))])
    }
    try await ExampleArchive.with { archive in
      try archive.forge(1) { $0["committed_at"] = "2024-02-12T23:00:00.000000Z" }
      try await archive.expectFindings([("wrong-coverage", record(1))])
    }
  }

  @Test func `a covered day without an entry and a settled day without coverage are wrong coverage`()
    async throws
  {
    try await ExampleArchive.with { archive in
      try await archive.forgeStanding { standing in
        standing["coverage"] = [
          ["from": "2024-02-12T00:00:00.000000Z", "to": "2024-02-19T00:00:00.000000Z"]
        ]
        standing["high_water_mark"] = "2024-02-19T00:00:00.000000Z"
      }
      try await archive.expectFindings([("wrong-coverage", manifest)])
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
      try await archive.expectFindings([("wrong-coverage", manifest)])
    }
  }

  @Test func `a half-covered day before the start is wrong if settled, until the next commit`()
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
      try await archive.expectFindings([("wrong-coverage", manifest)])
      await #expect(try archive.verify().findings.first?.day == day("2024-02-01"))
      try await withWriter(archive.folder) {
        _ = try await $0.commit(Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24)))
      }
      await #expect(try archive.partition("2024-02-01").state == .open)
      await #expect(try archive.findings().isEmpty)
    }
  }
}
