import AuditArchive
import AuditRecord

/// Merges the rows received for a day with the archived ones, and stages the day if it changes.
struct DaySealer {
  /// The result of sealing one day.
  struct Result {
    /// The new revision of the day; nil if the archive already has every row.
    var staged: StagedDay?
    var rowsAdded = 0
    /// Rows received that the archive already has, with the same content.
    var duplicates = 0
    /// Rows received that the archive already has, with other content. The archived row is kept.
    var conflicting = 0
    /// New rows of a span that was covered before.
    var lateEvents = 0
    /// Archived rows that the API no longer shows, dropped by a replacement.
    var rowsDropped = 0
    /// Archived rows within the window of a replacement.
    var rowsInWindow = 0
  }

  let writer: ArchiveWriter
  /// The window of a replacement; nil for an ordinary run.
  let replaced: Window?

  /// Seals the rows of a day: reads the archived day if there is one, and for late events the seven days before and after
  /// it; writes the day at most once.
  ///
  /// - Parameter rows: consumed.
  /// - Throws: `ArchiveError`; `.damaged` if archived rows that are needed cannot be read.
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
        // A replacement of the whole day need not read it: this is how a damaged day is repaired.
        guard case .damaged = error, let replaced, replaced.contains(day.window) else { throw error }
        keepsArchived = false
        rows.restoreStruck()
        result = Result()
      }
    }
    result.rowsAdded = rows.count - shownAgain

    if archived ? (replaced == nil && rows.isEmpty) : rows.isEmpty { return result }
    // The day was read as a whole and has not changed: there is nothing to write.
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

  /// Reads the archived day and strikes from `new` the rows that it has. Within a replaced window `new` keeps its rows.
  ///
  /// - Returns: how many rows of the replaced window the archive had before.
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

  /// The most days by which the time of an event may be corrected and the event still be recognised.
  private static let reach = 7

  /// The numbers of late events that the archive has on another day: such an event is not late, its time was corrected.
  /// Skips days that cannot be read; a run that needs them reports them.
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

  /// The archived rows of the day, without those of a replaced window.
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
