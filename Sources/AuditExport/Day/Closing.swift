import AuditArchive
import AuditRecord
import CloudsmithAPI
import Synchronization

/// The end of some days' collection: their rows are sealed, to be committed with the next commit.
///
/// It runs beside the walk, which goes on to older days; one at a time.
final class Closing: Sendable {
  struct Result: Sendable {
    var staged = StagedBatch()
    /// Days whose archived rows cannot be read: they were left as they are.
    var damagedDays: [Day] = []
    /// Why a replacement was not made.
    var refusal: IncompleteReason?
    /// What ended it; the days before that are staged, but for those of a replacement.
    var failure: (any Error)?
  }

  /// A day, its rows, and what is claimed of it when they are sealed.
  typealias CompleteDay = (day: Day, rows: DayRows, claim: [Window])

  private let writer: ArchiveWriter
  private let replaced: Window?
  /// Whether every answer said how many events there are.
  private let isCounted: Bool
  private let allowsMassRemoval: Bool
  private let days: Mutex<[CompleteDay]>
  private let claimsQuiet: Bool
  private let observe: @Sendable (ExportEvent) -> Void
  /// Bytes of memory at the beginning, about.
  let footprint: Int

  /// - Parameters:
  ///   - allowsMassRemoval: lets a replacement drop more than half of the archived rows of its window.
  ///   - claimsQuiet: whether there is something to commit also when no day has anything to write.
  init(
    _ days: [CompleteDay], replacing replaced: Window?, isCounted: Bool, allowsMassRemoval: Bool,
    claimsQuiet: Bool, writer: ArchiveWriter, observe: @escaping @Sendable (ExportEvent) -> Void
  ) {
    self.writer = writer
    self.replaced = replaced
    self.isCounted = isCounted
    self.allowsMassRemoval = allowsMassRemoval
    self.days = Mutex(days.reversed())
    self.claimsQuiet = claimsQuiet
    self.observe = observe
    footprint = days.reduce(0) { $0 + $1.rows.footprint }
  }

  func run() async -> Result {
    var result = Result()
    var rowsInWindow = 0
    result.staged.isCommittedQuiet = claimsQuiet
    // Nobody else keeps a day's rows: their memory is free as they are sealed.
    while var closed = days.withLock({ $0.popLast() }) {
      let day = closed.day
      do {
        let blocks = closed.rows.blocks
        let sealed = try await DaySealer(writer: writer, replaced: replaced).seal(day, &closed.rows)
        for block in blocks { writer.discard(block) }
        rowsInWindow += sealed.rowsInWindow
        result.staged.add(sealed, claims: closed.claim)
      } catch ArchiveError.damaged(let file) {
        result.damagedDays.append(day)
        observe(.damaged(day, .damaged(file)))
      } catch {
        result.failure = error
        // A window is replaced as a whole.
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

  /// Why rows that two readings do not show are not dropped all the same.
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
