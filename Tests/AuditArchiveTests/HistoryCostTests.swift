import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// What looks at an archive's newest state costs the same however many commits there are.
@Suite(.fewAtOnce) struct HistoryCostTests {
  private static let root = "/archive"
  private let name = log("acme")

  /// An archive of so many commits, and of the same days.
  private func disk(commits: Int) async throws -> FaultyFileSystem {
    let disk = FaultyFileSystem(folder: Self.root)
    try await withWriter(Self.root, fileSystem: disk) { writer in
      try await writer.commit(["2024-02-12": events("2024-02-12", 4)])
      for _ in 3..<commits { try await writer.commit([:]) }
      try await writer.commit(["2024-02-13": events("2024-02-13", 4)])
      try await writer.commit(["2024-02-13": events("2024-02-13", 5)]) { $0.run.complete = true }
    }
    #expect(try await Archive(at: Self.root, log: name, fileSystem: disk).verify()?.findings == [])
    return disk
  }

  /// What somebody does who wants to know, on an archive of so many commits.
  private func looks(_ commits: Int) -> [(String, (FaultyFileSystem) async throws -> Void)] {
    func verify(_ disk: FaultyFileSystem, _ change: (inout VerificationSettings) throws -> Void) async throws
    {
      var settings = VerificationSettings()
      try change(&settings)
      let report = try await Archive(at: Self.root, log: name, fileSystem: disk).verify(settings)
      #expect(report?.findings == [])
    }
    return [
      (
        "exists",
        { disk in
          let exists = try await Archive(at: Self.root, log: name, fileSystem: disk).exists()
          #expect(exists)
        }
      ),
      (
        "read",
        { disk in
          let manifest = try await Archive(at: Self.root, log: name, fileSystem: disk).read()
          #expect(manifest?.commit == commits)
        }
      ),
      (
        "inspect",
        { disk in
          let state = try await Archive(at: Self.root, log: name, fileSystem: disk).inspect()
          #expect(state?.damaged == [])
        }
      ),
      (
        "a run that commits nothing",
        { disk in
          try await withWriter(Self.root, fileSystem: disk) { #expect($0.recovery == RecoveryReport()) }
        }
      ),
      (
        "a run that commits",
        { disk in
          try await withWriter(Self.root, fileSystem: disk) { _ = try await $0.commit([:]) }
        }
      ),
      (
        "recent commits",
        { disk in
          let recent = try await Archive(at: Self.root, log: name, fileSystem: disk).recentCommits(limit: 5)
          #expect(recent.map(\.commit) == (commits - 4...commits).reversed())
        }
      ),
      (
        "recent commits of a state",
        { disk in
          let recent = try await Archive(at: Self.root, log: name, fileSystem: disk).recentCommits(
            limit: 99, newest: commits
          ) { $0.count == 3 }
          #expect(recent.map(\.commit) == (commits - 2...commits).reversed())
        }
      ),
      (
        "the last complete commit",
        { disk in
          let last = try await Archive(at: Self.root, log: name, fileSystem: disk).lastComplete(
            newest: commits)
          #expect(last.map { if case .commit(let commit) = $0 { commit.commit } else { 0 } } == commits)
        }
      ),
      (
        "the last complete commit, of long ago",
        { disk in
          let last = try await Archive(at: Self.root, log: name, fileSystem: disk).lastComplete(
            newest: commits - 1, limit: 10)
          #expect(last.map { if case .before(let commit) = $0 { commit.commit } else { 0 } } == commits - 10)
        }
      ),
      (
        "changes since 0",
        { disk in
          let changes = try await Archive(at: Self.root, log: name, fileSystem: disk).changes(since: 0)
          #expect(changes?.days.map(\.action) == [.new, .new])
        }
      ),
      (
        "changes since the newest but one",
        { disk in
          let changes = try await Archive(at: Self.root, log: name, fileSystem: disk).changes(
            since: commits - 1)
          #expect(changes?.days.map(\.action) == [.replace])
        }
      ),
      ("verify --quick", { try await verify($0) { $0.isQuick = true } }),
      ("verify --from", { try await verify($0) { $0.from = at("2024-02-13T00:00:00Z") } }),
      ("verify --to", { try await verify($0) { $0.to = at("2024-02-13T00:00:00Z") } }),
      (
        "verify --since",
        { disk in
          let record = "\(Self.root)/\(ArchivePaths(name).commit(commits - 2))"
          let hash = sha256(try #require(disk.contents(of: record)))
          try await verify(disk) { $0.since = ProvenCommit(number: commits - 2, sha256: hash) }
        }
      ),
    ]
  }

  @Test func `with any number of commits, none is listed and the manifest is read once`()
    async throws
  {
    let (few, many) = (try await disk(commits: 20), try await disk(commits: 60))
    let commits = "\(Self.root)/\(ArchivePaths(name).commits)"
    let manifest = "open \(Self.root)/\(ArchivePaths(name).manifest)"
    for ((what, look), (_, other)) in zip(looks(60), looks(20)) {
      let (large, small) = (FaultyFileSystem(copyOf: many), FaultyFileSystem(copyOf: few))
      large.record()
      small.record()
      try await look(large)
      try await other(small)
      #expect(large.operations.count == small.operations.count, "\(what)")
      #expect(!large.operations.contains("list \(commits)"), "\(what)")
      #expect(large.entriesListed == small.entriesListed, "\(what)")
      #expect(large.operations.count { $0 == manifest } <= 1, "\(what)")
      let records = Set(large.operations.filter { $0.hasPrefix("open \(commits)/") })
      #expect(records.count <= 10, "\(what): \(records.count)")
    }
  }

  @Test func `the whole history is read only on request or without a manifest`() async throws {
    let disk = try await disk(commits: 20)
    func records(_ settings: VerificationSettings) async throws -> Int {
      disk.record()
      _ = try await Archive(at: Self.root, log: name, fileSystem: disk).verify(settings)
      return Set(disk.operations.filter { $0.hasPrefix("open ") && $0.contains("/commits/") }).count
    }
    var quick = VerificationSettings()
    quick.isQuick = true
    await #expect(try records(VerificationSettings()) == 20)
    await #expect(try records(quick) == 2)
    disk.setContents(of: "\(Self.root)/\(ArchivePaths(name).manifest)", nil)
    await #expect(try records(quick) == 20)
  }
}
