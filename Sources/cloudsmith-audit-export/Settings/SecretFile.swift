import AuditRecord
import Platform

/// A file that only its owner should be able to read.
struct SecretFile: Sendable {
  let text: String
  /// A sentence when everybody on this machine may read the file; nil when not.
  let warning: String?

  /// - Parameters:
  ///   - path: `-` and `/dev/stdin` are what is piped in, which is read once however often it is named.
  ///   - contents: what is in it, such as `the API key`.
  init(_ path: String, contents: String) throws(Failure) {
    if path == "-" || path == "/dev/stdin" {
      text = try SmallFile.standardInput(contents: contents)
      warning = nil
      return
    }
    text = try SmallFile.text(of: path, contents: contents)
    warning =
      SecretFile.isReadableByAll(path)
      ? """
      Every user of this machine can read \(contents) in \(quoted(path)): take that right away with chmod o= \(quoted(path)).
      """ : nil
  }

  private static func isReadableByAll(_ path: String) -> Bool {
    var status = stat()
    // What is read once, such as a pipe of the shell's, lies open to nobody.
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_mode & S_IROTH != 0
  }
}
