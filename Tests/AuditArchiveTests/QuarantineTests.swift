import AuditArchive
import AuditRecord
import Foundation
import Testing

@Suite struct QuarantineTests {
  private func change(_ records: [QuarantinedRecord]) -> Change {
    var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
    change.quarantine = records
    return change
  }

  @Test func `a record is stored once, and a commit tells how many were new`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        #expect(
          try writer.commit(change([record("{\"a\":1}"), record("2"), record("2")])).run.quarantined == 2)
        #expect(try writer.commit(change([record("2")])).run.quarantined == 0)
      }
      try await withWriter(folder) { (writer) async throws in
        let commit = try writer.commit(change([record("2"), record("3"), record("{\"a\":1}")]))
        #expect(commit.run.quarantined == 1)
        #expect(commit.filesAdded == commit.quarantineAdded.map(\.path))
        #expect(writer.manifest?.quarantinedRecords == 3)
        #expect(writer.manifest?.quarantine.map(\.records) == [2, 1])
      }
      let files = try tree("\(folder)/quarantine")
      #expect(files.count == 2)
    }
  }

  @Test func `a line holds the reason, the record and its hash, and the state names the file`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let odd = QuarantinedRecord(
        reason: .unreadableEventAt, json: Array("{\"event_at\":\"soon\",\"record\":{\"sha256\":\"x\"}}".utf8))
      let commit = try await withWriter(folder) { try $0.commit(change([odd, record("[]")])) }
      let file = try #require(commit.quarantineAdded.first)
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(file.path)"))
      #expect(
        file.path
          == "quarantine/organization=acme/commit-00000000000000000001-\(file.sha256.prefix(8)).jsonl")
      #expect(file.sha256 == sha256(bytes))
      #expect(file.bytes == bytes.count && file.records == 2)
      #expect(
        String(decoding: bytes, as: UTF8.self) == """
          {"reason":"unreadable event_at","record":{"event_at":"soon","record":{"sha256":"x"}},"sha256":"\(sha256(odd.json))"}
          {"reason":"not an object","record":[],"sha256":"\(sha256("[]".utf8))"}

          """)
      for line in bytes.split(separator: 10) { _ = try JSONSerialization.jsonObject(with: Data(line)) }
      #expect(try await withWriter(folder) { try $0.commit(change([odd])).run.quarantined } == 0)
    }
  }

  @Test func `records of a file that is not as it was sealed are stored again, once`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let commit = try await withWriter(folder) { try $0.commit(change([record("\"one\""), record("2")])) }
      let path = "\(folder)/\(try #require(commit.filesAdded.first))"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try write(text.replacingOccurrences(of: "\"one\"", with: "\"ONE\""), to: path)
      for expected in [2, 0] {
        let next = try await withWriter(folder) { try $0.commit(change([record("\"one\""), record("2")])) }
        #expect(next.run.quarantined == expected)
      }
    }
  }

  @Test func `a file that is gone is damage until a replacement has read its window anew`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let march = window("2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z")
      var first = change([record("1"), record("2")])
      first.run.window = march
      let path = try #require(try await withWriter(folder) { try $0.commit(first) }.filesAdded.first)
      try FileManager.default.removeItem(atPath: "\(folder)/\(path)")
      let damaged = [DamagedFile(path: path, day: nil, damage: .missing, window: march)]

      // It does not go away by itself, nor by a replacement of something else.
      var elsewhere = change([])
      elsewhere.replaced = window("2024-03-01T00:00:01Z", "2024-03-09T00:00:00Z")
      try await withWriter(folder) { (writer) async throws in
        #expect(writer.recovery.damaged == damaged)
        #expect(try writer.commit(change([record("3")])).filesRemoved.isEmpty)
        #expect(try writer.commit(elsewhere).filesRemoved.isEmpty)
      }
      #expect(try Archive.inspect(at: folder, log: log("acme"))?.damaged == damaged)

      // The API still shows one of the two.
      var anew = change([record("2")])
      anew.replaced = window("2024-03-01T00:00:00Z", "2024-03-09T00:00:00Z")
      try await withWriter(folder) { (writer) async throws in
        let commit = try writer.commit(anew)
        #expect(commit.filesRemoved == [path])
        #expect(commit.run.quarantined == 1)
        #expect(writer.manifest?.quarantine.map(\.records) == [1, 1])
      }
      let state = try Archive.read(at: folder, log: log("acme"))
      // The manifest is still the sum of the commits.
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest/acme/manifest.json")
      try await withWriter(folder) { writer in
        #expect(writer.recovery.damaged.isEmpty)
        #expect(writer.manifest == state)
      }
    }
  }
}
