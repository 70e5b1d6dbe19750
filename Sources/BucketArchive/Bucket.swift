import AuditArchive
import AuditRecord
import HTTP
import ObjectStore
import Synchronization

/// The objects below a prefix of a bucket, by their paths in the archive. Translates keys and errors.
///
/// The cancellation of a task does not end a call: a run that is stopped still commits what it received. Every call ends by itself, by
/// its time limit and the limit of attempts. `Patience` has the exceptions.
struct Bucket: Sendable {
  /// When a call gives up.
  enum Patience {
    /// After all attempts.
    case full
    /// Also when its task is cancelled.
    case cancellable
    /// After a minute. In a task that is cancelled, or if the call before did not reach the store: after one attempt, and after ten seconds
    /// for all such calls together. For work that the next run can do instead.
    case tidying
  }

  /// For a call that tidies: less than the time after which another run can take the lease.
  static let tidyingLimit = LeaseClaim.trusted

  let client: StoreClient
  /// Empty, or ends with a slash.
  let prefix: String
  let settings: StoreRequest.ObjectSettings
  let clock: any RunClock
  let outages = Outages()
  private var patience = Patience.full

  init(client: StoreClient, prefix: String, settings: StoreRequest.ObjectSettings, clock: any RunClock) {
    self.client = client
    self.prefix = prefix
    self.settings = settings
    self.clock = clock
  }

  func with(_ patience: Patience) -> Bucket {
    var bucket = self
    bucket.patience = patience
    return bucket
  }

  /// `s3://bucket/audit/csv/…`
  func name(of path: String) -> String { "s3://\(client.endpoint.bucket)/\(prefix)\(path)" }

  func key(_ path: String) -> String { prefix + path }

  /// By the store's clock; by the local clock until the store has reported its time.
  var now: Timestamp { client.storeTime ?? clock.now }

  // MARK: Small objects

  /// Reads a whole object; nil if there is none. Throws `.oversized` if it is larger than `limit` bytes.
  func read(_ path: String, limit: Int) async throws(StorageError) -> (bytes: [UInt8], state: FileState)? {
    // In pieces, so that each has a time limit that fits its size.
    let piece = 8 << 20
    guard let first = try await range(path, 0..<min(piece, limit + 1)) else { return nil }
    if first.info.etag.isEmpty { return try await readEmpty(path) }
    var bytes = first.bytes
    if first.info.size > limit {
      throw StorageError(
        operation: .read, path: name(of: path), reason: .oversized,
        detail: "it has \(first.info.size) bytes, but such a file of an archive has at most \(limit)")
    }
    while bytes.count < first.info.size {
      let next = bytes.count..<min(first.info.size, bytes.count + piece)
      guard let more = try await range(path, next, of: first.info.etag), !more.bytes.isEmpty else {
        throw StorageError(
          operation: .read, path: name(of: path), reason: .outrun, detail: "it changed while it was read")
      }
      bytes += more.bytes
    }
    return (bytes, .present(first.info.etag))
  }

  /// A range of an empty object does not exist.
  private func readEmpty(_ path: String) async throws(StorageError) -> (bytes: [UInt8], state: FileState)? {
    let object = try await call(.read, path) { (client) throws(StoreError) in
      try await client.get(key(path), limit: 0)
    }
    return object.map { ($0.bytes, .present($0.info.etag)) }
  }

  /// Reads a range; nil if there is no object.
  func range(_ path: String, _ range: Range<Int>, of etag: String? = nil) async throws(StorageError)
    -> ObjectContent?
  {
    try await call(.read, path) { (client) throws(StoreError) in
      try await client.get(key(path), range, of: etag)
    }
  }

  /// Writes an object of a few bytes. Throws `.outrun` if it has changed since `seen`, and `.exists` if there must be none.
  func write(
    _ path: String, _ bytes: [UInt8], since seen: FileState, _ operation: StorageError.Operation
  ) async throws(StorageError) -> FileState {
    let condition: StoreRequest.Condition =
      switch seen {
      case .absent: .absent
      case .present(let etag): .etag(etag)
      }
    var settings = settings
    settings.contentType = path.hasSuffix(".json") ? "application/json" : "application/octet-stream"
    do {
      return try await call(operation, path) { [settings] (client) throws(StoreError) in
        .present(try await client.put(key(path), bytes, settings, condition))
      }
    } catch let error where error.reason == .exists && operation != .create {
      throw error.with(.outrun)
    }
  }

  // MARK: Calls

