import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// A run during a verification is not damage, and errors of the disk are reported as such.
@Suite(.fewAtOnce) struct VerificationMeanwhileTests {
  /// What a run does to an archive, in the steps of a commit: parts, record, manifest, and the deletion of what was replaced.
  private struct Run {
    let steps: [(ExampleArchive) throws -> Void]

    /// Learns it from a real run on an example archive.
    init(_ run: (ArchiveWriter) async throws -> Void) async throws {
      var (before, after): ([String: Data], [String: Data]) = ([:], [:])
      let intentPath = ArchivePaths(log("acme")).intent
      var intent: [UInt8] = []
      try await ExampleArchive.with { archive in
        before = try tree(archive.folder)
        try await withWriter(archive.folder) { writer in
          try await run(writer)
          intent = try archive.bytes(intentPath)
        }
        after = try tree(archive.folder)
      }
      let new = after.filter {
        before[$0.key] != $0.value && !$0.key.hasSuffix("lock") && !$0.key.hasSuffix("/")
      }
      let gone = before.keys.filter { after[$0] == nil && !$0.hasSuffix("/") }
      func put(_ isWanted: @escaping (String) -> Bool) -> (ExampleArchive) throws -> Void {
        { archive in for (path, bytes) in new where isWanted(path) { try archive.write(bytes, to: path) } }
      }
      steps = [
        { [intent] archive in
          try archive.write(intent, to: intentPath)
          try put { !$0.hasPrefix("_manifest") }(archive)
        },
        put { $0.contains("/commits/") }, put { $0.hasSuffix("manifest.json") },
        { archive in for path in gone + [intentPath] { try archive.remove(path) } },
      ]
    }
  }

  /// Performs the rest of a run at a given point of a verification.
  private final class InterleavedRun {
    private var countdown: Int
    private let archive: ExampleArchive
    private var steps: ArraySlice<(ExampleArchive) throws -> Void>
    private(set) var failure: (any Error)?

    init(_ number: Int, _ archive: ExampleArchive, _ steps: ArraySlice<(ExampleArchive) throws -> Void>) {
      countdown = number
      self.archive = archive
      self.steps = steps
    }

    var isOver: Bool { steps.isEmpty }

    func pass() {
      countdown -= 1
      guard countdown < 0 else { return }
      do { while let step = steps.popFirst() { try step(archive) } } catch { failure = error }
    }
  }

  private func change(_ writer: ArchiveWriter) async throws {
    try await writer.commit(
      [
        "2024-02-12": events("2024-02-12", 11), "2024-02-13": events("2024-02-13", 3),
        "2024-02-16": events("2024-02-16", 50), "2024-02-18": events("2024-02-18", 2),
      ], quarantine: [record("[3]")])
  }

  @Test func `a commit at any moment of a verification is not mistaken for damage`() async throws {
    let run = try await Run(change)
    for isQuick in [false, true] {
      for begun in 0..<4 {
        for number in 0..<14 {
          try await ExampleArchive.with { archive in
            for step in run.steps[..<begun] { try step(archive) }
            let moment = InterleavedRun(number, archive, run.steps[begun...])
            var settings = VerificationSettings()
            settings.isQuick = isQuick
            let report = try await Archive(at: archive.folder, log: log("acme")).verify(
              settings, patience: { moment.pass() }, observe: { _ in moment.pass() })
            #expect(moment.failure == nil)
            guard moment.isOver else { return }  // it ended before: then the run had indeed stopped
            let findings = report?.findings ?? []
            #expect(findings.isEmpty, "step \(begun), moment \(number), quick \(isQuick): \(findings)")
          }
        }
      }
    }
  }

  @Test func `verification follows many consecutive commits to the newest revision`() async throws {
    try await ExampleArchive.with { archive in
      let before = try tree(archive.folder)
      var trees = [before]
      for count in 10...13 {
        try await withWriter(archive.folder) {
          try await $0.commit([
            "2024-02-12": events("2024-02-12", count), "2024-02-15": events("2024-02-15", count),
          ])
        }
        trees.append(try tree(archive.folder))
      }
      for (path, _) in try tree(archive.folder) where !path.hasSuffix("/") { try archive.remove(path) }
      for (path, bytes) in before where !path.hasSuffix("/") { try archive.write(bytes, to: path) }
      var failure: (any Error)?
      var next = 1
      let report = try await Archive(at: archive.folder, log: log("acme")).verify(observe: { progress in
        guard progress.day != nil, next < trees.count else { return }
        do {
          for (path, bytes) in trees[next] where !path.hasSuffix("/") { try archive.write(bytes, to: path) }
          for path in trees[next - 1].keys where trees[next][path] == nil && !path.hasSuffix("/") {
            try archive.remove(path)
          }
        } catch { failure = error }
        next += 1
      })
      #expect(failure == nil && next == trees.count)
      #expect(report?.findings.isEmpty == true, "\(String(describing: report?.findings))")
      #expect(report.map { $0.rows.total >= 80 && $0.rows.sound == $0.rows.total } == true)
    }
  }

