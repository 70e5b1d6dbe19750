import AuditRecord
import DeltaTable

extension Finding.Problem {
  /// How the archive's Delta Lake table differs from what the commits make of it.
  package enum TableProblem: Hashable, Sendable {
    /// The table's log is missing, although the archive is a table.
    case noLog
    /// The table's log is of this program, or the log has been in a table, but `archive.json` does not say that the archive is one: no
    /// run appends to it.
    case notRecorded
    /// The versions from the finding's path up to this one are missing.
    case gap(from: Int, upTo: Int)
    /// A version or a checkpoint is damaged, or needs what this program does not support.
    case unreadable(String)
    /// Another program wrote a version that changes rows or columns. Both texts are what the version says.
    case foreign(engine: String?, operation: String?)
    /// The table has another `id` than `archive.json` says.
    case otherTable(expected: String, found: String)
    /// The table lacks more commits of the log than a killed run explains. `commit` is the newest one that it has.
    case behind(commit: Int?, newest: Int)
    /// The table has a commit of the log that the archive does not have.
    case ahead(commit: Int, newest: Int)
    /// A file of the log that the table has, and the newest state does not.
    case extraFile
    /// A file of the newest state that the table does not have.
    case missingFile
    /// The newest version of the log names another commit record. Both texts are SHA-256 in hex.
    case otherCommit(expected: String, found: String)
    /// A file with other facts in the table.
    case otherFile(Fact, expected: String, found: String)
    /// A checkpoint that is not the sum of the versions. `what` names the first difference.
    case otherCheckpoint(what: String)
    /// The checkpoint that `_last_checkpoint` names is missing.
    case missingCheckpoint

    /// What a table says about a file.
    package enum Fact: String, Sendable {
      case bytes, rows, partition, bounds
    }
  }
}

extension Finding.Problem.TableProblem {
  /// Follows the path, as `Finding.sentence`.
  var sentence: String {
    switch self {
    case .noLog: "is missing, but the archive is a Delta Lake table"
    case .notRecorded:
      "belongs to a Delta Lake table, but archive.json does not say that the archive is one"
    case .gap(let first, let last) where first == last:
      "is missing, but there are later versions of the table"
    case .gap(_, let last):
      "is missing, and so are all versions up to \(last), but there are later versions of the table"
    case .unreadable(let why): "cannot be read: \(why)"
    case .foreign(let engine, let operation):
      """
      changes the table, but is not of this tool: its program is \(quoted(engine ?? "unknown")), its operation \
      \(quoted(operation ?? "unknown"))
      """
    case .otherTable(let expected, let found):
      "the id of the table is \(quoted(found)) instead of \(expected)"
    case .behind(let commit?, let newest):
      "the table has this log only up to commit \(commit), but commit \(newest) changed its Parquet files"
    case .behind(nil, let newest):
      "the table does not have this log, but commit \(newest) changed its Parquet files"
    case .ahead(let commit, let newest):
      "the table has commit \(commit) of this log, but the newest commit is \(newest)"
    case .otherCommit(let expected, let found):
      "names the commit record with SHA-256 \(quoted(found)) instead of \(expected)"
    case .extraFile: "is in the table, but the commits do not list it"
    case .missingFile: "is not in the table"
    case .otherFile(let fact, let expected, let found):
      "the table says \(fact.rawValue) \(found) instead of \(expected)"
    case .otherCheckpoint(let what): "is not the sum of the versions up to its own: \(what)"
    case .missingCheckpoint: "is missing, but _last_checkpoint names it"
    }
  }
}

extension FileSetDifference.Change {
  /// The first fact about the file that differs, and its values.
  var firstDifference: (Finding.Problem.TableProblem.Fact, expected: String, found: String) {
    if expected.size != found.size { return (.bytes, "\(expected.size)", "\(found.size)") }
    if expected.partitionValues != found.partitionValues {
      return (.partition, text(expected.partitionValues), text(found.partitionValues))
    }
    let rows = [expected, found].map { file in
      file.stats.flatMap(FileStatistics.numRecords).map { "\($0)" } ?? "unknown"
    }
    guard rows[0] == rows[1] else { return (.rows, rows[0], rows[1]) }
    let bounds = [expected, found].map { file in
      file.stats.flatMap { FileStatistics.bounds(of: Column.eventAt.name, in: $0) }
        .map { "\($0.least) to \($0.greatest)" } ?? "unknown"
    }
    return (.bounds, bounds[0], bounds[1])
  }

  /// `event_date=2024-02-12, organization=acme`
  private func text(_ partition: [String: String?]) -> String {
    partition.sorted { $0.key < $1.key }.map { "\($0.key)=\(($0.value ?? "null"))" }.joined(separator: ", ")
  }
}
