import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct QuarantineTests {
  private var change: Change { Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24)) }

  @Test func `a record is stored once, and the commit counts the new ones`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        await #expect(
          try writer.commit(change, quarantine: [record("{\"a\":1}"), record("2"), record("2")]).run
            .quarantined == 2)
        await #expect(try writer.commit(change, quarantine: [record("2")]).run.quarantined == 0)
      }
      try await withWriter(folder) { (writer) async throws in
        let commit = try await writer.commit(
          change, quarantine: [record("2"), record("3"), record("{\"a\":1}")])
        #expect(commit.run.quarantined == 1)
        #expect(commit.filesAdded == commit.quarantineAdded.map(\.path))
        #expect(writer.manifest?.quarantinedRecords == 3)
        #expect(writer.manifest?.quarantine.map(\.records) == [2, 1])
      }
      let files = try tree("\(folder)/quarantine")
      #expect(files.count == 2)
    }
  }

  @Test func `a line has reason, record and hash, and the state names the file`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let odd = QuarantinedRecord(
        reason: .unreadableEventAt, json: Array("{\"event_at\":\"soon\",\"record\":{\"sha256\":\"x\"}}".utf8))
      let commit = try await withWriter(folder) {
        try await $0.commit(change, quarantine: [odd, record("[]")])
      }
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
      #expect(
        try await withWriter(folder) { try await $0.commit(change, quarantine: [odd]).run.quarantined } == 0)
    }
  }

  @Test func `the position in the list is stored with the record but is not part of its identity`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      func cut(_ place: Int) -> QuarantinedRecord {
        QuarantinedRecord(answerBeginning: Array("[{\"a".utf8), nil, place: place, fromEnd: nil)
      }
      let commit = try await withWriter(folder) { try await $0.commit(change, quarantine: [cut(7)]) }
      let file = try #require(commit.quarantineAdded.first)
      let text = try String(contentsOfFile: "\(folder)/\(file.path)", encoding: .utf8)
      let reason = "the answer with it is larger than the limit"
      #expect(
        text
          == #"{"place":7,"reason":"\#(reason)","record":{"start":"[{\"a"},"sha256":"\#(sha256(cut(7).json))"}"#
          + "\n")
      #expect(
        try await withWriter(folder) { try await $0.commit(change, quarantine: [cut(8)]).run.quarantined }
          == 0)
    }
  }

  @Test func `collected records go to disk at once and into the next commit`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        let long = String(repeating: "x", count: 1_000)
        var largest = 0
        for number in 0..<3_000 {
          try await writer.quarantine([record("\"\(long)\(number)\""), record("\"\(long)\(number / 2)\"")])
          largest = await max(largest, writer.quarantineFootprint)
        }
        // 3 MB of records: of each 16 bytes, and what is not written yet.
        #expect(largest < 1 << 20)
        let commit = try await writer.commit(change, quarantine: [])
        #expect(commit.run.quarantined == 3_000)
        await #expect(try writer.commit(change, quarantine: [record("\"\(long)7\"")]).run.quarantined == 0)
      }
      #expect(try await Archive(at: folder, log: log("acme")).verify()?.findings == [])
    }
  }

  @Test(arguments: [300, 3])
  func `after a failure to collect a record, no quarantine is committed`(kilobytes: Int)
    async throws
  {
    let disk = FaultyFileSystem(folder: "/archive")
    try await withWriter("/archive", fileSystem: disk) { (writer) async throws in
      disk.refuse([.write])
      // More than what is written at a time fails at once, less when it is sealed.
      let long = record("\"\(String(repeating: "x", count: kilobytes << 10))\"")
      do { try await writer.quarantine([long]) } catch { #expect(kilobytes == 300) }
      await #expect(throws: ArchiveError.self) { try await writer.takeQuarantine() }
      disk.refuse([])
      await #expect(throws: ArchiveError.self) { try await writer.takeQuarantine() }
      await #expect(throws: ArchiveError.self) { try await writer.quarantine([record("1")]) }
    }
  }

  @Test func `records of an altered quarantine file are stored again, once`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      let commit = try await withWriter(folder) {
        try await $0.commit(change, quarantine: [record("\"one\""), record("2")])
      }
      let path = "\(folder)/\(try #require(commit.filesAdded.first))"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try write(text.replacingOccurrences(of: "\"one\"", with: "\"ONE\""), to: path)
      for expected in [2, 0] {
        let next = try await withWriter(folder) {
          try await $0.commit(change, quarantine: [record("\"one\""), record("2")])
        }
        #expect(next.run.quarantined == expected)
      }
    }
  }

  @Test func `a missing quarantine file is damage until its window is replaced`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let march = window("2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z")
      var first = change
      first.run.window = march
      let path = try #require(
        try await withWriter(folder) { try await $0.commit(first, quarantine: [record("1"), record("2")]) }
          .filesAdded.first)
      try FileManager.default.removeItem(atPath: "\(folder)/\(path)")
      let damaged = [Finding(.missing(), at: path, commit: 1, window: march)]

      // It does not go away by itself, nor by a replacement of something else.
      var elsewhere = change
      elsewhere.replaced = window("2024-03-01T00:00:01Z", "2024-03-09T00:00:00Z")
      elsewhere.run.window = elsewhere.replaced
      try await withWriter(folder) { (writer) async throws in
        #expect(writer.recovery.damaged == damaged)
        await #expect(try writer.commit(change, quarantine: [record("3")]).filesRemoved.isEmpty)
        await #expect(try writer.commit(elsewhere).filesRemoved.isEmpty)
      }
      #expect(try await Archive(at: folder, log: log("acme")).inspect()?.damaged == damaged)

      // The API still shows one of the two.
      var anew = change
      anew.replaced = window("2024-03-01T00:00:00Z", "2024-03-09T00:00:00Z")
      anew.run.window = anew.replaced
      try await withWriter(folder) { (writer) async throws in
        let commit = try await writer.commit(anew, quarantine: [record("2")])
        #expect(commit.filesRemoved == [path])
        #expect(commit.run.quarantined == 1)
        #expect(writer.manifest?.quarantine.map(\.records) == [1, 1])
      }
      let state = try await Archive(at: folder, log: log("acme")).read()
      // The manifest is still the sum of the commits.
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest/acme/manifest.json")
      try await withWriter(folder) { writer in
        #expect(writer.recovery.damaged.isEmpty)
        #expect(writer.manifest == state)
      }
      #expect(try await Archive(at: folder, log: log("acme")).verify()?.findings == [])
    }
  }
}
