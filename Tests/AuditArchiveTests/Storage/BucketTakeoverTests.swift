import AuditArchive
import AuditRecord
import TestSupport
import Testing

/// A run over an object store that sleeps until another run takes its lease.
@Suite(.fewAtOnce) struct BucketTakeoverTests {
  private let bucket = ObjectBucket()
  /// Of the machine on which both runs work.
  private let scratch = FaultyFileSystem(folder: "/scratch")

  private func withWriter<Result>(_ body: (ArchiveWriter) async throws -> Result) async throws -> Result {
    try await Archive(in: bucket.storage(ArchivePaths(log("acme")), scratch: scratch)).withWriter(
      source: acme, holder: somebody, settings: WriterSettings(toolVersion: "1.0.0")
    ) { try await body($0) }
  }

  private func findings() async throws -> [Finding]? {
    try await Archive(in: bucket.storage(ArchivePaths(log("acme")))).verify()?.findings
  }

  @Test func `a run that takes over on the same machine leaves the files of the sleeping one alone`()
    async throws
  {
    let error = try await archiveError {
      try await withWriter { sleeper in
        var change = Change(committedAt: at("2024-02-13T00:00:00Z"), lookback: .hours(24))
        change.days = [try await sleeper.stage("2024-02-12", events("2024-02-12", 4))]
        change.covered = [day("2024-02-12").window]
        let before = scratch.paths(below: "/scratch/run-1")
        #expect(before.count == 2)
        bucket.advance(.minutes(10))
        try await withWriter { taker in
          #expect(scratch.paths(below: "/scratch/run-1") == before)
          try await taker.commit(["2024-02-12": events("2024-02-12", 5)])
        }
        #expect(scratch.paths(below: "/scratch") == before)
        // It knows nothing yet, so its commit gets as far as the record. The other run's fence is commit 1.
        _ = try await sleeper.commit(change)
      }
    }
    #expect(error == .outrun(1))
    #expect(scratch.paths(below: "/scratch") == [])
    try await withWriter { next in
      #expect(next.manifest?.partition(day("2024-02-12"))?.rows == 5)
      #expect(next.recovery.damaged == [])
    }
    #expect(try await findings() == [])
  }
}
