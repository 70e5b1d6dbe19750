import AuditArchive
import AuditRecord
import CloudsmithAPI
import Synchronization

/// Complete days whose rows are being sealed, to become part of the next commit.
///
/// Sealing runs beside the walk, which goes on to older days. One batch is sealed at a time.
final class SealingBatch: Sendable {
  struct Result: Sendable {
    var staged = StagedBatch()
    /// Days whose archived rows cannot be read. They stay as they are.
    var damagedDays: [Day] = []
    /// Why a replacement was refused.
    var refusal: IncompleteReason?
    /// The error that ended the batch. Earlier days are staged, unless they belong to a replacement.
    var failure: (any Error)?
  }

  /// A day, its rows, and the windows to claim once they are sealed.
  typealias CompleteDay = (day: Day, rows: DayRows, claim: [Window])

  private let writer: ArchiveWriter
  private let replaced: Window?
  private let isCounted: Bool
  private let allowsMassRemoval: Bool
  private let days: Mutex<[CompleteDay]>
  private let claimsQuiet: Bool
  private let reportDamage: @Sendable (Day, ArchiveError) -> Void
  /// Approximate bytes of memory before sealing begins.
  let footprint: Int

  /// - Parameters:
  ///   - replaced: the window whose content is taken from the API as it is; nil for an ordinary run.
  ///   - isCounted: whether every answer counted the events of the list.
  ///   - allowsMassRemoval: lets a replacement drop more than half of the archived rows of its window.
  ///   - claimsQuiet: whether the batch is committed even if no day has anything to write.
  ///   - reportDamage: called for each day whose archived rows cannot be read.
  init(
    _ days: [CompleteDay], replacing replaced: Window?, isCounted: Bool, allowsMassRemoval: Bool,
    claimsQuiet: Bool, writer: ArchiveWriter,
    reportDamage: @escaping @Sendable (Day, ArchiveError) -> Void
  ) {
    self.writer = writer
    self.replaced = replaced
    self.isCounted = isCounted
    self.allowsMassRemoval = allowsMassRemoval
    self.days = Mutex(days.reversed())
    self.claimsQuiet = claimsQuiet
    self.reportDamage = reportDamage
    footprint = days.reduce(0) { $0 + $1.rows.footprint }
  }

  /// Seals the days one after the other. Never throws: the result carries the failure.
  func run() async -> Result {
    var result = Result()
    var rowsInWindow = 0
    result.staged.isCommittedQuiet = claimsQuiet
    // Nobody else holds the rows of a day, so sealing frees their memory.
    while var complete = days.withLock({ $0.popLast() }) {
      let day = complete.day
      do {
        let blocks = complete.rows.blocks
        let sealed = try await DaySealer(writer: writer, replaced: replaced).seal(day, &complete.rows)
        for block in blocks { writer.discard(block) }
        rowsInWindow += sealed.rowsInWindow
        result.staged.add(sealed, claims: complete.claim)
      } catch ArchiveError.damaged(let file) {
        result.damagedDays.append(day)
        reportDamage(day, .damaged(file))
      } catch {
        result.failure = error
        // A window is replaced as a whole or not at all.
        if replaced != nil { drop(&result) }
        return result
      }
    }
    if let refusal = refusal(dropped: result.staged.rowsDropped, of: rowsInWindow) {
      result.refusal = refusal
      drop(&result)
    }
    return result
  }

  /// Why rows that are missing from two readings are kept all the same; nil if they may be dropped.
  private func refusal(dropped: Int, of rows: Int) -> IncompleteReason? {
    if dropped == 0 || allowsMassRemoval { return nil }
    if !isCounted { return .replacementUncounted(dropped: dropped) }
    if dropped * 2 > rows { return .replacementTooLarge(dropped: dropped, of: rows) }
    return nil
  }

  private func drop(_ result: inout Result) {
    for staged in result.staged.days { writer.discard(staged) }
    result.staged = StagedBatch()
  }
}
