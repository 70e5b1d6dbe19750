import AuditRecord
import Foundation
import ObjectStore
import TestSupport
import Testing

/// Programs that write one table at once.
@Suite(.fewAtOnce) struct ConcurrentTableTests {
  private static let organizations = ["acme", "globex", "initech", "umbrella"]
  /// How many runs each organization has. `Scripts/test --engines` sets `CLOUDSMITH_TEST_STORES`.
  private static let runs =
    ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_STORES"] == "all" ? 50 : 6

  @Test(.needsPython)
  func `four organizations that export at once into one folder make one table, each in its order`()
    async throws
  {
    try await withEmulator { bench in
      let archive = bench.archive
      try await exportAtOnce(bench, to: archive)
      try expectOneTable(SimulatedStore.copy(ofFolder: archive))
      try expectNoMissingFile(in: archive)
    }
  }

  @Test(.needsPython, .needsSeaweedFS, .needs("curl"))
  func `four organizations that export at once into one bucket make one table, each in its order`()
    async throws
  {
    try await withEmulator { bench in
      try await SeaweedFS.with { store in
        let archive = store.archive()
        try await exportAtOnce(bench, to: archive, environment: store.environment)
        try expectOneTable(
          await store.withObjects { try await SimulatedStore.copy(ofPrefix: "log", in: $0) })
        try expectNoMissingFile(in: archive, environment: store.environment)
        for organization in Self.organizations {
          let verified = try Program.exporter.run(
            ["verify", "-o", organization, "--archive", archive], environment: store.environment)
          #expect(verified.status == 0, "\(organization): \(verified.output)\(verified.log)")
        }
      }
    }
  }

  private static let start = Past.midnight(daysAgo: 80)
  /// The end of each run's window.
  private static let ends = (1...runs).map { Past.midnight(daysAgo: 80 - 1.5 * Double($0)) }

  private func withEmulator(_ body: (Bench) async throws -> Void) async throws {
    let organizations = Self.organizations.dropFirst().flatMap { ["--organization", $0] }
    let events = [
      "--generate", "300", "--seed", "7", "--from", Self.start, "--to",
      Past.midnight(daysAgo: 1), "--rate-limit", "1000000",
    ]
    try await Bench.with(events + organizations, body)
  }

  /// Runs one program of each organization at any time. Each run adds a day and a half, so every second one revises a day.
  private func exportAtOnce(
    _ bench: Bench, to archive: String, environment: [String: String] = [:]
  ) async throws {
    let environment = bench.environment.merging(environment) { $1 }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for organization in Self.organizations {
        group.addTask {
          for end in Self.ends {
            let outcome = try Program.exporter.run(
              [
                "export", "-q", "-o", organization, "--archive", archive, "--format", "csv,delta", "--from",
                Self.start, "--to", end,
                "--max-requests-per-second", "unlimited",
              ], environment: environment)
            #expect(outcome.status == 0, "\(organization) to \(end): \(outcome.log)")
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private func expectOneTable(_ store: SimulatedStore) throws {
    for organization in Self.organizations {
      let log = try #require(LogName(organization))
      #expect(try store.tableProblems(of: log, isCurrent: true) == [], "\(organization)")
      #expect(store.paths(below: "_manifest/\(organization)/commits").count == Self.runs, "\(organization)")
    }
    // Version 0 can have the first commits of several organizations.
    let commits = Self.organizations.count * Self.runs
    let versions = try store.tableVersions().count
    #expect(versions <= commits && versions > commits - Self.organizations.count, "\(versions)")
  }

  /// `repair` of delta-rs, a check of the files, finds nothing to remove.
  private func expectNoMissingFile(in archive: String, environment: [String: String] = [:]) throws {
    let checked = try Python.run(
      "read_table.py", ["fsck", archive + "/parquet"], environment: environment)
    #expect(checked.status == 0 && checked.output == "", "\(checked.output)\(checked.log)")
  }
}
