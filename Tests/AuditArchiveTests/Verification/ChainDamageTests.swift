import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// Damage to the commit records and their chain of hashes is found and named.
@Suite(.fewAtOnce) struct ChainDamageTests {
  private func record(_ number: Int) -> String { ArchivePaths(log("acme")).commit(number) }

  @Test func `a missing commit record breaks the chain at its number`() async throws {
    for number in 1...7 {
      try await ExampleArchive.with { archive in
        try archive.remove(record(number))
        try await archive.expectFindings([("broken-chain", record(number))])
        let report = try await archive.verify()
        #expect(report.findings.first?.problem == .brokenChain(.absent(upTo: number)))
        #expect(report.commits == .init(sound: 6, total: 7))
      }
    }
  }

  @Test func `consecutive missing records are one finding`() async throws {
    try await ExampleArchive.with { archive in
      for number in 2...4 { try archive.remove(record(number)) }
      try await archive.expectFindings([("broken-chain", record(2))])
      await #expect(try archive.verify().findings.first?.problem == .brokenChain(.absent(upTo: 4)))
      await #expect(try archive.verify().commits == .init(sound: 4, total: 7))
    }
  }

  @Test func `an altered record breaks the chain and is the record reported`() async throws {
    for number in 1...7 {
      try await ExampleArchive.with { archive in
        try archive.editRecord(record(number)) { $0["tool_version"] = "6.6.6" }
        try await archive.expectFindings([("broken-chain", record(number))])
        guard case .brokenChain(.altered) = try await archive.verify().findings.first?.problem else {
          Issue.record("\(try await archive.verify().findings)")
          return
        }
      }
    }
  }

  @Test func `an altered record with wrong rows is reported, the intact days are not`()
    async throws
  {
    try await ExampleArchive.with { archive in
      try archive.editRecord(record(3)) { record in
        var days = try #require(record["partitions_changed"] as? [[String: Any]])
        days[0]["rows"] = 4_711
        days[0]["revision"] = 9
        record["partitions_changed"] = days
      }
      try await archive.expectFindings([("broken-chain", record(3))])
    }
  }

  @Test func `two altered records are both reported`() async throws {
    try await ExampleArchive.with { archive in
      for number in [3, 4] { try archive.editRecord(record(number)) { $0["tool_version"] = "6.6.6" } }
      try await archive.expectFindings([("broken-chain", record(4)), ("broken-chain", record(4))])
      try archive.editRecord(record(6)) { $0["tool_version"] = "6.6.6" }
      await #expect(try archive.findings().contains("broken-chain \(record(6))"))
    }
  }

  @Test func `a record with a wrong previous hash is reported itself`() async throws {
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
        try await archive.expectFindings([("unreadable", record(number))])
      }
    }
  }

  @Test func `a renamed record leaves a gap and contradicts its name`() async throws {
    try await ExampleArchive.with { archive in
      try archive.move(record(7), to: record(9))
      let findings = try await archive.findings()
      #expect(Set(findings) == ["broken-chain \(record(7))", "broken-chain \(record(9))"])
    }
  }

  @Test func `a fully rewritten history is detected by the files that it names`() async throws {
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
      try await archive.expectFindings([("inconsistent", record(3))])
    }
    try await ExampleArchive.with { archive in
      try archive.forge(3) { $0["files_added"] = [String]() }
      try await archive.expectFindings([("inconsistent", record(3))])
    }
  }
}
