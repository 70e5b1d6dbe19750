import Foundation
import Testing

/// A temporary folder of one test.
package struct Folder: Sendable {
  package let path: String

  /// Names a folder that exists.
  package init(path: String) { self.path = path }

  /// Makes a folder, gives it to `body` and removes it.
  package static func with<Result>(_ body: (Folder) throws -> Result) throws -> Result {
    let folder = try make()
    defer { folder.remove() }
    return try body(folder)
  }

  /// The same for a body that waits.
  package static func with<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (Folder) async throws -> Result
  ) async throws -> Result {
    let folder = try make()
    defer { folder.remove() }
    return try await body(folder)
  }

  /// Makes a folder that the caller removes with `remove`.
  package static func make() throws -> Folder {
    let folder = Folder(path: NSTemporaryDirectory() + "audit-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    return folder
  }

  /// Removes the folder with all that is in it. A failure is an issue of the running test.
  package func remove() {
    do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
  }

  /// Writes a file that only its owner can read, and the folders above it.
  ///
  /// - Returns: the path of the file.
  @discardableResult
  package func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// The same for bytes.
  @discardableResult
  package func write(_ bytes: some Collection<UInt8>, to name: String) throws -> String {
    let url = URL(filePath: path).appending(path: name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
    return url.path
  }
}
