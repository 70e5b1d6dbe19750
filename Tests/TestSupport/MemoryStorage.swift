package import AuditArchive
package import AuditRecord
import Synchronization

/// A bucket in memory: paths and bytes, without folders and file locks. Calls can fail in the ways of a remote store.
///
/// Its content outlives the processes that use it, including the lease: an unreleased lease can be taken over after it has expired.
package final class MemoryBucket: Sendable {
  /// How a call fails.
  package enum Fault: Sendable, CaseIterable {
    /// The work is not done, and there is no answer.
    case lostRequest
    /// The work is done, and there is no answer.
    case lostAnswer
    /// The work is not done.
    case throttled
    /// Other tasks run first.
    case delay
    /// The process dies before or after the work; all later calls fail too, until `restart`.
    case deathBefore, deathAfter
  }

  fileprivate struct File {
    var bytes: [UInt8]
    var version: Int
    var sha256: String?
  }

  fileprivate struct LeaseRecord {
    var generation: Int
    var holder: LockHolder?
    var isReleased = false
    var isExpired = false
    var lost: @Sendable () -> Void = {}
  }

  fileprivate struct State {
    var files: [String: File] = [:]
    var version = 0
    var lease: LeaseRecord?
    var calls = 0
    var fault: (number: Int, fault: Fault)?
    /// One in this many calls fails; nil means none.
    var chance: Int?
    var random = SeededRandom(seed: 0)
    var isDead = false
    var hasFailed = false
    var record: [String]?
    /// Work of other processes before the next call whose description starts like this.
    var meanwhile: (call: String, body: @Sendable () async -> Void)?
  }

  fileprivate let state = Mutex(State())

  package init() {}

  /// A copy of the files, without the lease.
  package init(copyOf other: MemoryBucket) {
    let (files, version) = other.state.withLock { ($0.files, $0.version) }
    state.withLock { ($0.files, $0.version) = (files, version) }
  }

  // MARK: Faults

  /// Makes the n-th call from now, counted from 1, fail.
  package func fail(at number: Int, _ fault: Fault) {
    state.withLock { $0.fault = ($0.calls + number, fault) }
  }

  /// From now on one in `chance` calls fails, without killing the process.
  package func failSometimes(oneIn chance: Int?, _ random: SeededRandom) {
    state.withLock { ($0.chance, $0.random) = (chance, random) }
  }

  /// Starts a new process; the lease of the previous one has expired.
  package func restart() {
    state.withLock { state in
      (state.isDead, state.hasFailed, state.fault, state.chance) = (false, false, nil, nil)
      state.lease?.isExpired = true
    }
  }

  /// Runs `body` just before the next call with that description, such as `create _manifest/…`.
  package func meanwhile(before call: String, _ body: @escaping @Sendable () async -> Void) {
    state.withLock { $0.meanwhile = (call, body) }
  }

  /// Lets the lease expire.
  package func expireLease() { state.withLock { $0.lease?.isExpired = true } }

  /// Lets another process take the lease and die.
  package func loseLease() {
    let lost = state.withLock { state -> (@Sendable () -> Void)? in
      guard let lease = state.lease, !lease.isReleased else { return nil }
      state.lease?.generation += 1
      state.lease?.isExpired = true
      return lease.lost
    }
    lost?()
  }

  /// Whether a call has failed visibly since the last restart.
  package var hasFailed: Bool { state.withLock(\.hasFailed) }

  /// Records calls from now on, such as `create _manifest/…`.
  package func startRecording() { state.withLock { $0.record = [] } }
  /// The recorded calls; empty without a recording.
  package var calls: [String] { state.withLock { $0.record ?? [] } }

  // MARK: Content

  /// The bytes of a file; nil if it does not exist.
  package func contents(of path: String) -> [UInt8]? { state.withLock { $0.files[path]?.bytes } }

  /// Replaces a file or, with nil, removes it.
  package func setContents(of path: String, _ bytes: [UInt8]?) {
    state.withLock { state in
      state.version += 1
      state.files[path] = bytes.map { File(bytes: $0, version: state.version) }
    }
  }

  /// The paths of all files, sorted.
  package var paths: [String] { state.withLock { $0.files.keys.sorted() } }
}

