import AuditArchive
import AuditRecord

/// Rows of a day in the order of the archive, to be pulled run by run.
struct RowSource {
  private let pull: () async throws(ArchiveError) -> RowSelection?

  init(_ pull: @escaping () async throws(ArchiveError) -> RowSelection?) {
    self.pull = pull
  }

  func next() async throws(ArchiveError) -> RowSelection? { try await pull() }

  /// Only the rows that `isIncluded` says yes to.
  func filter(_ isIncluded: @escaping (RowBatch, Int) -> Bool) -> RowSource {
    RowSource { () async throws(ArchiveError) in
      while var selection = try await pull() {
        selection.rows.removeAll { !isIncluded(selection.batch, Int($0)) }
        if !selection.rows.isEmpty { return selection }
      }
      return nil
    }
  }
}
