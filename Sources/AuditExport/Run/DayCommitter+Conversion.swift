import AuditArchive
import AuditRecord
import CloudsmithAPI

/// Conversion of archived days to the formats that the run writes.
extension DayCommitter {
  /// Adds the formats that archived days lack, from the rows that the archive holds. Days are committed by the same
  /// schedule as others, and a conversion that stops commits the days that it has written.
  mutating func convert() async throws {
    var converted: [StagedDay] = []
    do {
      for day in writer.daysToConvert {
        if Task.isCancelled { throw APIError.cancelled }
        do {
          let staged = try await writer.stageConverted(day)
          converted.append(staged)
          schedule.stage(textBytes: staged.textBytes)
        } catch ArchiveError.damaged(let file) {
          result.damagedDays.append(day)
          observe(.damaged(day, .damaged(file)))
        }
        if schedule.isDue(at: time.elapsed) { try await commitConverted(&converted) }
      }
    } catch {
      try await commitConverted(&converted)
      throw error
    }
    try await commitConverted(&converted)
  }

  private mutating func commitConverted(_ converted: inout [StagedDay]) async throws {
    guard !converted.isEmpty else { return }
    var change = Change(committedAt: time.now, lookback: settings.lookback)
    swap(&change.days, &converted)
    let days = change.days.map(\.day)
    var number: Int?
    defer {
      if let number {
        schedule.commit(at: time.elapsed)
        result.commits.append(number)
        result.daysWritten += days
        observe(.converted(days))
      }
    }
    _ = try await writer.commit(change) { number = $0.commit }
  }
}
