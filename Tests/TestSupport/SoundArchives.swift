import AuditArchive
package import AuditRecord
import Foundation
package import Testing

/// Verifies every archive at or below a folder. Tests that write archives call it at their end.
package func expectSoundArchives(
  below folder: String, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  for (root, log) in archives(below: folder) {
    let findings = try await Archive(at: root, log: log).verify()?.findings ?? []
    #expect(findings.isEmpty, "\(root): \(findings)", sourceLocation: sourceLocation)
  }
}

/// The archives at or below a folder, each with the logs that have a commit there.
package func archives(below folder: String) -> [(root: String, log: LogName)] {
  guard let paths = FileManager.default.enumerator(atPath: folder) else { return [] }
  return paths.compactMap { path in
    guard let match = "\(path)".wholeMatch(of: #/(?:(.+)/)?_manifest/(.+)/commits/0*1\.json/#),
      let log = LogName(String(match.output.2))
    else { return nil }
    return (match.output.1.map { "\(folder)/\($0)" } ?? folder, log)
  }
}
