import AuditRecord

/// Checks a quarantine file: its name, its bytes and its number of lines.
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
      problems = try await QuarantineCheck.problems(of: file, storage, isQuick: isQuick)
    } catch {
      problems = [Finding.Problem(of: error, rows: nil)]
    }
    findings = problems.map { Finding($0, at: file.path, commit: name.commit) }
  }

  private static func problems(
    of file: QuarantineFile, _ storage: any ArchiveStorage, isQuick: Bool
  ) async throws(StorageError) -> [Finding.Problem] {
    let size = try await storage.size(file.path)
    if isQuick {
      guard let size else { return [.missing()] }
      return size == file.bytes ? [] : [.altered(.bytes(expected: file.bytes, found: size))]
    }
    if let size, size > file.bytes { return [.altered(.bytes(expected: file.bytes, found: size))] }
    var lines = 0
    let found = try await storage.digest(of: file.path, limit: file.bytes + 1) { bytes in
      lines += bytes.count { $0 == UInt8(ascii: "\n") }
    }
    if found.bytes > file.bytes { return [.altered(.bytes(expected: file.bytes, found: found.bytes))] }
    var problems: [Finding.Problem] = []
    if found.sha256 != file.sha256 {
      problems.append(.altered(file, bytes: found.bytes, sha256: found.sha256))
    } else if found.bytes != file.bytes {
      problems.append(.miscounted(.bytes, expected: file.bytes, found: found.bytes))
    }
    if lines != file.records {
      problems.append(.miscounted(.records, expected: file.records, found: lines))
    }
    return problems
  }
}
