import AuditRecord

/// What of a change is new to the archive.
extension ArchiveWriter {
  /// Whether this run signs and the newest commit is not signed: somebody who begins to sign wants to see a signature.
  func beginsSigning(after newest: Int) async throws(ArchiveError) -> Bool {
    guard settings.signingKey != nil else { return false }
    return try await stored(await storage.entry(paths.signature(newest))) == nil
  }

  /// The quarantine files that a replacement of `window` gives up.
  func lostQuarantine(
    in window: Window?, _ manifest: Manifest?, _ archiveState: ArchiveState
  ) async throws(ArchiveError) -> [QuarantineFile] {
    guard let window else { return [] }
    var lost: [QuarantineFile] = []
    for file in manifest?.quarantine ?? [] {
      guard try await storage.problem(of: file) != nil else { continue }
      var stored: Window?
      if let name = paths.quarantineName(file.path) { stored = await archiveState.runWindow(name.commit) }
      if stored.map(window.contains) ?? true { lost.append(file) }
    }
    return lost
  }

  /// Whether the archive already has a staged day: the same content in all its formats, in intact files.
  func isPresent(_ staged: StagedDay, in manifest: Manifest?) async throws(ArchiveError) -> Bool {
    guard let present = manifest?.partition(staged.day) else { return staged.rows == 0 }
    guard present.contentSHA256 == staged.contentSHA256, present.has(Set(staged.parts.map(\.format)))
    else { return false }
    return try await isIntact(staged.day)
  }
}
