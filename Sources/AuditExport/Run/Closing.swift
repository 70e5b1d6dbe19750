import AuditArchive
import AuditRecord
import CloudsmithAPI
import Synchronization

/// The end of some days' collection: their rows are sealed, and committed together.
///
/// It runs beside the walk, which goes on to older days; one at a time.
final class Closing: Sendable {
  struct Result: Sendable {
    /// nil when there was nothing to commit.
    var commit: Commit?
    var rowsDropped = 0
    /// Days whose archived rows cannot be read: they were left as they are.
    var damagedDays: [Day] = []
    /// Why a replacement was not made.
    var refusal: IncompleteReason?
    /// What ended the run although the commit was made.
    var failure: ArchiveError?
  }

  /// A day, its rows, and what is claimed of it when they are sealed.
  typealias CompleteDay = (day: Day, rows: DayRows, claim: [Window])

  private let writer: ArchiveWriter
  private let replaced: Window?
  /// Whether every answer said how many events there are.
  private let isCounted: Bool
  private let allowsMassRemoval: Bool
  private let days: Mutex<[CompleteDay]>
  private let change: Change
  private let claimsQuiet: Bool
  private let observe: @Sendable (ExportEvent) -> Void
  /// Bytes of memory at the beginning, about.
  let footprint: Int

  /// - Parameters:
  ///   - allowsMassRemoval: lets a replacement drop more than half of the archived rows of its window.
  ///   - change: to be committed, with what sealing adds to it.
  ///   - claimsQuiet: whether it is committed also when no day has anything to write.
  init(
    _ days: [CompleteDay], replacing replaced: Window?, isCounted: Bool, allowsMassRemoval: Bool,
    _ change: Change,
    claimsQuiet: Bool, writer: ArchiveWriter, observe: @escaping @Sendable (ExportEvent) -> Void
  ) {
    self.writer = writer
    self.replaced = replaced
    self.isCounted = isCounted
    self.allowsMassRemoval = allowsMassRemoval
    self.days = Mutex(days.reversed())
    self.change = change
    self.claimsQuiet = claimsQuiet
    self.observe = observe
    footprint = days.reduce(0) { $0 + $1.rows.footprint }
  }

  func run() async throws -> Result {
    var change = change
    var result = Result()
    var rowsInWindow = 0
    // Nobody else keeps a day's rows: their memory is free as they are sealed.
    while var closed = days.withLock({ $0.popLast() }) {
      let day = closed.day
      do {
        let blocks = closed.rows.blocks
        let sealed = try await DaySealer(writer: writer, replaced: replaced).seal(day, &closed.rows)
        for block in blocks { writer.discard(block) }
        change.run.rowsAdded += sealed.rowsAdded
        change.run.duplicates += sealed.duplicates
        change.run.conflictingEvents += sealed.conflicting
        change.run.lateEvents += sealed.lateEvents
        result.rowsDropped += sealed.rowsDropped
        rowsInWindow += sealed.rowsInWindow
        if let staged = sealed.staged { change.days.append(staged) }
        change.covered += closed.claim
      } catch let error as ArchiveError {
        guard case .damaged = error else { throw error }
        result.damagedDays.append(day)
        observe(.damaged(day, error))
      }
    }
    if let refusal = refusal(dropped: result.rowsDropped, of: rowsInWindow) {
      for staged in change.days { writer.discard(staged) }
      result.refusal = refusal
      result.rowsDropped = 0
      return result
    }
    guard
      claimsQuiet || !change.days.isEmpty || change.quarantine != nil || !change.withdrawn.isEmpty
    else { return result }
    if !result.damagedDays.isEmpty { change.run.complete = false }
    if !change.run.complete { change.replaced = nil }
    do throws(ArchiveError) {
      _ = try writer.commit(change) { result.commit = $0 }
    } catch {
      guard result.commit != nil else { throw error }
      result.failure = error
    }
    if let commit = result.commit { observe(.committed(commit)) }
    return result
  }

  /// Why rows that two readings do not show are not dropped all the same.
  private func refusal(dropped: Int, of rows: Int) -> IncompleteReason? {
    if dropped == 0 || allowsMassRemoval { return nil }
    if !isCounted { return .replacementUncounted(dropped: dropped) }
    if dropped * 2 > rows { return .replacementTooLarge(dropped: dropped, of: rows) }
    return nil
  }
}
