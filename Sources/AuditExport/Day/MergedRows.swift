import AuditArchive
import AuditRecord

/// Several sources of a day's rows as one sequence in the order of the archive, in runs that come from one batch each.
///
/// No two sources share a uuid. None is held as a whole.
struct MergedRows {
  private var heads: [Head] = []
  private let sources: [RowSource]
  private var isBegun = false

  /// The rows that a source has handed out, and how many of them are taken.
  private struct Head {
    let source: Int
    var selection: RowSelection
    var taken = 0

    var row: Int { Int(selection.rows[taken]) }

    func precedes(_ other: Head) -> Bool {
      let (time, otherTime) = (selection.batch.eventAt[row], other.selection.batch.eventAt[other.row])
      return time == otherTime
        ? selection.batch.uuidPrecedes(row, other.selection.batch, other.row) : time < otherTime
    }
  }

  init(_ sources: [RowSource]) {
    self.sources = sources
  }

  mutating func next() async throws(ArchiveError) -> RowSelection? {
    if !isBegun {
      isBegun = true
      for source in sources.indices { try await refill(source) }
    }
    guard var first = heads.popLast() else { return nil }
    if heads.isEmpty, first.taken == 0 {
      try await refill(first.source)
      return first.selection
    }
    var rows: [Int32] = []
    repeat {
      rows.append(Int32(first.row))
      first.taken += 1
    } while first.taken < first.selection.rows.count && heads.last.map { first.precedes($0) } ?? true
    if first.taken < first.selection.rows.count {
      insert(first)
    } else {
      try await refill(first.source)
    }
    return RowSelection(first.selection.batch, rows: rows)
  }

  private mutating func refill(_ source: Int) async throws(ArchiveError) {
    if let selection = try await sources[source].next() { insert(Head(source: source, selection: selection)) }
  }

  /// The heads stand in falling order: whose row comes next is the last.
  private mutating func insert(_ head: Head) {
    heads.insert(head, at: heads.firstIndex { $0.precedes(head) } ?? heads.count)
  }
}
