import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

@Suite(.fewAtOnce) struct RedactionTests {
  private let start = time("2024-02-12T00:00:00Z")
  private let now = time("2024-02-14T01:00:00Z")
  private static let policy = """
    actor=hash,actor_slug_perm=hash,actor_url=drop,actor_ip_address=truncate,actor_location=drop,object=hash,\
    additional_fields=drop
    """

  private static func redaction(key: String = "0123456789abcdef0123456789abcdef") throws -> Redaction {
    try #require(Redaction(RedactionPolicy(policy), key: RedactionKey(key)))
  }

  private func harness(_ disk: FaultyFileSystem, isRedacted: Bool = true) throws -> TestHarness {
    let harness = try TestHarness(now: now, files: disk) { configuration in
      configuration.events = .generated(
        Generation(count: 1_501, window: Window(from: start, to: now), ties: 3))
    }
    let redaction = isRedacted ? try Self.redaction() : nil
    harness.redaction.withLock { $0 = redaction }
    return harness
  }

  /// The rows of the archive, in its order.
  private func rows(_ harness: TestHarness) async throws -> RowBatch {
    try await harness.withWriter { writer in
      var rows = RowBatch()
      for partition in writer.manifest?.partitions ?? [] {
        var reader = writer.reader(of: partition.eventDate)
        while let batch = try await reader.next() {
          for row in 0..<batch.count { rows.append(row, of: batch) }
        }
      }
      return rows
    }
  }

  @Test(arguments: [256 << 20, 1], [[PartFormat.csv], [.parquet], [.csv, .parquet]])
  func `the archive has the redacted rows of the unredacted one, also when they are spilled to disk`(
    memoryLimit: Int, formats: Set<PartFormat>
  ) async throws {
    let plain = try harness(FaultyFileSystem(folder: "/archive"), isRedacted: false)
    _ = try await plain.export(.incremental(backfillStart: start))
    let redacted = try harness(FaultyFileSystem(folder: "/archive"))
    redacted.formats.withLock { $0 = formats }
    let summary = try await redacted.export(
      .incremental(backfillStart: start), adjust: { $0.memoryLimit = memoryLimit })
    try summary.requireComplete()
    var redactor = Redactor(try Self.redaction())
    let wanted = redactor.redact(try await rows(plain))
    let found = try await rows(redacted)
    #expect(found.count == wanted.count && found.count > 1_400)
    for row in 0..<min(found.count, wanted.count) where !found.hasSameContent(row, as: wanted, row) {
      Issue.record("row \(row) differs")
    }
    #expect(try await redacted.violations() == [])
  }

  @Test func `nights with late, repeated and re-read events give no false conflicts`() async throws {
    let disks = [FaultyFileSystem(folder: "/archive"), FaultyFileSystem(folder: "/archive")]
    let (plain, redacted) = (try harness(disks[0], isRedacted: false), try harness(disks[1]))
    for night in 0..<3 {
      var conflicts: [Int] = []
      for harness in [plain, redacted] {
        harness.clock.advance(to: now + .hours(20 * Double(night)))
        harness.api.withLock { api in
          api.change(harness.log) { log in
            let window = Window(
              from: now + .hours(20 * Double(night) - 30), to: now + .hours(20 * Double(night)))
            log.insert(Generation(count: 200, window: window, ties: 2))
          }
        }
        let summary = try await harness.export(
          .incremental(backfillStart: start), adjust: { $0.pageSize = 90 })
        try summary.requireComplete("night \(night)")
        conflicts.append(summary.counters.conflictingEvents)
        if night > 0 { #expect(summary.counters.duplicates > 100) }
      }
      #expect(conflicts == [0, 0])
    }
    let window = Window(from: start, to: start + .days(2))
    let again = try await redacted.export(.window(window, replace: true))
    #expect(again.rowsDropped == 0 && again.counters.rowsAdded == 0 && again.daysWritten == [])
    #expect(try await redacted.violations() == [])
    #expect(try await redacted.archived() == plain.archived())
  }

  @Test func `converting an archive to another format keeps its redaction`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    let harness = try harness(disk)
    _ = try await harness.export(.incremental(backfillStart: start))
    let before = try await rows(harness)
    harness.formats.withLock { $0 = [.parquet] }
    _ = try await harness.export(.incremental(backfillStart: nil))
    let after = try await rows(harness)
    #expect(after.count == before.count)
    for row in 0..<min(after.count, before.count) where !after.hasSameContent(row, as: before, row) {
      Issue.record("row \(row) differs")
    }
    #expect(try await harness.manifest?.source.redaction == Self.redaction().policy)
  }

  @Test func `records without uuid and bad records are stored once, night after night`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    let harness = try harness(disk)
    harness.api.withLock { api in
      api.change(harness.log) { log in
        for name in ["a", "b"] {
          log.insert(record: Array(#"{"uuid":"bad","actor":"SECRET \#(name)"}"#.utf8))
          log.insert(
            record: Array(#"{"event_at":"2024-02-13T10:00:00Z","event":"e","actor":"SECRET \#(name)"}"#.utf8))
        }
      }
    }
    let first = try await harness.export(.incremental(backfillStart: start))
    try first.requireComplete()
    #expect(first.counters.quarantined == 2 && first.counters.flattening.missingUUID >= 2)
    harness.clock.advance(to: now + .hours(1))
    let next = try await harness.export(.incremental(backfillStart: nil))
    try next.requireComplete("the second night")
    #expect(next.counters.quarantined == 0 && next.counters.vanishedEvents == 0)
    let identities = try await harness.archived().map(\.uuid).filter { $0.hasPrefix("hmac-sha256:") }
    #expect(Set(identities).count == 2 && identities.count == 2)
    for path in disk.paths(below: "/archive") where path.contains("/quarantine/") {
      let text = String(decoding: disk.contents(of: path) ?? [], as: UTF8.self)
      #expect(!text.contains("SECRET") && text.contains(#""uuid":"bad""#))
    }
  }
}
