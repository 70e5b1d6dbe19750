import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

/// Two events whose uuids have one `IdentityHash` are two events, whatever is decided about one of them.
@Suite(.fewAtOnce) struct CollisionTests {
  private let start = time("2024-02-12T00:00:00Z")
  private let now = time("2024-02-16T12:00:00Z")

  private func record(_ uuid: String, _ time: Timestamp) -> [UInt8] {
    Array(#"{"actor":"a","event":"e","event_at":"\#(time)","uuid":"\#(uuid)"}"#.utf8)
  }

  /// - Parameters:
  ///   - apart: hours from the archived event to the one that comes later.
  ///   - isErased: whether the API no longer shows the archived one.
  @Test(arguments: [-20.0, -1, 1, 20], [false, true])
  func `a late event is kept whose uuid has the hash of an archived one`(apart: Double, isErased: Bool)
    async throws
  {
    var random = SeededRandom(seed: Int(apart))
    let (archived, late) = collidingUUIDs(&random)
    let harness = try TestHarness(now: now, events: 801, since: start)
    let time = now - .hours(apart < 0 ? 1.5 : 22)
    harness.api.withLock { $0.change(harness.log) { $0.insert(record: record(archived, time)) } }
    _ = try await harness.export(.incremental(backfillStart: start))
    harness.api.withLock { api in
      api.change(harness.log) { log in
        if isErased { log.erase(log.events.firstIndex(from: time)) }
        log.insert(record: record(late, time + .hours(apart)))
      }
    }
    harness.clock.advance(to: now + .hours(1))
    let summary = try await harness.export(.incremental(backfillStart: nil))
    #expect(summary.counters.lateEvents == 1 && summary.counters.conflictingEvents == 0)
    #expect(summary.counters.vanishedEvents == (isErased ? 1 : 0))
    let uuids = try await harness.archived().map(\.uuid)
    #expect(uuids.count { $0 == archived } == 1 && uuids.count { $0 == late } == 1)
    #expect(try await harness.violations() == [])
  }
}
