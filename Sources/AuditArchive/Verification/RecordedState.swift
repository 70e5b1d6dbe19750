import AuditRecord

/// Which records a log has at one instant: the manifest as it stands, and the numbers of the commits that are to be read.
struct RecordedState {
  /// nil when there is none, or none that can be read.
  private(set) var manifest: RecordedManifest?
  /// Of a run that is at work, or was killed.
  private(set) var intent: Intent?
  /// Where the verification begins; nil: with the first commit.
  private(set) var base: ChainBase?
  /// Of the commit records after `base`, in order. Some may be missing where there is a base.
  private(set) var numbers: [Int] = []
  private(set) var findings: [Finding] = []
  private var hasManifest = false

  /// Whether nothing was ever committed, as far as can be seen.
  var isEmpty: Bool { !hasManifest && numbers.isEmpty }

  /// A run that goes on commits, and then replaces the manifest: in between the manifest is one behind, and is looked at again.
  ///
  /// Throws what keeps everything from being read.
  static func read(
    _ storage: any ArchiveStorage, _ settings: VerificationSettings, looks: Int, _ patience: () -> Void
  ) async throws(ArchiveError) -> RecordedState {
    var state = try await RecordedState(storage, settings)
    for _ in 1..<looks where state.isBehind {
      patience()
      state = try await RecordedState(storage, settings)
    }
    if !state.hasManifest, let newest = state.numbers.last, newest > 1 {
      state.findings.append(Finding(.missing(), at: storage.paths.manifest))
    }
    return state
  }

  /// The manifest first: so every commit that it has is among the numbers.
  private init(
    _ storage: any ArchiveStorage, _ settings: VerificationSettings
  ) async throws(ArchiveError) {
    let paths = storage.paths
    do throws(ArchiveError) {
      if let bytes = try await stored(await storage.read(paths.manifest))?.bytes {
        hasManifest = true
        let recorded = try RecordedManifest(bytes, path: paths.manifest)
        let found = recorded.manifest.source.log
        if found == paths.log {
          manifest = recorded
        } else if found.isOtherSpelling(of: paths.log),
          try await !stored(await storage.isSpelledSo(paths.state))
        {
          throw ArchiveError.otherSpelling(found: found, asked: paths.log)
        } else {
          let flaw = Flaw.wrongManifest(member: "source", expected: "\(paths.log)", found: "\(found)")
          findings.append(Finding(flaw, at: paths.manifest))
        }
      }
    } catch {
      switch error {
      case .newerFormat, .otherSpelling: throw error
      case .storage(let error) where [.denied, .tooManyOpenFiles, .disconnected].contains(error.reason):
        throw .storage(error)
      default: findings.append(Finding(.unreadable(error.reason), at: paths.manifest))
      }
      hasManifest = true
    }
    do throws(ArchiveError) {
      intent = try await Opening(storage).intent()
    } catch {
      switch error {
      case .damaged(let finding): findings.append(finding)
      case .storage(let error) where ![.denied, .tooManyOpenFiles, .disconnected].contains(error.reason):
        let path = error.path.hasSuffix(paths.beginning) ? paths.beginning : paths.intent
        findings.append(Finding(.unreadable("\(error)"), at: path))
      default: throw error
      }
    }
    if let manifest = manifest?.manifest, let base = await ChainBase(manifest, settings, storage) {
      self.base = base
      numbers = Array(base.number + 1...(try await newest(from: manifest.commit, storage)))
    } else {
      numbers = try await stored(await storage.list(paths.commits)).compactMap { paths.commitNumber($0.path) }
        .sorted().filter { $0 < .max }
    }
  }

  /// The newest commit, looked for from the manifest's on; one that is missing between two is passed over.
  private func newest(from number: Int, _ storage: any ArchiveStorage) async throws(ArchiveError) -> Int {
    let paths = storage.paths
    var newest = number
    while true {
      if try await stored(await storage.entry(paths.commit(newest + 1))) != nil {
        newest += 1
      } else if try await stored(await storage.entry(paths.commit(newest + 2))) != nil {
        newest += 2
      } else {
        return newest
      }
    }
  }

  private var isBehind: Bool {
    guard let newest = numbers.last else { return false }
    return manifest.map { $0.manifest.commit < newest } ?? !hasManifest
  }
}

/// A manifest as it stands on disk.
struct RecordedManifest {
  let manifest: Manifest
  let bytes: [UInt8]

  /// Throws `.damaged` for bytes that readers do not read alike, and `.newerFormat`.
  init(_ bytes: [UInt8], path: String) throws(ArchiveError) {
    self.bytes = bytes
    manifest = try ArchiveJSON.decode(Manifest.self, from: bytes, path: path)
    do throws(JSONTreeError) {
      _ = try RecordText(bytes, expected: ArchiveJSON.encode(manifest))
    } catch {
      throw .unreadable(path, "\(error)")
    }
  }
}
