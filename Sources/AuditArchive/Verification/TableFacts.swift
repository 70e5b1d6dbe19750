import AuditRecord
import DeltaTable

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
