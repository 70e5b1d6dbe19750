import Platform

/// The version of this program, and the commit that it was built from.
package enum Version {
  /// The version in archives and requests: without the commit, so that an archive does not depend on the build.
  package static let text = "0.1.0"

  /// The version that `--version` prints. Scripts/release links the commit in; other builds have none.
  package static var withCommit: String {
    let commit = build_commit().map { String(cString: $0) }
    return "\(text) (\(commit.map { "commit \($0)" } ?? "development build"))"
  }
}