  /// Makes a call, and translates its error. The cancellation of this task ends it only as `patience` says.
  func call<Result: Sendable>(
    _ operation: StorageError.Operation, _ path: String,
    _ body: @Sendable @escaping (StoreClient) async throws(StoreError) -> Result
  ) async throws(StorageError) -> Result {
    let limit = limit
    if let limit, limit.time <= .zero { throw silence(operation, path) }
    let client = limit?.isOneAttempt ?? false ? client.withoutRetries() : client
    let task = Task { () -> Swift.Result<Result, StoreError> in
      do throws(StoreError) { return .success(try await body(client)) } catch { return .failure(error) }
    }
    do throws(StoreError) {
      let result = try await end(of: task, within: limit).get()
      outages.noteAnswer()
      return result
    } catch {
      let isTooLate = error.kind == .cancelled && patience == .tidying
      let error = isTooLate ? silence(operation, path) : StorageError(error, operation, name(of: path))
      outages.note(error)
      throw error
    }
  }

  private func silence(_ operation: StorageError.Operation, _ path: String) -> StorageError {
    StorageError(
      operation: operation, path: name(of: path), reason: .unreachable,
      detail: "the store did not answer in time")
  }

  /// The time limit of a call, and whether it has only one attempt; nil for calls without such limits.
  private var limit: (time: TimeSpan, isOneAttempt: Bool)? {
    guard patience == .tidying else { return nil }
    let isEnding = Task.isCancelled || outages.isPresent
    return isEnding ? (outages.timeLeft, true) : (Bucket.tidyingLimit, false)
  }

  /// Waits for a task, and cancels it as `patience` says.
  func end<Result: Sendable>(of task: Task<Result, Never>) async -> Result {
    await end(of: task, within: limit)
  }

  private func end<Result: Sendable>(
    of task: Task<Result, Never>, within limit: (time: TimeSpan, isOneAttempt: Bool)?
  ) async -> Result {
    guard let limit else {
      guard patience == .cancellable else { return await task.value }
      return await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }
    }
    let began = clock.elapsed
    let timer = Task { [clock] in
      do { try await clock.sleep(for: limit.time) } catch { return }
      task.cancel()
    }
    let result = await task.value
    timer.cancel()
    if limit.isOneAttempt { outages.spend(clock.elapsed - began) }
    return result
  }
}

/// Records calls that did not reach the store, or that the store did not serve.
final class Outages: Sendable {
  /// The total time for tidying during an outage or after an interruption.
  static let limit = TimeSpan.seconds(10)

  private struct State {
    var first: StorageError?
    var isPresent = false
    var timeLeft = Outages.limit
  }

  private let state = Mutex(State())

  var first: StorageError? { state.withLock(\.first) }
  /// Whether the last call had no answer.
  var isPresent: Bool { state.withLock(\.isPresent) }
  var timeLeft: TimeSpan { state.withLock(\.timeLeft) }

  func note(_ error: StorageError) {
    guard [.unreachable, .throttled, .unusable, .untrusted].contains(error.reason) else {
      if error.reason != .interrupted { noteAnswer() }
      return
    }
    state.withLock { state in
      state.first = state.first ?? error
      state.isPresent = true
    }
  }

  /// The store is known not to answer, though no call has failed yet.
  func noteSilence() { state.withLock { $0.isPresent = true } }

  func noteAnswer() { state.withLock { ($0.isPresent, $0.timeLeft) = (false, Outages.limit) } }

  func spend(_ time: TimeSpan) { state.withLock { $0.timeLeft = max(.zero, $0.timeLeft - time) } }
}

extension StorageError {
  /// - Parameter path: as the user would write it.
  init(_ error: StoreError, _ operation: Operation, _ path: String) {
    self.init(
      operation: operation, path: path, reason: Reason(error.kind),
      detail: error.why + (error.isOutcomeUnknown ? ". It is not known whether the write was done" : ""))
    cure = error.cure
  }
}

extension StorageError.Reason {
  fileprivate init(_ kind: StoreError.Kind) {
    self =
      switch kind {
      case .exists: .exists
      case .changed: .outrun
      case .missing: .missing
      case .denied: .denied
      case .throttled: .throttled
      case .unavailable, .conflict: .unreachable
      case .noCredentials(let error):
        error.isTemporary ? .unreachable : error.isCertificate ? .untrusted : .unusable
      case .certificate: .untrusted
      case .cancelled: .interrupted
      case .tooLarge: .oversized
      case .credentialsRefused, .expiredToken, .wrongRegion, .noSuchBucket, .clockSkew, .proxy,
        .unsupported:
        .unusable
      case .badDigest, .malformed, .mismatch, .refused: .other
      }
  }
}
