package import AuditArchive
package import AuditRecord
internal import Crypto
package import HTTP
package import ObjectStore
import Synchronization

/// An archive in a bucket of an S3-compatible store.
///
/// Creates are `PUT` with `If-None-Match: *`, replacements with `If-Match`; a store that does not enforce both is refused before an archive
/// is made in it. One object holds the lease of a log.
///
/// While it holds the lease, the run reads each state object once, because no other run changes them. A run that has lost the lease
/// without knowing finds that its conditional writes fail.
package final class BucketStorage: ArchiveStorage {
  package let paths: ArchivePaths
  let bucket: Bucket
  private let reader: RangeReader
  private let scratchFolder: PrivateFolder
  private let scratch = Mutex<Scratch?>(nil)
  let state = Mutex(KnownState())
  /// The lease that this run holds.
  let lease = Mutex<BucketLease?>(nil)

  /// Sends nothing yet.
  ///
  /// - Parameters:
  ///   - prefix: of the archive in the bucket, such as `audit`; empty for the whole bucket. Without slashes at its ends.
  ///   - scratchFolder: a local folder that only runs of this log use. Each has its own folder in it.
  ///   - scratchFiles: the disk of that folder; nil for this machine's.
  ///   - encryption: of the objects that are written; nil leaves it to the bucket.
  ///   - clock: the clock of `client`.
  package init(
    _ client: StoreClient, prefix: String, paths: ArchivePaths, scratchFolder: String,
    scratchFiles: (any FileSystem)? = nil, encryption: ServerSideEncryption? = nil, clock: any RunClock
  ) {
    self.paths = paths
    self.scratchFolder = PrivateFolder(scratchFolder, scratchFiles)
    bucket = Bucket(
      client: client, prefix: prefix.isEmpty ? "" : prefix + "/", settings: .init(encryption: encryption),
      clock: clock)
    reader = RangeReader(bucket)
  }

  private init(_ other: BucketStorage, _ log: LogName) {
    paths = ArchivePaths(log)
    scratchFolder = other.scratchFolder
    bucket = other.bucket
    reader = RangeReader(bucket)
  }

  package func storage(of log: LogName) -> any ArchiveStorage { BucketStorage(self, log) }

  package var isLocal: Bool { false }
  package var outage: StorageError? { bucket.outages.first }
  package func name(of path: String) -> String { bucket.name(of: path) }

  // MARK: Location

  package func probeWriting() async throws(StorageError) -> WriteProbeResult {
    try scratchFolder.make()
    let scratch = WriteProbeResult.Property(
      name: "scratch folder \(scratchFolder.path)",
      warning: try scratchFolder.isInMemory()
        ? "it is a RAM disk, so that unfinished files take memory; pass a folder on a disk as --scratch-dir"
        : nil)
    return WriteProbeResult(
      folder: name(of: ""), lacksDurableNames: false, properties: try await probe() + [scratch])
  }

  /// The bucket is tested with the lease.
  package func checkWriting() async throws(StorageError) { try scratchFolder.make() }

  /// The space for unfinished files. A bucket has no limit.
  package func space() async throws(StorageError) -> DiskSpace? { try scratchFolder.space() }

  /// Tests the store. Throws `.unusable` for a property that it lacks.
  private func probe() async throws(StorageError) -> [WriteProbeResult.Property] {
    // Hive keys hold `=`, and names that begin with `_` or `.` are no data to readers of tables.
    let began = bucket.now.microseconds / 1_000_000
    let folder = "\(BucketStorage.probes)\(began)-\(UInt32.random(in: .min ... .max))/organization=x/"
    let probe = StoreProbe(bucket.client, prefix: bucket.key(folder), bucket.settings)
    let findings = try await bucket.call(.create, folder) { (_) throws(StoreError) in try await probe.run() }
    try await deleteProbes(before: began - 300)
    return try findings.map { (finding) throws(StorageError) in
      switch finding.result {
      case .holds: return .init(name: finding.property.rawValue, warning: nil)
      case .warning(let text): return .init(name: finding.property.rawValue, warning: text)
      case .fails(let why):
        throw BucketStorage.unusable(name(of: folder), "'\(finding.property.rawValue)' failed: \(why)")
      }
    }
  }

  private static let probes = "_manifest/.probe-"

  /// Deletes what killed probes left. A probe takes seconds.
  private func deleteProbes(before time: Int64) async throws(StorageError) {
    let (probes, key) = (BucketStorage.probes, bucket.key(BucketStorage.probes))
    let found = try await bucket.call(.list, probes) { (client) throws(StoreError) in
      try await client.listAll(prefix: key)
    }
    try await delete(
      found.map { BucketStorage.probes + $0.key.dropFirst(key.count) }.filter { path in
        let digits = path.dropFirst(probes.count).prefix { $0 != "-" }
        return Int64(digits).map { $0 < time } ?? false
      })
  }

  private static func unusable(_ path: String, _ why: String) -> StorageError {
    var error = StorageError(operation: .create, path: path, reason: .unusable, detail: why)
    error.cure = """
      Keep the archive in a store with conditional writes (If-None-Match and If-Match), or in a folder: without them, two runs could \
      overwrite each other's commits.
      """
    return error
  }

  // MARK: Writing

  package func makeScratch(undeleted: @escaping @Sendable (StorageError) -> Void) async throws(StorageError)
    -> Scratch
  {
    let made = try scratchFolder.scratch(undeleted: undeleted)
    scratch.withLock { $0 = made }
    return made
  }

  package func put(_ files: [(file: ScratchFile, path: String)]) async throws(StorageError) {
    guard let scratch = scratch.withLock(\.self) else {
      preconditionFailure("files are put by the run that made them")
    }
    let upload = PartUpload(bucket, paths, scratch)
    do throws(StorageError) {
      try await upload.put(files)
    } catch {
      // A request that is still on its way can put the file later.
      await noteUncertainty(error)
      throw error
    }
    for (file, path) in files {
      scratch.discard(file)
      await reader.forget(path)
    }
  }

  /// Leaves the lease to expire if the outcome of a request is not known: then the next run begins with a fence.
  private func noteUncertainty(_ error: StorageError) async {
    guard [.unreachable, .interrupted].contains(error.reason) else { return }
    await lease.withLock(\.self)?.noteUncertainty()
  }

  package func create(_ path: String, _ bytes: [UInt8]) async throws(StorageError) {
    state.withLock { $0.forget(path) }
    let written: FileState
    do {
      written = try await bucket.write(path, bytes, since: .absent, .create)
    } catch {
      // A request that is still on its way can make the commit later.
      if paths.commitNumber(path) != nil, error.reason != .exists {
        await lease.withLock(\.self)?.noteUncertainty()
      }
      throw error
    }
    state.withLock { $0.note(path, bytes, written) }
  }

  @discardableResult
  package func replace(
    _ path: String, _ bytes: [UInt8], since seen: FileState
  ) async throws(StorageError) -> FileState {
    state.withLock { $0.forget(path) }
    let written = try await bucket.write(path, bytes, since: seen, .write)
    state.withLock { $0.note(path, bytes, written) }
    return written
  }

  /// Eight at a time. Tries all, then throws the first failure. Throws `.outrun`, and deletes nothing more, if this run has lost its
  /// lease.
  package func delete(_ paths: [String]) async throws(StorageError) {
    let bucket = bucket.with(.tidying)
    for path in paths { await reader.forget(path) }
    let results = await inParallel(paths, atOnce: 8) { [self] path in
      do throws(StorageError) {
        try await checkLease()
        try await bucket.call(.delete, path) { (client) throws(StoreError) in
          try await client.delete(bucket.key(path))
        }
        state.withLock { $0.noteAbsent(path) }
        return StorageError?.none
      } catch {
        state.withLock { $0.forget(path) }
        // A request that is still on its way can delete what a later run puts there.
        await noteUncertainty(error)
        return error
      }
    }
    if let failure = results.compactMap(\.self).first { throw failure }
  }

  /// Drops uploads of these files only: the bucket may hold uploads of others.
  package func dropUploads(of paths: [String]) async throws(StorageError) {
    let bucket = bucket.with(.tidying)
    let keys = Set(paths.map { bucket.key($0) })
    // One listing for each folder of parts; the prefix of all keys of a folder.
    for folder in Set(paths.map { $0.prefix { $0 != "/" } }).sorted() {
      let path = String(folder)
      let prefix = bucket.key(path + "/")
      let uploads = try await bucket.call(.list, path) { (client) throws(StoreError) in
        try await client.uploads(prefix: prefix)
      }
      for upload in uploads where keys.contains(upload.key) {
        try await checkLease()
        try await bucket.call(.delete, path) { (client) throws(StoreError) in
          try await client.abortUpload(upload.key, upload: upload.id)
        }
      }
    }
  }

  // MARK: Reading

  package func read(_ path: String) async throws(StorageError) -> (bytes: [UInt8], state: FileState)? {
    switch try await known(path) {
    case .present(let bytes, let version): return (bytes, version)
    case .absent: return nil
    case nil: break
    }
    let found = try await bucket.read(path, limit: paths.sizeLimit(of: path))
    state.withLock { state in
      if let found { state.note(path, found.bytes, found.state) } else { state.noteAbsent(path) }
    }
    return found
  }

  package func read(_ path: String, at offset: Int) async throws(StorageError) -> [UInt8] {
    try await reader.read(path, at: offset)
  }

  package func read(_ path: String, at offset: Int, count: Int) async throws(StorageError) -> [UInt8] {
    try await reader.read(path, at: offset, count: count)
  }

  package func announce(_ paths: [String], readers: Int) async {
    await reader.announce(paths, readers: readers)
  }

  package func entry(_ path: String) async throws(StorageError) -> StoredFile? {
    switch try await known(path) {
    case .present(let bytes, _): return StoredFile(path: path, size: bytes.count)
    case .absent: return nil
    case nil: break
    }
    let isLeased = state.withLock(\.isLeased)
    // A run that holds the lease reads the state next.
    if isLeased, path == paths.manifest {
      return try await read(path).map { StoredFile(path: path, size: $0.bytes.count) }
    }
    if let info = await reader.info(path, isReadNow: !isLeased) {
      return StoredFile(path: path, size: info.size, sha256: info.sha256)
    }
    let info = try await bucket.call(.inspect, path) { [bucket] (client) throws(StoreError) in
      try await client.head(bucket.key(path))
    }
    return info.map { StoredFile(path: path, size: $0.size, sha256: $0.sha256) }
  }

  package func list(
    _ folder: String, after path: String?, isDeep: Bool
  ) async throws(StorageError) -> [StoredFile] {
    let prefix = bucket.key(folder + "/")
    let objects = try await bucket.call(.list, folder) { [bucket] (client) throws(StoreError) in
      try await client.listAll(
        prefix: prefix, after: path.map { bucket.key($0) }, delimiter: isDeep ? nil : "/")
    }
    return objects.map { StoredFile(path: String($0.key.dropFirst(bucket.prefix.count)), size: $0.size) }
  }

  /// A state object as this run knows it, while the lease is held; nil if it has to be requested.
  private func known(_ path: String) async throws(StorageError) -> KnownState.Object? {
    if let object = state.withLock({ $0[path] }) { return object }
    // After the newest commit a run looks for the next one, its signature and an intent. One listing answers all of these.
    guard let number = paths.commitNumber(path),
      state.withLock({ $0.mayList(after: number > 1 ? paths.commit(number - 1) : nil) })
    else { return nil }
    let last = number > 1 ? paths.commit(number - 1) : nil
    let page = try await bucket.call(.list, paths.state) { [bucket, paths] (client) throws(StoreError) in
      try await client.list(prefix: bucket.key(paths.state + "/"), after: last.map { bucket.key($0) })
    }
    guard page.continuation == nil else { return nil }
    return state.withLock { state in
      state.list(
        paths.state, after: last, page.objects.map { String($0.key.dropFirst(bucket.prefix.count)) })
      return state[path]
    }
  }

  // MARK: Lease

  package func takeLease(
    _ holder: LockHolder, observe: @escaping @Sendable (LeaseEvent) -> Void
  ) async throws(StorageError) -> LeaseAnswer {
    let lock = LockObject(bucket: bucket, path: paths.lock)
    var claim = LeaseClaim(owner: BucketStorage.newOwner(), holder: holder)
    var rounds = 0
    while true {
      switch claim.next {
      case .read, .wait:
        rounds += 1
        // Others are faster every time, so somebody is at work.
        if rounds > 16 { return .held(nil) }
        if case .wait(let span, let expired) = claim.next {
          observe(.waiting(expired))
          do {
            try await bucket.clock.sleep(for: span)
          } catch {
            throw lock.error(
              .interrupted, "another run has not released it, and the wait for it was interrupted")
          }
        }
        let found = try await lock.with(.cancellable).read()
        // Where there is no archive yet, the store has to prove that it can hold one.
        if rounds == 1, found == nil, try await read(ArchivePaths.kind) == nil { _ = try await probe() }
        let hasState = found == nil ? try await hasState() : true
        claim.found(found?.bytes, found?.state ?? .absent, hasState: hasState, now: bucket.now)
      case .held(let other): return .held(other)
      case .write(let record, let seen, let isTakeover):
        let sentAt = bucket.clock.elapsed
        do {
          let written = try await lock.write(record, since: seen)
          let lease = BucketLease(
            record, written, isTakeover: isTakeover, sentAt: sentAt, lock: lock, clock: bucket.clock,
            lost: { [self] in
              state.withLock { $0 = KnownState() }
              observe(.lost)
            })
          try await checkConditions(record, lease)
          state.withLock { $0.beginLease() }
          self.lease.withLock { $0 = lease }
          await lease.keepRenewing()
          return .taken(Leased(lease: lease, state: self))
        } catch let error where error.reason == .outrun {
          claim.wasOutrun()
        }
      }
    }
  }

  /// Whether the log has a state. Only for a lock that is missing.
  private func hasState() async throws(StorageError) -> Bool {
    for path in [paths.manifest, paths.commit(1), paths.intent] {
      if try await entry(path) != nil { return true }
    }
    return false
  }

  /// A store that enforced conditions earlier may no longer do so, for example behind another gateway.
  private func checkConditions(_ record: LeaseRecord, _ lease: BucketLease) async throws(StorageError) {
    let isEnforced: Bool
    do throws(StorageError) {
      isEnforced = try await bucket.call(.lock, paths.lock) { [bucket, paths] (client) throws(StoreError) in
        try await StoreProbe.refusesCreate(
          client, bucket.key(paths.lock), record.bytes, bucket.settings)
      }
    } catch {
      do throws(StorageError) { try await lease.release() } catch {}  // it expires
      throw error
    }
    guard isEnforced else {
      do throws(StorageError) { try await lease.release() } catch {}  // it expires
      throw BucketStorage.unusable(
        name(of: paths.lock), "the store ignores If-None-Match and overwrites objects")
    }
  }

  /// The name of the folder for a log's unfinished files: the same for each of its runs, so that a run can clean up after the one before.
  package static func scratchName(
    _ client: StoreClient, _ address: BucketAddress, _ paths: ArchivePaths
  ) -> String {
    let text = "\(client.endpoint.name) \(address) \(paths.log)"
    return String(SHA256.hash(data: Array(text.utf8)).hex.prefix(16))
  }

  private static func newOwner() -> String {
    let digits = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }
    return digits.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
  }
}
