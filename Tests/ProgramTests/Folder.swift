import Foundation

/// A folder of its own for one test, with files in it.
struct Folder {
  let path: String

  static func with<Result>(_ body: (Folder) throws -> Result) throws -> Result {
    let folder = Folder(path: NSTemporaryDirectory() + "audit-settings-" + UUID().uuidString)
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    return try body(folder)
  }

  /// Writes a file, and the folders above it; returns its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try write(Data(text.utf8), to: name)
  }

  @discardableResult
  func write(_ data: Data, to name: String) throws -> String {
    let url = URL(filePath: path).appending(path: name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: url)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
    return url.path
  }

  /// `status --settings` in this folder, as JSON: value and source by name.
  func settings(
    _ options: [String] = [], environment: [String: String] = [:]
  ) throws -> [String: (value: String?, source: String?)] {
    let result = try Program.exporter.run(
      ["status", "--settings", "--output-format", "json"] + options, environment: environment, in: path)
    let document = try result.json
    let first = (document["logs"] as? [[String: Any]])?.first ?? document
    let rows = first["settings"] as? [[String: Any]] ?? []
    return Dictionary(
      rows.map { row in
        (row["name"] as? String ?? "", (row["value"] as? String, row["source"] as? String))
      }, uniquingKeysWith: { $1 })
  }
}
