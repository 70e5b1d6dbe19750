import Foundation
import TestSupport
import Testing

/// Runs `body` with the path of a fresh folder, verifies the archives in it, and removes the folder.
///
/// - Parameter isDamaged: whether the test leaves an archive with findings, which is not verified.
func withTemporaryFolder<Result>(
  isolation: isolated (any Actor)? = #isolation, isDamaged: Bool = false,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: (String) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "audit-archive-\(UUID().uuidString)")
    .path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let result = try await body(folder)
  if !isDamaged { try await expectSoundArchives(below: folder, sourceLocation: sourceLocation) }
  return result
}

/// Every file below a folder with its bytes, and every empty folder as a name that ends in `/`.
func tree(_ folder: String) throws -> [String: Data] {
  var found: [String: Data] = [:]
  for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
    var isFolder: ObjCBool = false
    let full = "\(folder)/\(path)"
    guard FileManager.default.fileExists(atPath: full, isDirectory: &isFolder) else { continue }
    if !isFolder.boolValue {
      found[path] = try Data(contentsOf: URL(filePath: full))
      // Each run that opens the archive increments the generation.
      if path.hasSuffix("/lock"), let note = found[path] {
        found[path] = Data(
          String(decoding: note, as: UTF8.self).replacing(/"generation":\d+,/, with: "").utf8)
      }
    } else if try FileManager.default.contentsOfDirectory(atPath: full).isEmpty {
      found["\(path)/"] = Data()
    }
  }
  return found
}

func write(_ text: String, to path: String) throws {
  try FileManager.default.createDirectory(
    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
  try Data(text.utf8).write(to: URL(filePath: path))
}

func link(_ path: String, to target: String) throws {
  try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
}

/// Binds a Unix-domain socket at the path and leaves it there.
func bindSocket(_ path: String) throws {
  #if canImport(Darwin)
    let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
  #else
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  #endif
  defer { _ = close(descriptor) }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  let bytes = Array(path.utf8)
  try #require(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
  let status = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  try #require(status == 0)
}

func copy(_ folder: String, to other: String) throws {
  try FileManager.default.copyItem(atPath: folder, toPath: other)
}
