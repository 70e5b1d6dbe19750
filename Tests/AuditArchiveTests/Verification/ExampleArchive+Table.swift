import AuditArchive
import DeltaTable
import Foundation
import TestSupport
import Testing

/// An archive that is a table.
extension ExampleArchive {
  static var tableSettings: WriterSettings {
    var settings = WriterSettings(toolVersion: "1.0.0")
    settings.formats = [.csv, .parquet]
    settings.isTable = true
    return settings
  }

  private static let tableFiles = Task {
    try await withTemporaryFolder { (folder) async throws in
      for name in ["acme", "globex"] {
        let source = ArchiveSource(apiHost: acme.apiHost, log: log(name))
        try await writeHistory(folder, source, settings: tableSettings)
      }
      return try tree(folder).filter { !$0.key.hasSuffix("/") }
    }
  }

  /// Gives `body` a table of two logs with six commits each. Commits 1, 2, 3 and 5 of `acme` are the versions 0 to 3, those of
  /// `globex` the versions 4 to 7.
  static func withTable(
    isolation: isolated (any Actor)? = #isolation, isDamaged: Bool = true,
    _ body: (ExampleArchive) async throws -> Void
  ) async throws {
    try await with(tableFiles, isDamaged: isDamaged, body)
  }

  /// A checkpoint of the versions before `end`.
  func makeCheckpoint(_ end: Int) throws -> TableCheckpoint {
    var snapshot = TableSnapshot()
    for number in 0..<end {
      let path = "parquet/\(TableLogFile.version(number).path)"
      try snapshot.apply(TableVersion(reading: bytes(path)), number: number)
    }
    return try TableCheckpoint(snapshot, at: 0, createdBy: "test version 1.0.0")
  }
}
