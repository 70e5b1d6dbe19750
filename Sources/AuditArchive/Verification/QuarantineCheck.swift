import AuditRecord
import Crypto

/// Checks one file of quarantined records: its name, its bytes, and its lines.
struct QuarantineCheck {
  private(set) var findings: [Finding] = []

  init(_ file: QuarantineFile, storage: any ArchiveStorage, isQuick: Bool) async {
    guard let name = storage.paths.quarantineName(file.path), name.hash == ArchivePaths.shortHash(file.sha256)
    else {
      findings.append(Finding(.misnamed(expected: nil), at: file.path))
      return
    }
    let problems: [Finding.Problem]
    do throws(StorageError) {
      problems =
        isQuick
        ? try await QuarantineCheck.sizeProblems(of: file, storage)
        : try await QuarantineCheck.problems(of: file, storage)
    } catch {
      problems =
        switch error.reason {
        case .missing: [.missing()]
        case .symbolicLink: [.irregular(.symbolicLink)]
        default: [.unreadable(error)]
        }
    }
    findings = problems.map { Finding($0, at: file.path, commit: name.commit) }
  }

  private static func sizeProblems(
    of file: QuarantineFile, _ storage: any ArchiveStorage
  ) async throws(StorageError) -> [Finding.Problem] {
    guard let size = try await storage.size(file.path) else { return [.missing()] }
    return size == file.bytes ? [] : [.altered(.bytes(expected: file.bytes, found: size))]
  }

  private static func problems(
    of file: QuarantineFile, _ storage: any ArchiveStorage
  ) async throws(StorageError) -> [Finding.Problem] {
    var hash = SHA256()
    var (bytes, lines) = (0, 0)
    if let size = try await storage.size(file.path), size > file.bytes {
      return [.altered(.bytes(expected: file.bytes, found: size))]
    }
    // No more than shows that it is longer than is recorded.
    while bytes <= file.bytes {
      let chunk = try await storage.read(file.path, at: bytes)
      guard !chunk.isEmpty else { break }
      bytes += chunk.count
      lines += chunk.count { $0 == UInt8(ascii: "\n") }
      hash.update(data: chunk)
    }
    if bytes > file.bytes { return [.altered(.bytes(expected: file.bytes, found: bytes))] }
    let sha256 = hash.finalize().hex
    var problems: [Finding.Problem] = []
    if sha256 != file.sha256 {
      problems.append(
        .altered(
          bytes == file.bytes
            ? .sha256(expected: file.sha256, found: sha256) : .bytes(expected: file.bytes, found: bytes)))
    } else if bytes != file.bytes {
      problems.append(.miscounted(.bytes, expected: file.bytes, found: bytes))
    }
    if lines != file.records {
      problems.append(.miscounted(.records, expected: file.records, found: lines))
    }
    return problems
  }
}
