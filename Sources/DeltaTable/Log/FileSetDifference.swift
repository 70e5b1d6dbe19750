/// How the files of a table differ from those that are expected.
package struct FileSetDifference: Hashable, Sendable {
  /// A file that both have, with different facts.
  package struct Change: Hashable, Sendable {
    package var expected: AddFile
    package var found: AddFile
  }

  /// Expected and not in the table, sorted by path.
  package var missing: [AddFile] = []
  /// In the table and not expected, sorted by path.
  package var unexpected: [AddFile] = []
  /// With another size, number of rows, partition or bounds of a column, sorted by path. Numbers of rows and bounds are compared only
  /// if the statistics of both have them.
  package var changed: [Change] = []

  package var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && changed.isEmpty }

  /// - Parameters:
  ///   - expected: the files that the table should have, each once, in any order.
  ///   - found: the files that it has, likewise.
  package init(expected: [AddFile], found: [AddFile]) {
    let expected = FileSetDifference.byPath(expected)
    let found = FileSetDifference.byPath(found)
    for (path, file) in expected.sorted(by: { $0.key.precedes($1.key) }) {
      guard let other = found[path] else {
        missing.append(file)
        continue
      }
      if !FileSetDifference.agree(file, other) { changed.append(Change(expected: file, found: other)) }
    }
    unexpected = found.filter { expected[$0.key] == nil }.sorted { $0.key.precedes($1.key) }.map(\.value)
  }

  private static func byPath(_ files: [AddFile]) -> [String: AddFile] {
    Dictionary(files.map { (TablePath.canonical($0.path) ?? $0.path, $0) }) { $1 }
  }

  private static func agree(_ one: AddFile, _ other: AddFile) -> Bool {
    guard one.size == other.size, one.partitionValues == other.partitionValues else { return false }
    guard let stats = one.stats, let otherStats = other.stats, stats != otherStats else { return true }
    if let rows = FileStatistics.numRecords(of: stats),
      let otherRows = FileStatistics.numRecords(of: otherStats), rows != otherRows
    {
      return false
    }
    return FileStatistics.columnsWithBounds(in: stats).allSatisfy { column in
      guard let bounds = FileStatistics.bounds(of: column, in: stats),
        let otherBounds = FileStatistics.bounds(of: column, in: otherStats)
      else { return true }
      return bounds == otherBounds
    }
  }
}