/// The archive of a log in a bucket in memory, as one process sees it.
package struct MemoryStorage: ArchiveStorage {
  package let paths: ArchivePaths
  private let bucket: MemoryBucket
  private let scratch: FaultyFileSystem

  package init(_ bucket: MemoryBucket, _ paths: ArchivePaths) {
    self.bucket = bucket
    self.paths = paths
    scratch = FaultyFileSystem(folder: "/scratch")
  }

  package func storage(of log: LogName) -> any ArchiveStorage { MemoryStorage(bucket, ArchivePaths(log)) }

  /// Runs a call, with the fault that is due.
  private func call<Result: Sendable>(
    _ operation: StorageError.Operation, _ path: String,
    _ body: (inout MemoryBucket.State) throws(StorageError) -> Result
  ) async throws(StorageError) -> Result {
    let description = "\(operation) \(path)"
    let others = bucket.state.withLock { state -> (@Sendable () async -> Void)? in
      guard let meanwhile = state.meanwhile, description.hasPrefix(meanwhile.call) else { return nil }
      state.meanwhile = nil
      return meanwhile.body
    }
    await others?()
    let fault = bucket.state.withLock { state in
      state.calls += 1
      state.record?.append(description)
      return state.nextFault()
    }
    let unreachable = StorageError(
      operation: operation, path: path, reason: .unreachable, detail: "simulated: no answer")
    switch fault {
    case .lostRequest, .deathBefore: throw unreachable
    case .throttled:
      throw StorageError(
        operation: operation, path: path, reason: .throttled, detail: "simulated: slow down")
    case .delay: for _ in 0..<10 { await Task.yield() }
    case .lostAnswer, .deathAfter, nil: break
    }
    let result = try bucket.state.withLock { (state) throws(StorageError) in try body(&state) }
    if fault == .lostAnswer || fault == .deathAfter { throw unreachable }
    return result
  }

  package func checkPlace() async throws(StorageError) {}
  package func probeWriting() async throws(StorageError) -> WriteProbeResult {
    WriteProbeResult(folder: "memory", lacksDurableNames: false)
  }

  package func makeScratch(undeleted: @escaping @Sendable (StorageError) -> Void) async -> Scratch {
    Scratch(in: DiskPath("/scratch"), fileSystem: scratch, undeleted: undeleted)
  }

  package func put(_ files: [(file: ScratchFile, path: String)]) async throws(StorageError) {
    let scratch = await makeScratch { _ in }
    for (file, path) in files {
      var bytes: [UInt8] = []
      while case let more = try scratch.read(file, at: bytes.count, count: 1 << 20), !more.isEmpty {
        bytes += more
      }
      try await call(.create, path) { [bytes] (state) throws(StorageError) in
        try state.create(path, bytes, sha256: TestSupport.sha256(bytes))
      }
    }
  }

  package func create(_ path: String, _ bytes: [UInt8]) async throws(StorageError) {
    try await call(.create, path) { (state) throws(StorageError) in try state.create(path, bytes) }
  }

  package func replace(
    _ path: String, _ bytes: [UInt8], since seen: FileState
  ) async throws(StorageError) -> FileState {
    try await call(.write, path) { (state) throws(StorageError) in
      if state.file(path) != seen {
        guard state.files[path]?.bytes == bytes else {
          throw StorageError(
            operation: .write, path: path, reason: .outrun, detail: "somebody else has changed it")
        }
        return state.file(path)
      }
      state.version += 1
      state.files[path] = MemoryBucket.File(bytes: bytes, version: state.version)
      return state.file(path)
    }
  }

  package func delete(_ paths: [String]) async throws(StorageError) {
    for path in paths { try await call(.delete, path) { $0.files[path] = nil } }
  }

  package func read(_ path: String) async throws(StorageError) -> (bytes: [UInt8], state: FileState)? {
    try await call(.read, path) { state in state.files[path].map { ($0.bytes, state.file(path)) } }
  }

  /// Returns a varying number of bytes.
  package func read(_ path: String, at offset: Int) async throws(StorageError) -> [UInt8] {
    try await read(path, at: offset, count: 1 + (offset &* 7 &+ 4_001) % 9_000)
  }

  package func read(_ path: String, at offset: Int, count: Int) async throws(StorageError) -> [UInt8] {
    try await call(.read, path) { (state) throws(StorageError) in
      guard let file = state.files[path] else {
        throw StorageError(operation: .read, path: path, reason: .missing, detail: "no such key")
      }
      return Array(file.bytes.dropFirst(offset).prefix(count))
    }
  }

  package func entry(_ path: String) async throws(StorageError) -> StoredFile? {
    try await call(.inspect, path) { state in
      state.files[path].map { StoredFile(path: path, size: $0.bytes.count, sha256: $0.sha256) }
    }
  }

  package func list(
    _ folder: String, after first: String?, isDeep: Bool
  ) async throws(StorageError) -> [StoredFile] {
    try await call(.list, folder) { state in
      state.files.compactMap { path, file in
        guard path.hasPrefix("\(folder)/") else { return nil }
        if let first, !first.utf8.lexicographicallyPrecedes(path.utf8) { return nil }
        if !isDeep, path.dropFirst(folder.count + 1).contains("/") { return nil }
        return StoredFile(path: path, size: file.bytes.count)
      }
    }
  }

  // MARK: Lease

  package func takeLease(
    _ holder: LockHolder, observe: @escaping @Sendable (LeaseEvent) -> Void
  ) async throws(StorageError) -> LeaseAnswer {
    let (answer, loser) = try await call(.lock, paths.lock) {
      state -> (LeaseAnswer, (@Sendable () -> Void)?) in
      let before = state.lease
      if let before, !before.isReleased, !before.isExpired { return (.held(before.holder), nil) }
      let isTakeover = before.map { !$0.isReleased } ?? false
      let generation = (before?.generation ?? 0) + 1
      state.lease = MemoryBucket.LeaseRecord(generation: generation, holder: holder) { observe(.lost) }
      let lease = MemoryLease(storage: self, generation: generation, isTakeover: isTakeover)
      return (.taken(lease), isTakeover ? before?.lost : nil)
    }
    loser?()
    return answer
  }

  package func leaseState() async throws(StorageError) -> LeaseState {
    try await call(.lock, paths.lock) { state in
      guard let lease = state.lease else { return .never }
      return lease.isReleased || lease.isExpired ? .free : .held(lease.holder)
    }
  }

  fileprivate func isHeld(_ generation: Int) async throws(StorageError) -> Bool {
    try await call(.inspect, paths.lock) { state in
      state.lease.map { $0.generation == generation && !$0.isReleased } ?? false
    }
  }

  fileprivate func release(_ generation: Int) async throws(StorageError) {
    try await call(.lock, paths.lock) { state in
      if state.lease?.generation == generation { state.lease?.isReleased = true }
    }
  }
}

