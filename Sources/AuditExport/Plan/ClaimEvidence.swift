import AuditArchive
import AuditRecord
import CloudsmithAPI

/// Decides what a run may claim as covered: a claim is a conclusion from evidence, and evidence against it withdraws it.
///
/// Evidence comes in from three sides. Walks prove windows, or refute what they had proven. The archive holds rows of spans
/// that are read again: they must still be shown. And a list that shows no event at all proves nothing. Nothing else adds
/// to coverage.
///
/// No input or output.
struct ClaimEvidence: Sendable {
  /// What of the coverage at opening is read again: what the archive holds there is evidence.
  let rereads: Coverage
  /// Why nothing is claimed any more; nil while claims may be made.
  private(set) var reason: IncompleteReason?
  /// Claimed by this run, and not covered before.
  private(set) var claimed = Coverage()
  /// What is to be taken back.
  private(set) var withdrawn = Coverage()
  /// Archived rows of the spans read again that no page of this run has shown.
  private(set) var missing: Set<UUIDFingerprint> = []
  /// Archived rows of the spans read again.
  private(set) var expected = 0

  /// Whether every answer said how many events there are.
  private(set) var isCounted = true

  private let wanted: Coverage
  private let claimable: Window
  private let before: Coverage
  /// Archived rows that every plan of Cloudsmith still keeps.
  private let recentRows: Int
  private var isListEmpty = false
  private var mayReadLog = false
  /// The oldest event that a page of this run has shown.
  private(set) var oldestShown = Timestamp.latest
  /// Every plan of Cloudsmith keeps what is newer.
  private let leastKept: Timestamp

  /// - Parameters:
  ///   - manifest: as the archive was opened.
  ///   - now: by the API's clock.
  init(_ plan: ExportPlan, _ manifest: Manifest?, now: Timestamp) {
    let leastKept = now - ExportPlan.leastRetention
    self.leastKept = leastKept
    wanted = plan.wanted
    claimable = plan.claimable
    var before = manifest?.coverage ?? Coverage()
    // A replacement takes the API's word.
    rereads = plan.replaced == nil ? before.intersection(plan.wanted) : Coverage()
    for window in plan.doubtfulCoverage {
      before.subtract(window)
      withdrawn.insert(window)
    }
    self.before = before
    recentRows = (manifest?.partitions ?? []).filter { $0.minEventAt ?? .earliest >= leastKept }
      .reduce(0) { $0 + $1.rows }
  }

  // MARK: - Evidence

  /// An answer did not say how many events there are.
  mutating func noteUncounted() { isCounted = false }

  /// A walk has contradicted what it had shown of a window.
  mutating func refute(_ window: Window, because reason: IncompleteReason) {
    for part in claimed.intersection(window).intervals {
      withdrawn.insert(part)
      claimed.subtract(part)
    }
    self.reason = self.reason ?? reason
  }

  /// Notes a row that the archive holds of a span that is read again.
  mutating func expect(_ uuid: @autoclosure () -> UUIDFingerprint, isShown: Bool) {
    expected += 1
    if !isShown { missing.insert(uuid()) }
  }

  /// Notes the rows of a page.
  mutating func show(_ rows: RowBatch) {
    oldestShown = min(oldestShown, rows.eventAt.min().map { Timestamp(microseconds: $0) } ?? .latest)
    guard !missing.isEmpty else { return }
    for row in 0..<rows.count { missing.remove(rows.fingerprint(row)) }
  }

  /// Notes that rows that were missing are shown under another time.
  mutating func noteMoved(_ uuids: Set<UUIDFingerprint>) { missing.subtract(uuids) }

  /// Whether a row of this time, if the archive has it, must still be shown: it may have expired where the list shows nothing
  /// as old.
  func mustBeShown(_ time: Timestamp) -> Bool {
    rereads.contains(time) && (time >= leastKept || time > oldestShown)
  }

  /// Whether so many archived rows are missing that the list is not believed: all, or more than one in a hundred.
  var areTooManyMissing: Bool {
    !missing.isEmpty && (missing.count >= expected || missing.count * 100 > expected)
  }

  /// Concludes from the rows that are missing after a second look.
  mutating func concludeFromMissing() {
    guard areTooManyMissing else { return }
    let reason = IncompleteReason.vanished(missing: missing.count, of: expected)
    refute(Window(from: .earliest, to: .latest), because: reason)
    self.reason = reason
  }

  /// The list shows no event at all: so does a list that the account may not read.
  mutating func noteEmptyList() {
    isListEmpty = true
    if recentRows > 0 {
      refute(
        Window(from: .earliest, to: .latest), because: .vanished(missing: recentRows, of: recentRows))
    }
  }

  /// The API itself shows that the account may read the log: then an empty list is an empty log.
  mutating func noteAccess() { mayReadLog = true }

  /// Whether nothing is claimed because nothing is visible.
  var isNothingVisible: Bool { isListEmpty && !mayReadLog && reason == nil }

  // MARK: - Claims

  /// What may be claimed of a day whose events have all been received.
  ///
  /// - Parameters:
  ///   - kept: what is older the API may have dropped by now.
  ///   - settled: what is newer may still receive events.
  mutating func claim(_ day: Day, kept: Timestamp, settled: Timestamp) -> [Window] {
    guard reason == nil, !isListEmpty || mayReadLog else { return [] }
    let bounds = claimable.intersection(Window(from: kept, to: settled)).intersection(day.window)
    let claims = wanted.intersection(bounds).intervals
    for claim in claims {
      for part in before.gaps(in: claim) { claimed.insert(part) }
    }
    return claims
  }

  /// Takes what is to be withdrawn in the next commit.
  mutating func takeWithdrawn() -> [Window] {
    defer { withdrawn = Coverage() }
    return withdrawn.intervals
  }
}
