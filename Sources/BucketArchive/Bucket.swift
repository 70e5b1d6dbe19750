import AuditArchive
import AuditRecord
import HTTP
import ObjectStore
import Synchronization

/// The objects below a prefix of a bucket, by their paths in the archive. Translates keys and errors, and shields calls.
///
/// The cancellation of a task does not end a call: a run that is stopped still commits what it received. Every call ends by itself, by
/// its time limit and the limit of attempts.
struct Bucket: Sendable {
  let client: StoreClient
  /// Empty, or ends with a slash.
  let prefix: String
  let settings: StoreRequest.ObjectSettings
  let clock: any RunClock
  let outages = Outages()

  /// The first call that did not reach the store, or that it would not serve.
  final class Outages: Sendable {
    private let state = Mutex<StorageError?>(nil)

    var first: StorageError? { state.withLock(\.self) }

    func note(_ error: StorageError) {
      guard [.unreachable, .throttled, .unusable].contains(error.reason) else { return }
      state.withLock { $0 = $0 ?? error }
    }
  }

  /// `s3://bucket/audit/csv/…`
  func name(of path: String) -> String { "s3://\(client.endpoint.bucket)/\(prefix)\(path)" }

  func key(_ path: String) -> String { prefix + path }

  /// By the store's clock, or ours while the store has not told its own.
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

  /// Makes a call that the cancellation of this task does not end, and translates its error.
  func call<Result: Sendable>(
    _ operation: StorageError.Operation, _ path: String,
    _ body: @Sendable @escaping (StoreClient) async throws(StoreError) -> Result
  ) async throws(StorageError) -> Result {
    let task = Task { [client] () -> Swift.Result<Result, StoreError> in
      do throws(StoreError) { return .success(try await body(client)) } catch { return .failure(error) }
    }
    do throws(StoreError) {
      return try await task.value.get()
    } catch {
      let error = StorageError(error, operation, name(of: path))
      outages.note(error)
      throw error
    }
  }
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
      case .unavailable, .conflict, .cancelled: .unreachable
      case .tooLarge: .oversized
      case .credentialsRefused, .noCredentials, .expiredToken, .wrongRegion, .noSuchBucket, .clockSkew,
        .certificate, .proxy, .unsupported:
        .unusable
      case .badDigest, .malformed, .mismatch, .refused: .other
      }
  }
}
