import AuditArchive
import AuditRecord
import CloudsmithAPI

/// Decides what a run may claim as covered. Claims need evidence, and evidence against a claim withdraws it.
///
/// There are three kinds of evidence, and nothing else adds to coverage:
/// * Walks prove windows, or refute what they had proven.
/// * The archive holds rows of spans that are read again. The list must still show them.
/// * A list that shows no event at all proves nothing.
///
/// No I/O.
struct ClaimEvidence: Sendable {
  /// The part of the archive's coverage that this run reads again. The archived rows there are evidence.
  let rereads: Coverage
  /// Why nothing more is claimed; nil while claims may be made.
  private(set) var reason: IncompleteReason?
  /// Windows that this run has claimed and that were not covered before.
  private(set) var claimed = Coverage()
  /// Claims to be withdrawn.
  private(set) var withdrawn = Coverage()
  /// Archived rows of `rereads` that no page of this run has shown.
  private(set) var missing: Set<UUIDFingerprint> = []
  /// The number of archived rows of `rereads`.
  private(set) var expected = 0

  /// Whether every answer counted the events of the list.
  private(set) var isCounted = true

  private let wanted: Coverage
  private let claimable: Window
  private let before: Coverage
  /// The number of archived rows that every Cloudsmith plan still keeps.
  private let recentRows: Int
  private var isListEmpty = false
  private var mayReadLog = false
  /// The oldest event that a page of this run has shown.
  private(set) var oldestShown = Timestamp.latest
  /// Every Cloudsmith plan keeps newer events.
  private let leastKept: Timestamp

  /// - Parameters:
  ///   - manifest: the archive as it was opened; nil without a commit.
  ///   - now: by the API's clock.
  init(_ plan: ExportPlan, _ manifest: Manifest?, now: Timestamp) {
    let leastKept = now - ExportPlan.leastRetention
    self.leastKept = leastKept
    wanted = plan.wanted
    claimable = plan.claimable
    var before = manifest?.coverage ?? Coverage()
    // A replacement believes the API, so archived rows are no evidence.
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

  /// Notes an answer that does not count the events of the list.
  mutating func noteUncounted() { isCounted = false }

  /// Withdraws the claims on a window, because a walk has contradicted what it had shown of it.
  mutating func refute(_ window: Window, because reason: IncompleteReason) {
    for part in claimed.intersection(window).intervals {
      withdrawn.insert(part)
      claimed.subtract(part)
    }
    self.reason = self.reason ?? reason
  }

  /// Notes an archived row of `rereads`.
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

  /// Notes that missing rows are shown under another time.
  mutating func noteMoved(_ uuids: Set<UUIDFingerprint>) { missing.subtract(uuids) }

  /// Whether the list must still show an archived row of this time. A row may have expired if it is older than every event
  /// shown.
  func mustBeShown(_ time: Timestamp) -> Bool {
    rereads.contains(time) && (time >= leastKept || time > oldestShown)
  }

  /// Whether too many archived rows are missing to trust the list: all of them, or more than one in a hundred.
  var areTooManyMissing: Bool {
    !missing.isEmpty && (missing.count >= expected || missing.count * 100 > expected)
  }

  /// Withdraws all claims if too many rows are still missing after a second reading.
  mutating func concludeFromMissing() {
    guard areTooManyMissing else { return }
    let reason = IncompleteReason.vanished(missing: missing.count, of: expected)
    refute(Window(from: .earliest, to: .latest), because: reason)
    self.reason = reason
  }

  /// Notes that the list shows no event at all. An account that may not read the log gets an empty list too.
  mutating func noteEmptyList() {
    isListEmpty = true
    if recentRows > 0 {
      refute(
        Window(from: .earliest, to: .latest), because: .vanished(missing: recentRows, of: recentRows))
    }
  }

  /// Notes that the account may read the log, so an empty list is an empty log.
  mutating func noteAccess() { mayReadLog = true }

  /// Whether nothing is claimed because the list is empty and the account may not be allowed to read it.
  var isNothingVisible: Bool { isListEmpty && !mayReadLog && reason == nil }

  // MARK: - Claims

  /// The windows to claim of a day whose events have all been received.
  ///
  /// - Parameters:
  ///   - kept: the API may have dropped older events by now.
  ///   - settled: newer events may still arrive.
  mutating func claim(_ day: Day, kept: Timestamp, settled: Timestamp) -> [Window] {
    guard reason == nil, !isListEmpty || mayReadLog else { return [] }
    let bounds = claimable.intersection(Window(from: kept, to: settled)).intersection(day.window)
    let claims = wanted.intersection(bounds).intervals
    for claim in claims {
      for part in before.gaps(in: claim) { claimed.insert(part) }
    }
    return claims
  }

  /// Hands over the windows to withdraw with the next commit.
  mutating func takeWithdrawn() -> [Window] {
    defer { withdrawn = Coverage() }
    return withdrawn.intervals
  }
}
