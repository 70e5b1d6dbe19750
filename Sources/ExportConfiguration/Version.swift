import Platform

/// What this program is: its version, and the commit that it was built from.
package enum Version {
  /// As archives and requests name it: without the commit, so that an archive does not change with a build.
  package static let text = "0.1.0"

  /// As `--version` tells it. Scripts/release links the commit in; other builds have none.
  package static var withCommit: String {
    let commit = build_commit().map { String(cString: $0) }
    return "\(text) (\(commit.map { "commit \($0)" } ?? "development build"))"
  }
}
