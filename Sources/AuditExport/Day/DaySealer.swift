import AuditArchive
import AuditRecord

/// Brings the rows received for a day together with those archived, and stages what changes.
struct DaySealer {
  /// What became of a day.
  struct Result {
    /// nil: nothing to write, the archive has it all.
    var staged: StagedDay?
    var rowsAdded = 0
    /// Received, and archived before with the same content.
    var duplicates = 0
    /// Received, and archived before with other content.
    var conflicting = 0
    /// New rows in a span that had been covered before.
    var lateEvents = 0
    /// Archived rows that the API no longer shows, dropped by a replacement.
    var rowsDropped = 0
    /// Archived rows within the window of a replacement.
    var rowsInWindow = 0
  }

  let writer: ArchiveWriter
  /// The window whose content is taken from the API as it is.
  let replaced: Window?

  /// - Parameter rows: are used up.
  /// - Throws: `ArchiveError`; `.damaged` where what is archived cannot be read and would have to be.
  func seal(_ day: Day, _ rows: inout DayRows) async throws -> Result {
    let manifest = writer.manifest
    let covered = manifest?.coverage ?? Coverage([])
    let archived = manifest?.partition(day)?.files.isEmpty == false
    var result = Result()
    var keepsArchived = archived
    var shownAgain = 0
    if archived, replaced != nil || !rows.isEmpty {
      do throws(ArchiveError) {
        shownAgain = try await strikeKnown(from: &rows, in: day, &result)
      } catch {
        // What a replacement throws away as a whole need not be readable: this is how a damaged day is repaired.
        guard case .damaged = error, let replaced, replaced.contains(day.window) else { throw error }
        keepsArchived = false
        rows.restoreStruck()
        result = Result()
      }
    }
    result.rowsAdded = rows.count - shownAgain

    if archived ? (replaced == nil && rows.isEmpty) : rows.isEmpty { return result }
    // Read whole and found equal: there is nothing to compress.
    if keepsArchived, result.rowsAdded == 0, result.rowsDropped == 0, result.conflicting == 0,
      try await writer.isIntact(day)
    {
      return result
    }
    if replaced == nil {
      let late = rows.count { covered.contains($0) }
      let moved = late > 0 ? try await archivedNear(day, rows) { covered.contains($0) } : []
      rows.strike(moved)
      result.conflicting += moved.count
      result.rowsAdded -= moved.count
      result.lateEvents = late - moved.count
      if rows.isEmpty { return result }
    }
    var sources = try rows.takeSources { block throws(ArchiveError) in try source(block) }
    if keepsArchived { sources.append(archivedRows(of: day)) }
    var merged = MergedRows(sources)
    result.staged = try await writer.stage(day) { try await merged.next() }
    return result
  }

  /// Reads the day as it is archived and takes out of `new` what is there already; within a replaced window `new`
  /// keeps its rows, and how many of them were archived before is returned.
  private func strikeKnown(
    from new: inout DayRows, in day: Day, _ result: inout Result
  ) async throws(ArchiveError) -> Int {
    var reader = writer.reader(of: day)
    var shownAgain = 0
    while let batch = try await reader.next() {
      for row in 0..<batch.count {
        let isReplaced = replaced?.contains(batch.time(row)) ?? false
        if isReplaced { result.rowsInWindow += 1 }
        let match = isReplaced ? new.compare(row, of: batch) : new.strike(row, of: batch)
        switch match {
        case .duplicate: result.duplicates += 1
        case .conflicting: result.conflicting += 1
        case nil: if isReplaced { result.rowsDropped += 1 }
        }
        if isReplaced, match != nil { shownAgain += 1 }
      }
    }
    return shownAgain
  }

  /// How far the time of an event may be corrected and the event still be known again.
  private static let reach = 7

  /// Which of the late events the archive has under a time of another day, by their numbers: such an event is not late, its time
  /// was corrected. Days that cannot be read are passed over; a run that has to read them says so.
  private func archivedNear(
    _ day: Day, _ rows: DayRows, where isLate: (Timestamp) -> Bool
  ) async throws(ArchiveError) -> Set<Int> {
    var found: Set<Int> = []
    let reach = DaySealer.reach
    let near = day.advanced(by: -reach)...day.advanced(by: reach)
    for partition in writer.manifest?.partitions ?? [] {
      guard near.contains(partition.eventDate), partition.eventDate != day, partition.rows > 0 else {
        continue
      }
      var reader = writer.reader(of: partition.eventDate)
      do throws(ArchiveError) {
        while let batch = try await reader.next() {
          for row in 0..<batch.count {
            if let number = rows.find(row, of: batch, where: isLate) { found.insert(number) }
          }
        }
      } catch {
        guard case .damaged = error else { throw error }
      }
    }
    return found
  }

  /// The rows that the archive has of the day, without those that are replaced.
  private func archivedRows(of day: Day) -> RowSource {
    var reader = writer.reader(of: day)
    let all = RowSource { () async throws(ArchiveError) in try await reader.next().map { RowSelection($0) } }
    guard let replaced else { return all }
    return all.filter { batch, row in !replaced.contains(batch.time(row)) }
  }

  private func source(_ block: SpilledRows) throws(ArchiveError) -> RowSource {
    var reader = try writer.reader(of: block)
    return RowSource { () async throws(ArchiveError) in try reader.next().map { RowSelection($0) } }
  }
}
