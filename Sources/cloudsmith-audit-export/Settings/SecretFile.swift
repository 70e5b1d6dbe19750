#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that only its owner should be able to read.
struct SecretFile {
  let text: String
  /// A sentence when everybody on this machine may read the file; nil when not.
  let warning: String?

  /// - Parameter contents: what is in it, such as `the API key`.
  init(_ path: String, contents: String) throws(Failure) {
    do {
      text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
    } catch {
      throw .usage(
        """
        The file \(quoted(path)) with \(contents) cannot be read: check that it exists, is text, and that this user may \
        read it.
        """)
    }
    warning =
      SecretFile.isReadableByAll(path)
      ? """
      Every user of this machine can read \(contents) in \(quoted(path)): take that right away with chmod o= \(quoted(path)).
      """ : nil
  }

  private static func isReadableByAll(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IROTH != 0
  }
}
