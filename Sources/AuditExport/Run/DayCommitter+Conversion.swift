import AuditArchive
import AuditRecord
import CloudsmithAPI
import Synchronization

/// Conversion of archived days to the formats that the run writes.
extension DayCommitter {
  /// Adds the formats that archived days lack, from the rows that the archive holds. Several days are staged at a time, and also
  /// while a commit is made. Days are committed in order, by the same schedule as others, and a conversion that stops commits the days
  /// that it has written.
  mutating func convert() async throws {
    var converted: [StagedDay] = []
    let (writer, days) = (writer, writer.daysToConvert)
    let width = min(settings.conversionWidth, days.count)
    var left = days.count
    // Staged days that wait for an earlier day.
    let early = Mutex<[Day: StagedDay]>([:])
    do {
      try await OrderedTasks(width: width).run(days) { (day, _) -> Swift.Result<StagedDay, any Error> in
        if Task.isCancelled { return .failure(APIError.cancelled) }
        do {
          let staged = try await writer.stageConverted(day, share: width)
          early.withLock { $0[day] = staged }
          return .success(staged)
        } catch {
          return .failure(error)
        }
      } event: { (_: Never) in
      } take: { (day, result) throws(any Error) in
        left -= 1
        _ = early.withLock { $0.removeValue(forKey: day) }
        do {
          let staged = try result.get()
          converted.append(staged)
          schedule.stage(textBytes: staged.textBytes)
        } catch ArchiveError.damaged(let file) {
          self.result.damagedDays.append(day)
          observe(.damaged(day, .damaged(file)))
        }
        if schedule.isDue(at: time.elapsed) { try await commitConverted(&converted) }
      }
      if left > 0 { throw APIError.cancelled }
    } catch {
      // Discard later days, to make room for the commit.
      for staged in early.withLock(\.self).values { writer.discard(staged) }
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
