import AuditRecord
import Crypto

extension ArchiveStorage {
  /// Reads a file from its beginning and hashes it. Ends at the end of the file, or once `limit` bytes are read.
  func digest(
    of path: String, limit: Int, each: ([UInt8]) -> Void = { _ in }
  ) async throws(StorageError) -> (bytes: Int, sha256: String) {
    var hash = SHA256()
    var count = 0
    while count < limit {
      let bytes = try await read(path, at: count)
      guard !bytes.isEmpty else { break }
      count += bytes.count
      hash.update(data: bytes)
      each(bytes)
    }
    return (count, hash.finalize().hex)
  }

  /// How a sealed file differs from the one that was put in place, by its bytes; nil if it does not.
  func problem(of file: some SealedFile) async throws(ArchiveError) -> Finding.Problem? {
    let entry = try await stored(await entry(file.path))
    if let problem = Finding.Problem(of: entry, bytes: file.bytes) { return problem }
    let found = try await stored(await digest(of: file.path, limit: file.bytes))
    if found.bytes < file.bytes { return .altered(.bytes(expected: file.bytes, found: found.bytes)) }
    return found.sha256 == file.sha256
      ? nil : .altered(.sha256(expected: file.sha256, found: found.sha256))
  }
}

extension Finding.Problem {
  /// How the entry of a sealed file differs, by kind and size; nil if it does not. `found`: nil if nothing is there.
  init?(of found: StoredFile?, bytes: Int, rows: Int? = nil) {
    switch found {
    case nil: self = .missing(rows: rows)
    case let found? where found.kind != .file: self = .irregular(found.kind)
    case let found? where found.size != bytes: self = .altered(.bytes(expected: bytes, found: found.size))
    default: return nil
    }
  }

  /// A sealed file that could not be read. `rows`: nil for a quarantine file.
  init(of error: StorageError, rows: Int?) {
    switch error.reason {
    case .missing: self = .missing(rows: rows)
    // Not `unreadable`: exporting the day again does not help, because a run refuses the archive.
    case .symbolicLink: self = .irregular(.symbolicLink)
    default: self = .unreadable(error)
    }
  }

  /// How the bytes of a sealed file differ, by size or else by hash.
  static func altered(_ file: some SealedFile, bytes: Int, sha256: String) -> Finding.Problem {
    bytes == file.bytes
      ? .altered(.sha256(expected: file.sha256, found: sha256))
      : .altered(.bytes(expected: file.bytes, found: bytes))
  }
}
