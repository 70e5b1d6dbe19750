import AuditArchive
import AuditRecord
import Testing

@testable import BucketArchive

/// How a run takes and keeps a lease, step by step, without a store.
@Suite struct LeaseClaimTests {
  private static let now = Timestamp(microseconds: 1_700_000_000_000_000)
  private static let holder = LockHolder(pid: 1, host: "here", since: now)
  private static let other = LockHolder(pid: 2, host: "there", since: now)
  private static let seen = FileState.present("\"v1\"")

  private func record(
    expiresIn seconds: Double, isReleased: Bool = false, owner: String = "other"
  ) -> LeaseRecord {
    var record = LeaseRecord(
      generation: 7, owner: owner, holder: Self.other, expiresAt: Self.now + .seconds(seconds))
    record.isReleased = isReleased
    return record
  }

  private func claim(
    _ bytes: [UInt8]?, hasState: Bool = true, then more: [(bytes: [UInt8], state: FileState)] = []
  ) -> LeaseClaim.Step {
    var claim = LeaseClaim(owner: "me", holder: Self.holder)
    #expect(claim.next == .read)
    claim.found(bytes, bytes == nil ? .absent : Self.seen, hasState: hasState, now: Self.now)
    for (bytes, state) in more { claim.found(bytes, state, hasState: hasState, now: Self.now) }
    return claim.next
  }

  private func wait(_ seconds: Double, _ holder: LockHolder?) -> LeaseClaim.Step {
    .wait(.seconds(seconds), for: ExpiredLease(holder: holder, until: Self.now + .seconds(seconds)))
  }

  private func write(_ generation: Int, since state: FileState, isTakeover: Bool) -> LeaseClaim.Step {
    .write(
      LeaseRecord(
        generation: generation, owner: "me", holder: Self.holder, expiresAt: Self.now + LeaseClaim.term),
      since: state, isTakeover: isTakeover)
  }

  @Test func `the first lease of a log is no takeover, and a lock missing from an archive is one`() {
    #expect(claim(nil, hasState: false) == write(1, since: .absent, isTakeover: false))
    #expect(claim(nil, hasState: true) == write(1, since: .absent, isTakeover: true))
  }

