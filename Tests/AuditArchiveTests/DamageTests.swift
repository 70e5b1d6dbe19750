import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// Damage to sealed files is reported when the archive is opened or the file is read.
@Suite(.fewAtOnce) struct DamageTests {
  private let day12 = "2024-02-12"

  /// An archive with two days; what a writer finds after `damage` was done to the part file of the first.
  private func damaged(_ damage: (String, Data) throws -> Void) async throws -> (
    opening: [Finding.Problem], reading: Finding.Problem?
  ) {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      let commit = try await withWriter(folder) {
        try await $0.commit([day12: events(day12, 500), "2024-02-13": events("2024-02-13", 5)])
      }
      let path = try #require(commit.filesAdded.first)
      try damage("\(folder)/\(path)", Data(contentsOf: URL(filePath: "\(folder)/\(path)")))
      return try await withWriter(folder) { (writer) async throws in
        #expect(writer.recovery.damaged.allSatisfy { $0.path == path && $0.day == day(day12) })
        #expect(writer.recovery.damagedDays.isEmpty == writer.recovery.damaged.isEmpty)
        await #expect(try writer.events(of: "2024-02-13").count == 5)
        do {
          _ = try await writer.events(of: day12)
          return (writer.recovery.damaged.map(\.problem), nil)
        } catch ArchiveError.damaged(let finding) {
          #expect(finding.path == path && finding.day == day(day12))
          return (writer.recovery.damaged.map(\.problem), finding.problem)
        }
      }
    }
  }

  private func write(_ bytes: some Sequence<UInt8>, _ path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
  }

  @Test func `an undamaged archive has no findings`() async throws {
    let found = try await damaged { _, _ in }
    #expect(found.opening.isEmpty && found.reading == nil)
  }

  @Test func `a missing part is reported`() async throws {
    let found = try await damaged { path, _ in try FileManager.default.removeItem(atPath: path) }
    #expect(found.opening == [.missing(rows: 500)] && found.reading == .missing(rows: 500))
  }

  @Test func `a truncated part is reported`() async throws {
    var length = 0
    let found = try await damaged { path, bytes in
      length = bytes.count
      try write(bytes.dropLast(10), path)
    }
    #expect(
      found.opening == [.altered(.bytes(expected: length, found: length - 10))]
        && found.reading == found.opening.first)
  }

  @Test func `a part with bytes appended is reported`() async throws {
    var length = 0
    let found = try await damaged { path, bytes in
      length = bytes.count
      try write(bytes + [0], path)
    }
    #expect(
      found.opening == [.altered(.bytes(expected: length, found: length + 1))]
        && found.reading == found.opening.first)
  }

  @Test func `a flipped bit is reported`() async throws {
    let found = try await damaged { path, bytes in
      var bytes = bytes
      bytes[bytes.count / 2] ^= 1
      try write(bytes, path)
    }
    #expect(found.opening.isEmpty)
    guard case .unreadable = found.reading else {
      Issue.record("\(String(describing: found.reading))")
      return
    }
  }

  @Test func `a part compressed to other bytes of the same length is reported`() async throws {
    let found = try await damaged { path, bytes in
      var bytes = bytes
      bytes[9] = 3  // the operating system in the header of gzip (RFC 1952, 2.3.1)
      try write(bytes, path)
    }
    guard case .altered = found.reading else {
      Issue.record("\(String(describing: found.reading))")
      return
    }
  }

  @Test func `an entry with a wrong row count is reported`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let partition = try await withWriter(folder) { writer in
        try await #require(writer.commit([day12: events(day12, 50)]).partitionsChanged.first)
      }
      func problem(_ change: (inout Partition) -> Void) async throws -> Finding.Problem? {
        var changed = partition
        change(&changed)
        var reader = Archive(at: folder, log: log("acme")).reader(of: changed)
        do throws(ArchiveError) {
          while try await reader.next() != nil {}
          return nil
        } catch {
          guard case .damaged(let finding) = error else { throw error }
          #expect(try finding.path == partition.files.at(0).path && finding.day == day(day12))
          return finding.problem
        }
      }
      await #expect(try problem { _ in } == nil)
      await #expect(try problem { $0.files[0].rows = 51 } == .miscounted(.rows, expected: 51, found: 50))
      let other = String(repeating: "0", count: 64)
      await #expect(
        try problem { $0.contentSHA256 = other }
          == .wrongContent(expected: other, found: partition.contentSHA256))
    }
  }

  @Test func `a damaged day can be replaced, and other days can still be written`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      let commit = try await withWriter(folder) { try await $0.commit([day12: events(day12, 50)]) }
      try FileManager.default.removeItem(atPath: "\(folder)/\(commit.filesAdded.at(0))")
      try await withWriter(folder) { (writer) async throws in
        #expect(writer.recovery.damagedDays == [day(day12)])
        try await writer.commit(["2024-02-13": events("2024-02-13", 5)])
        #expect(writer.manifest?.partition(day(day12))?.revision == 1)
        try await writer.commit([day12: events(day12, 49)])
        await #expect(try writer.events(of: day12) == events(day12, 49))
      }
      try await withWriter(folder) { #expect($0.recovery == RecoveryReport()) }
    }
  }

  @Test func `a damaged file is replaced by staging the same rows, and an intact one is not`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let path = try await withWriter(folder) { writer in
        try await #require(writer.commit([day12: events(day12, 50)]).filesAdded.first)
      }
      let url = URL(filePath: "\(folder)/\(path)")
      var bytes = try Data(contentsOf: url)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: url)
      try await withWriter(folder) { writer in
        #expect(writer.recovery.damaged.isEmpty)  // opening looks at sizes alone
        let commit = try await writer.commit([day12: events(day12, 50)])
        #expect(commit.filesRemoved == [path] && commit.partitionsChanged.map(\.revision) == [2])
        await #expect(try writer.events(of: day12) == events(day12, 50))
        #expect(try await writer.commit([day12: events(day12, 50)]).filesAdded.isEmpty)
      }
    }
  }

  @Test func `the last commit record is checked against the manifest`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let path = "_manifest/acme/commits/00000000000000000001.json"
      let text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
      try AuditArchiveTests.write(
        text.replacingOccurrences(of: "1.0.0", with: "1.0.1"), to: "\(folder)/\(path)")
      try await withWriter(folder) { (writer) async throws in
        #expect(writer.recovery.damaged.map(\.path) == [path])
        guard case .brokenChain(.altered) = writer.recovery.damaged.first?.problem else {
          Issue.record("\(writer.recovery)")
          return
        }
      }
      try FileManager.default.removeItem(atPath: "\(folder)/\(path)")
      #expect(
        try await archiveError { try await withWriter(folder) { _ in } } == .missingCommits(from: 1, to: 1))
    }
  }
}
