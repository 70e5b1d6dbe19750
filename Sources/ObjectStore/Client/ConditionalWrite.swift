internal import AuditRecord

/// One conditional write, from its first request to an outcome that is certain, or to an error that says that it is not.
///
/// A decision without I/O: it takes verdicts and what was found at the key, and returns what to do next. A write whose answer was lost
/// may have been done, so its own effect can be what fails the condition of the next attempt. The object is therefore read before
/// anything is said, and before it is written again.
struct ConditionalWrite {
  enum Action: Hashable {
    case send
    /// The same request, with its ETag without quotes.
    case sendUnquoted
    /// Look at the key after a pause, to learn what the store holds.
    case look(after: TimeSpan)
    /// Pause, then send.
    case pause(TimeSpan)
    /// The store holds what was to be written.
    case done(etag: String?)
    case fail(StoreError)
  }

  /// What the key holds.
  enum Found: Hashable {
    /// What was to be written.
    case ours(etag: String?)
    case other(etag: String?)
    case nothing
    /// An object that cannot be compared, for example because the store dropped its hash.
    case unclear(String)
    /// The look failed, which another may not.
    case failed(StoreVerdict.Retryable)
    case refused(StoreError)
  }

  /// The error of this write, without a cause yet.
  private let blank: StoreError
  private let condition: StoreRequest.Condition?
  private let retry: StoreRetry

  /// Requests that failed.
  private var failures = 0
  /// Whether an attempt may have been done, or may still be done: a request can be on its way when its connection is gone.
  private var mayBeDone = false
  private var triedUnquoted = false
  /// The verdict that the next look is to explain.
  private var pending: StoreVerdict?

  init(_ request: StoreRequest, at endpoint: Endpoint, _ retry: StoreRetry) {
    blank = StoreError(request, at: endpoint)
    condition = request.condition
    self.retry = retry
  }

  /// - Parameter etag: of the answer, if it succeeded.
  mutating func next(after verdict: StoreVerdict, etag: String?) -> Action {
    switch verdict {
    case .done: return .done(etag: etag)
    case .exists, .changed, .missing, .noSuchUpload:
      pending = verdict
      return .look(after: .zero)
    case .outOfRange: return failed(blank)
    case .expiredToken(let error): return failed(error)
    case .refused(let error):
      // There was no answer that could be read, or nobody waited for it.
      mayBeDone = mayBeDone || error.kind.leavesWriteOpen
      return failed(error)
    case .retry(let reason):
      failures += 1
      pending = verdict
      mayBeDone = mayBeDone || reason.mayBeDone
      let pause = retry.pause(afterAttempt: failures, asked: reason.pause)
      if mayBeDone { return .look(after: pause) }
      return failures < retry.attempts ? .pause(pause) : failed(reason.error)
    }
  }

  mutating func next(after found: Found) -> Action {
    switch found {
    case .ours(let etag): return .done(etag: etag)
    case .failed(let reason):
      failures += 1
      guard failures < retry.attempts else { return failed(reason.error) }
      return .look(after: retry.pause(afterAttempt: failures, asked: reason.pause))
    case .refused(let error): return failed(error)
    case .unclear(let why):
      mayBeDone = true
      return failed(blank.with(.mismatch(why)))
    case .nothing, .other: return explained(found)
    }
  }

  /// The key holds nothing, or something else.
  private mutating func explained(_ found: Found) -> Action {
    let isPresent = found != .nothing
    switch pending {
    case .retry(let reason):
      switch condition {
      // The condition still holds, so the write was not done so far.
      case .absent where !isPresent, nil: return again(reason.error)
      case .etag(let expected) where isOther(found, expected): return again(reason.error)
      case .absent: return certain(.exists)
      case .etag: return certain(.changed)
      }
    case .exists:
      // It was deleted between the two requests, or the store answered from an old state.
      guard isPresent else { return counted(.exists) }
      return certain(.exists)
    case .changed, .missing:
      if case .etag(let expected) = condition, isOther(found, expected) {
        guard triedUnquoted else {
          triedUnquoted = true
          return .sendUnquoted
        }
        // The store says that its own ETag does not match.
        return certain(.unsupported)
      }
      return certain(.changed)
    case .noSuchUpload: return isPresent ? certain(.exists) : certain(.missing)
    default: return failed(blank)
    }
  }

  private func isOther(_ found: Found, _ etag: String) -> Bool { found == .other(etag: etag) }

  private func again(_ error: StoreError) -> Action { failures < retry.attempts ? .send : failed(error) }

  private mutating func counted(_ kind: StoreError.Kind) -> Action {
    failures += 1
    guard failures < retry.attempts else { return failed(blank.with(kind)) }
    return .pause(retry.pause(afterAttempt: failures))
  }

  /// The key was seen to hold something else, and the condition keeps a late request from changing that. An earlier attempt may have
  /// been done and then overwritten; objects that are only ever created are not overwritten.
  private func certain(_ kind: StoreError.Kind) -> Action {
    var error = counted(blank.with(kind))
    error.isOutcomeUnknown = mayBeDone && kind != .exists
    return .fail(error)
  }

  private func failed(_ error: StoreError) -> Action {
    var error = counted(error)
    error.isOutcomeUnknown = mayBeDone
    return .fail(error)
  }

  private func counted(_ error: StoreError) -> StoreError {
    var error = error
    // The look is another operation, but the write is what failed; except for permissions, which belong to the look.
    if error.kind != .denied { error.operation = blank.operation }
    error.attempts = max(failures, 1)
    return error
  }
}

extension StoreError.Kind {
  /// Whether a write that ended so may have been done.
  var leavesWriteOpen: Bool {
    switch self {
    case .cancelled, .tooLarge, .malformed: true
    default: false
    }
  }
}
