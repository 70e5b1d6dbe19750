import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import HTTP
import Synchronization
import TestSupport
import Testing

/// A run whose lease another run takes.
@Suite struct LostLeaseTests {
  @Test(arguments: [1, 2, 3])
  func `a run that loses its lease at any request ends with that, and the next run completes its work`(
    request: Int
  ) async throws {
    let bucket = MemoryBucket()
    let (start, now) = (time("2024-02-01T00:00:00Z"), time("2024-02-10T01:00:00Z"))
    let harness = try TestHarness(now: now, store: .bucket(bucket)) { configuration in
      configuration.events = .generated(
        Generation(count: 901, window: Window(from: start, to: now), ties: 2))
    }
    harness.beforeRequest.withLock { beforeRequest in
      beforeRequest = { (number: Int) throws(TransportFault) in
        guard number == request else { return }
        bucket.loseLease()
        // Nothing of this request is received, so a first run has nothing to commit.
        throw .unreachable("no route")
      }
    }
    let summary = try await harness.export(
      .incremental(backfillStart: start), adjust: { $0.pageSize = 200 })
    guard case .stoppedByArchive(.leaseLost("_manifest/acme/lock")) = summary.outcome else {
      Issue.record("\(summary.outcome)")
      return
    }
    #expect(!Task.isCancelled)
    harness.beforeRequest.withLock { beforeRequest in beforeRequest = { (_: Int) throws(TransportFault) in } }
    try await harness.export(.incremental(backfillStart: start)).requireComplete()
    #expect(try await harness.violations() == [])
  }
}
