import AuditRecord
import Crypto

extension ArchiveStorage {
  /// How a sealed file differs, byte for byte, from the one that was put there; nil when it does not.
  func problem(of file: some SealedFile) async throws(ArchiveError) -> Finding.Problem? {
    if let problem = Finding.Problem(of: try await stored(await entry(file.path)), bytes: file.bytes) {
      return problem
    }
    let size = file.bytes
    var hash = SHA256()
    var offset = 0
    while offset < size {
      let bytes = try await stored(await read(file.path, at: offset))
      guard !bytes.isEmpty else { return .altered(.bytes(expected: file.bytes, found: offset)) }
      hash.update(bytes)
      offset += bytes.count
    }
    let found = hash.finalize().hex
    return found == file.sha256 ? nil : .altered(.sha256(expected: file.sha256, found: found))
  }
}

extension Finding.Problem {
  /// Of a sealed file, as far as a look at its name tells; nil for none. `found`: what stands there; nil for nothing.
  init?(of found: StoredFile?, bytes: Int, rows: Int? = nil) {
    switch found {
    case nil: self = .missing(rows: rows)
    case let found? where found.kind != .file: self = .irregular(found.kind)
    case let found? where found.size != bytes: self = .altered(.bytes(expected: bytes, found: found.size))
    default: return nil
    }
  }
}

/// In lower-case hex.
func sha256Hex(_ bytes: some Collection<UInt8>) -> String {
  var hash = SHA256()
  hash.update(Array(bytes))
  return hash.finalize().hex
}

extension SHA256 {
  fileprivate mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update(bufferPointer: $0) }
  }
}