  @Test
  func `files of a run that stopped before its commit are reported as leftovers for the next run`()
    async throws
  {
    let run = try await Run(change)
    for (begun, expected) in [(1, Orphan.Reason.neverCommitted), (3, .superseded)] {
      try await ExampleArchive.with { archive in
        for step in run.steps[..<begun] { try step(archive) }
        let report = try await archive.verify()
        #expect(!report.findings.isEmpty)
        #expect(
          report.findings.allSatisfy { $0.problem == .unlisted(.leftover(expected)) }, "\(report.findings)")
        try await withWriter(archive.folder) { _ in }
        await #expect(try archive.findings() == [])
      }
    }
  }

  @Test func `a failed disk operation is reported for its file and no other`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    try await ExampleArchive.with { archive in
      for (path, bytes) in try tree(archive.folder) where !path.hasSuffix("/") {
        try disk.makeFolders(above: "/archive/\(path)")
        disk.setContents(of: "/archive/\(path)", Array(bytes))
      }
    }
    disk.record()
    let whole = try await Archive(at: "/archive", log: log("acme"), fileSystem: disk).verify()
    #expect(whole?.findings == [])
    let operations = disk.operations
    #expect(operations.count > 50)
    var told = 0
    for (index, operation) in operations.enumerated() {
      let failing = FaultyFileSystem(copyOf: disk)
      failing.fail(at: index + 1, .failure)
      await told += try findings(when: operation, failsOn: failing)
    }
    #expect(told > 40)
  }

  /// How many there are; none when a listing fails, without which nothing can be said.
  private func findings(when operation: String, failsOn disk: FaultyFileSystem) async throws -> Int {
    let findings: [Finding]
    do {
      findings =
        try await Archive(at: "/archive", log: log("acme"), fileSystem: disk).verify()?.findings ?? []
    } catch {
      guard case .storage = error else { throw error }
      return 0
    }
    #expect(findings.allSatisfy { $0.problem.kind == .unreadable }, "\(operation): \(findings)")
    // A table that the archive does not name may be anybody's.
    let isOfTable = operation.contains("/_delta_log/")
    #expect(
      findings.count == 1 || isOfTable || operation.hasSuffix("00008.json"), "\(operation): \(findings)")
    #expect(findings.allSatisfy { operation.hasSuffix($0.path) }, "\(operation): \(findings)")
    return findings.count
  }

  @Test func `progress counts commits, then days and bytes, up to their totals`() async throws {
    try await ExampleArchive.with { archive in
      var seen: [VerificationProgress] = []
      _ = try await Archive(at: archive.folder, log: log("acme")).verify(observe: { seen.append($0) })
      #expect(seen.filter { $0.day == nil }.map(\.done) == Array(1...7))
      #expect(Set(seen.compactMap(\.day)).count == 5)
      let bytes = try await archive.manifest.partitions.reduce(0) {
        $0 + $1.files.reduce(0) { $0 + $1.bytes }
      }
      #expect(seen.last?.bytes == bytes && seen.last?.totalBytes == bytes && seen.last?.findings == 0)
    }
  }

  @Test func `the log of a repository is verified in its own folder tree`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      for name in ["acme/one", "acme/two"] {
        try await writeHistory(folder, ArchiveSource(apiHost: acme.apiHost, log: log(name)))
      }
      let path = "csv/organization=acme/repository=two/event_date=2024-02-12/x"
      try write("x", to: "\(folder)/\(path)")
      #expect(try await Archive(at: folder, log: log("acme/one")).verify()?.findings.isEmpty == true)
      #expect(try await Archive(at: folder, log: log("acme/two")).verify()?.findings.map(\.path) == [path])
      #expect(try await Archive(at: folder, log: log("acme")).verify() == nil)
    }
  }
}

extension FaultyFileSystem {
  fileprivate func makeFolders(above path: String) throws {
    let parent = ArchivePaths.folder(of: path)
    guard try status(DiskPath(parent)) == nil else { return }
    try makeFolders(above: parent)
    try makeFolder(DiskPath(parent))
  }
}