private struct MemoryLease: Lease {
  let storage: MemoryStorage
  let generation: Int
  let isTakeover: Bool

  func isHeld() async throws(StorageError) -> Bool { try await storage.isHeld(generation) }

  var standing: LeaseStanding {
    get async {
      do throws(StorageError) {
        return try await isHeld() ? .held : .lost
      } catch {
        return .unknown
      }
    }
  }

  func release() async throws(StorageError) { try await storage.release(generation) }
  func noteFence() async {}
}

extension MemoryBucket.State {
  fileprivate func file(_ path: String) -> FileState {
    files[path].map { .present("\($0.version)") } ?? .absent
  }

  fileprivate mutating func create(
    _ path: String, _ bytes: [UInt8], sha256: String? = nil
  ) throws(StorageError) {
    if let file = files[path] {
      guard file.bytes == bytes else {
        throw StorageError(operation: .create, path: path, reason: .exists, detail: "it already exists")
      }
      return
    }
    version += 1
    files[path] = MemoryBucket.File(bytes: bytes, version: version, sha256: sha256)
  }

  fileprivate mutating func nextFault() -> MemoryBucket.Fault? {
    if isDead { return .deathBefore }
    var found: MemoryBucket.Fault?
    if let fault, fault.number == calls {
      found = fault.fault
    } else if let chance, random.once(in: chance) {
      found = random.pick([.lostRequest, .lostAnswer, .throttled, .delay])
    }
    if found == .deathBefore || found == .deathAfter { isDead = true }
    if let found, found != .delay { hasFailed = true }
    return found
  }
}