  @Test func `a released lease is taken at once, and a live one is held`() {
    #expect(
      claim(record(expiresIn: 60, isReleased: true).bytes) == write(8, since: Self.seen, isTakeover: false))
    for seconds in [0.001, 60, 120, 239] {
      #expect(claim(record(expiresIn: seconds).bytes) == .held(Self.other))
    }
  }

  @Test func `an expired lease is taken over one term after it expired`() {
    #expect(claim(record(expiresIn: -119).bytes) == wait(1, Self.other))
    #expect(claim(record(expiresIn: 0).bytes) == wait(120, Self.other))
    #expect(claim(record(expiresIn: -120).bytes) == write(8, since: Self.seen, isTakeover: true))
  }

  @Test func `after the wait an unchanged lease is taken over, and a renewed one is held`() {
    let expired = record(expiresIn: -30).bytes
    #expect(
      claim(expired, then: [(expired, Self.seen)]) == write(8, since: Self.seen, isTakeover: true))
    #expect(claim(expired, then: [(expired, .present("\"v2\""))]) == .held(Self.other))
    let released = record(expiresIn: -30, isReleased: true).bytes
    #expect(
      claim(expired, then: [(released, .present("\"v2\""))])
        == write(8, since: .present("\"v2\""), isTakeover: false))
  }

  @Test func `a time that no run writes is not believed`() {
    let absurd = record(expiresIn: 86_400).bytes
    #expect(claim(absurd) == wait(120, Self.other))
    #expect(claim(absurd, then: [(absurd, Self.seen)]) == write(8, since: Self.seen, isTakeover: true))
    #expect(claim(absurd, then: [(absurd, .present("\"v2\""))]) == .held(Self.other))
  }

  @Test func `bytes of others are taken over after a term, and a folder's lock file at once`() {
    let garbage = Array("not a lease".utf8)
    #expect(claim(garbage) == wait(120, nil))
    #expect(
      claim(garbage, then: [(garbage, Self.seen)]) == write(1, since: Self.seen, isTakeover: true))
    let file = ArchiveJSON.encode(Self.other, onOneLine: true)
    #expect(claim(file) == write(1, since: Self.seen, isTakeover: true))
    let counted = String(decoding: file, as: UTF8.self).replacing("{", with: "{\"generation\":7,")
    #expect(claim(Array(counted.utf8)) == write(1, since: Self.seen, isTakeover: true))
    #expect(claim([]) == write(1, since: Self.seen, isTakeover: true))
  }

  /// The text of a record with another text in place of a part.
  private func text(_ record: LeaseRecord, _ part: some RegexComponent, _ other: String) -> [UInt8] {
    let text = String(decoding: record.bytes, as: UTF8.self)
    let changed = text.replacing(part, with: other)
    #expect(changed != text)
    return Array(changed.utf8)
  }

  @Test(arguments: ["2023-11-14T22:14:20Z", "2023-11-14T23:14:20+01:00", "2023-11-14t22:14:20.000z"])
  func `the times of a record may have any form of RFC 3339`(time: String) throws {
    let live = text(record(expiresIn: 60), /"expires_at":"[^"]*"/, "\"expires_at\":\"\(time)\"")
    #expect(try #require(LeaseRecord(live)) == record(expiresIn: 60))
    #expect(claim(live) == .held(Self.other))
    let since = text(record(expiresIn: 60), /"since":"[^"]*"/, "\"since\":\"2000-01-01T00:00:00Z\"")
    #expect(LeaseRecord(since)?.holder.since == Timestamp(rfc3339: "2000-01-01T00:00:00Z"))
  }

  @Test func `a lease with a member that cannot be read is taken over after a term, and its number counts`() {
    for (part, other, next) in [
      (/"expires_at":"[^"]*"/, "\"expires_at\":\"soon\"", 8), (/,"released":false/, "", 8),
      (/"owner":"other",/, "", 8), (/"host":"there",/, "", 8), (/"generation":7/, "\"generation\":\"7\"", 1),
    ] {
      let bytes = text(record(expiresIn: 60), part, other)
      #expect(claim(bytes) == wait(120, nil))
      #expect(
        claim(bytes, then: [(bytes, Self.seen)]) == write(next, since: Self.seen, isTakeover: true))
    }
  }

  @Test func `a run that was outrun reads again`() {
    var claim = LeaseClaim(owner: "me", holder: Self.holder)
    claim.found(record(expiresIn: -30).bytes, Self.seen, hasState: true, now: Self.now)
    claim.wasOutrun()
    #expect(claim.next == .read)
    claim.found(record(expiresIn: 60).bytes, .present("\"v2\""), hasState: true, now: Self.now)
    #expect(claim.next == .held(Self.other))
  }

  @Test func `a record is read as it was written`() throws {
    let written = record(expiresIn: 60)
    let text = String(decoding: written.bytes, as: UTF8.self)
    #expect(try #require(LeaseRecord(written.bytes)) == written)
    for member in [
      "\"generation\":7", "\"owner\":\"other\"", "\"pid\":2", "\"released\":false", "\"expires_at\"",
    ] {
      #expect(text.contains(member), "\(text)")
    }
    #expect(text.split(separator: "\n").count == 1)
  }

  // MARK: Keeping it

  @Test func `a lease is relied on for half a term after its last renewal was sent`() {
    var held = HeldLease(record(expiresIn: 120, owner: "me"), Self.seen, sentAt: .seconds(100))
    #expect(held.isFresh(at: .seconds(159.9)) && !held.isFresh(at: .seconds(160)))
    held.renewed(record(expiresIn: 150, owner: "me"), .present("\"v2\""), sentAt: .seconds(130))
    #expect(held.isFresh(at: .seconds(189)) && held.state == .present("\"v2\""))
    // A renewal that was sent earlier and answered later.
    held.renewed(record(expiresIn: 140, owner: "me"), .present("\"v3\""), sentAt: .seconds(120))
    #expect(held.isFresh(at: .seconds(189)))
  }

  @Test func `a lease is lost when the lock is somebody else's, and not when an answer was lost`() {
    func found(_ bytes: [UInt8]?) -> HeldLease {
      var held = HeldLease(record(expiresIn: 120, owner: "me"), Self.seen, sentAt: .zero)
      held.found(bytes, .present("\"v9\""))
      return held
    }
    let mine = found(record(expiresIn: 150, owner: "me").bytes)
    #expect(!mine.isLost && mine.state == .present("\"v9\""))
    #expect(found(record(expiresIn: 150, owner: "other").bytes).isLost)
    #expect(found(record(expiresIn: 150, isReleased: true, owner: "me").bytes).isLost)
    #expect(found(nil).isLost && !found(nil).isFresh(at: .zero))
    #expect(found(Array("not a lease".utf8)).isLost)
  }
}
