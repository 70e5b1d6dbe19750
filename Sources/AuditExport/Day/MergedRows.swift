import AuditArchive
import AuditRecord

/// The rows of a day as it was and the rows that are new, as one sequence in the order of the archive.
///
/// The two share no uuid. The old rows are read as a stream; they are never held as a whole.
struct MergedRows {
  private var old: Cursor
  private var new: Cursor

  /// - Parameters:
  ///   - old: the next batch of the day as it is archived.
  ///   - replaced: a window whose old rows are left out.
  init(
    old: @escaping () throws(ArchiveError) -> RowBatch?, without replaced: Window?, new: SortedRows
  ) {
    self.old = Cursor(without: replaced, next: old)
    var rows = new
    self.new = Cursor(without: nil) { rows.next() }
  }

  mutating func next() throws(ArchiveError) -> RowBatch? {
    var merged = RowBatch()
    while merged.count < 2_048 {
      let (hasOld, hasNew) = (try old.advance(), try new.advance())
      if hasOld, !hasNew || old.precedes(new) {
        old.move(to: &merged)
      } else if hasNew {
        new.move(to: &merged)
      } else {
        break
      }
    }
    return merged.isEmpty ? nil : merged
  }

  /// A place in a sequence of batches.
  private struct Cursor {
    private let nextBatch: () throws(ArchiveError) -> RowBatch?
    private let replaced: Window?
    private var batch = RowBatch()
    private var row = 0

    init(without replaced: Window?, next: @escaping () throws(ArchiveError) -> RowBatch?) {
      self.replaced = replaced
      nextBatch = next
    }

    /// Goes on to the next row that counts, if it does not stand on one; false at the end.
    mutating func advance() throws(ArchiveError) -> Bool {
      while true {
        if row == batch.count {
          guard let next = try nextBatch() else { return false }
          batch = next
          row = 0
        } else if let replaced, replaced.contains(batch.time(row)) {
          row += 1
        } else {
          return true
        }
      }
    }

    func precedes(_ other: Cursor) -> Bool {
      let (time, otherTime) = (batch.eventAt[row], other.batch.eventAt[other.row])
      return time == otherTime ? batch.uuidPrecedes(row, other.batch, other.row) : time < otherTime
    }

    mutating func move(to merged: inout RowBatch) {
      merged.append(row, of: batch)
      row += 1
    }
  }
}
