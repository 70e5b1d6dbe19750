import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// Damage to any file of an archive is found, and no other file is reported.
@Suite(.fewAtOnce) struct EveryFileTests {
  /// All but the lock, which is nobody's evidence.
  private func paths(_ archive: ExampleArchive) throws -> [String] {
    try tree(archive.folder).keys.filter { !$0.hasSuffix("/") && !$0.hasSuffix("/lock") }.sorted()
  }

  private func expectBlame(_ path: String, in archive: ExampleArchive, _ what: String) async throws {
    let findings = try await archive.verify().findings
    try #require(!findings.isEmpty, "\(what) of \(path) is not found")
    try #require(findings.allSatisfy { $0.path == path }, "\(what) of \(path): \(findings)")
  }

  @Test func `every deleted file has exactly one finding`() async throws {
    try await ExampleArchive.with { archive in
      for path in try paths(archive) {
        let bytes = try archive.bytes(path)
        try archive.remove(path)
        let findings = try await archive.verify().findings
        #expect(findings.map(\.path) == [path], "\(path): \(findings)")
        #expect(
          findings.first?.problem.kind == (path.contains("/commits/") ? .brokenChain : .missing), "\(path)")
        try archive.write(bytes, to: path)
      }
      await #expect(try archive.findings().isEmpty)
    }
  }

  @Test func `every file that is truncated, emptied or extended is found`() async throws {
    try await ExampleArchive.with { archive in
      for path in try paths(archive) {
        let bytes = try archive.bytes(path)
        for (what, damaged) in [
          ("the first half", Array(bytes.prefix(bytes.count / 2))), ("nothing", []),
          ("its double", bytes + bytes), ("zeros", bytes.map { _ in 0 }),
        ] {
          try archive.write(damaged, to: path)
          try await expectBlame(path, in: archive, what)
        }
        try archive.write(bytes, to: path)
      }
    }
  }

  @Test func `a flipped bit is found anywhere in any file`() async throws {
    try await ExampleArchive.with { archive in
      var random = SeededRandom(seed: 20_240_212)
      let paths = try paths(archive)
      for _ in 0..<300 {
        let path = random.pick(paths)
        let bytes = try archive.bytes(path)
        var damaged = bytes
        let (index, bit) = (
          Int.random(in: 0..<bytes.count, using: &random), UInt8.random(in: 0..<8, using: &random)
        )
        damaged[index] ^= 1 << bit
        try archive.write(damaged, to: path)
        try await expectBlame(path, in: archive, "bit \(bit) of byte \(index)")
        try archive.write(bytes, to: path)
      }
    }
  }

  @Test func `a file swapped with that of another day or commit is found`() async throws {
    try await ExampleArchive.with { archive in
      let all = try paths(archive)
      for folder in ["csv/", "quarantine/", "_manifest/acme/commits/"] {
        let paths = all.filter { $0.hasPrefix(folder) }
        for (path, other) in zip(paths, paths.dropFirst() + paths.prefix(1)) {
          let bytes = try archive.bytes(path)
          try archive.write(archive.bytes(other), to: path)
          try await expectBlame(path, in: archive, "the place")
          try archive.write(bytes, to: path)
        }
      }
    }
  }

  @Test func `the page on verification names every kind of finding`() throws {
    let page = try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(
          path: "Sources/cloudsmith-audit-export/Documentation.docc/VerificationAndSigning.md"),
      encoding: .utf8)
    for kind in Finding.Problem.Kind.allCases { #expect(page.contains("`\(kind.rawValue)`"), "\(kind)") }
  }
}
