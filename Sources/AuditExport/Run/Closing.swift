import AuditArchive
import AuditRecord

/// The end of some days' collection: their rows are sealed, and committed together.
///
/// It runs beside the walk, which goes on to older days; one at a time.
struct Closing: Sendable {
  struct Result: Sendable {
    /// nil when there was nothing to commit.
    var commit: Commit?
    var rowsDropped = 0
    /// Days whose archived rows cannot be read: they were left as they are.
    var damagedDays: [Day] = []
  }

  let writer: ArchiveWriter
  let replaced: Window?
  /// Each with what is claimed of it when it is sealed.
  var days: [(day: Day, rows: DayRows, claim: [Window])]
  /// To be committed, with what sealing adds to it.
  var change: Change
  /// Whether it is committed also when no day has anything to write.
  var claimsQuiet: Bool
  let observe: @Sendable (ExportEvent) -> Void

  /// Bytes of memory, about.
  var footprint: Int { days.reduce(0) { $0 + $1.rows.footprint } }

  consuming func run() async throws -> Result {
    var result = Result()
    days.reverse()
    // A day's memory is free once it is sealed.
    while let (day, rows, claim) = days.popLast() {
      do {
        let sealed = try await DaySealer(writer: writer, replaced: replaced).seal(day, rows)
        for block in rows.blocks { try writer.discard(block) }
        change.run.rowsAdded += sealed.rowsAdded
        change.run.duplicates += sealed.duplicates
        change.run.conflictingEvents += sealed.conflicting
        change.run.lateEvents += sealed.lateEvents
        result.rowsDropped += sealed.rowsDropped
        if let staged = sealed.staged { change.days.append(staged) }
        change.covered += claim
      } catch let error as ArchiveError {
        guard case .damaged = error else { throw error }
        result.damagedDays.append(day)
        observe(.damaged(day, error))
      }
    }
    guard claimsQuiet || !change.days.isEmpty || !change.quarantine.isEmpty else { return result }
    if !result.damagedDays.isEmpty { change.run.complete = false }
    if !change.run.complete { change.replaced = nil }
    let commit = try writer.commit(change)
    observe(.committed(commit))
    result.commit = commit
    return result
  }
}
