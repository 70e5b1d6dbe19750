package import AuditRecord
package import HTTP
internal import Synchronization

/// The objects of one bucket. It sends requests, repeats them, and says only what is certain.
///
/// Safe to call from several tasks at once. Every call throws `StoreError`; calls that write set its `isOutcomeUnknown`. One call sends
/// at most `StoreRetry.attempts` requests that fail, and those that look at what a lost answer left.
///
/// Keys are any text but those with an empty segment, `.` or `..` between slashes: some stores and clients rewrite these (SeaweedFS
/// makes `a//b` `a/b`). The caller keeps to that.
package final class StoreClient: Sendable {
  package let endpoint: Endpoint
  private let credentials: CredentialProvider
  private let transport: any HTTPTransport
  private let clock: any RunClock
  let retry: StoreRetry
  /// Whether the store wants ETags without quotes in `If-Match`.
  private let sendsPlainETags = Mutex(false)
  /// The `Date` of the latest answer that had one, and when it arrived.
  private let told = Mutex<(date: Timestamp, at: TimeSpan)?>(nil)

  /// Sends nothing yet.
  ///
  /// - Parameters:
  ///   - credentials: shared by the clients of a process, so that they are renewed once.
  ///   - clock: must be right to some minutes, because stores refuse signatures of another time.
  package init(
    endpoint: Endpoint, credentials: CredentialProvider, transport: any HTTPTransport,
    clock: any RunClock, retry: StoreRetry
  ) {
    self.endpoint = endpoint
    self.credentials = credentials
    self.transport = transport
    self.clock = clock
    self.retry = retry
  }

  /// The same store, for calls that are not worth a second attempt. Answers to it do not tell `storeTime`.
  package func withoutRetries() -> StoreClient {
    var once = retry
    once.attempts = 1
    return StoreClient(
      endpoint: endpoint, credentials: credentials, transport: transport, clock: clock, retry: once)
  }

  /// The present time by the store's clock, from the latest answer; nil if no answer told it. To the second.
  package var storeTime: Timestamp? { told.withLock(\.self).map { $0.date + (clock.elapsed - $0.at) } }

  // MARK: Requests

  /// A verdict with the answer that it is of; the answer is empty if there was none.
  struct Exchange: Sendable {
    var verdict: StoreVerdict
    var response = HTTPResponse(status: 0)

    /// As the store wrote it.
    var etag: String? { response.headers["ETag"] }
  }

  /// Sends a request once, and once more if its token had expired.
  func exchange(_ request: StoreRequest) async -> Exchange {
    do throws(CredentialError) {
      let current = try await credentials.credentials()
      let first = await explained(request, current)
      guard case .expiredToken = first.verdict else { return first }
      let renewed = try await credentials.renewed(after: current)
      guard renewed != current else { return first }
      return await explained(request, renewed)
    } catch {
      let kind: StoreError.Kind = error == .cancelled ? .cancelled : .noCredentials(error)
      return Exchange(verdict: .refused(StoreError(request, at: endpoint, kind)))
    }
  }

  /// A refused HEAD has no body that says why; a GET of one byte has.
  private func explained(_ request: StoreRequest, _ credentials: StoreCredentials) async -> Exchange {
    let answer = await sent(request, credentials)
    guard request.operation == .head, answer.response.status == 400 || answer.response.status == 403,
      let key = request.key
    else { return answer }
    let reason = await sent(.get(key, range: 0...0, limit: 1), credentials)
    switch (reason.verdict, answer.verdict) {
    case (.expiredToken, _), (.retry, _), (.refused, _): return reason
    case (_, .refused(let error)):
      // It is granted now, so whatever it was has passed.
      return Exchange(
        verdict: .retry(.init(error: error, mayBeDone: false)), response: answer.response)
    default: return answer
    }
  }

  private func sent(_ request: StoreRequest, _ credentials: StoreCredentials) async -> Exchange {
    let outcome: Result<HTTPResponse, TransportFault>
    do throws(TransportFault) {
      outcome = .success(
        try await transport.send(request.signed(endpoint, credentials, at: clock.now)))
    } catch {
      outcome = .failure(error)
    }
    let verdict = StoreVerdict(request, at: endpoint, outcome, hiding: credentials, now: clock.now)
    guard case .success(let response) = outcome else { return Exchange(verdict: verdict) }
    // Proxies answer 502 to 504 with their own time.
    if response.status < 500, let date = response.headers.date {
      told.withLock { $0 = (date, clock.elapsed) }
    }
    return Exchange(verdict: verdict, response: response)
  }

  /// Repeats a request that may be done more than once, until its verdict is none of `retry`, `expiredToken` and `refused`.
  ///
  /// - Parameter read: reads the answer of a success. An answer that it does not accept is asked for again.
  func settled<Value>(
    _ request: StoreRequest, _ read: (HTTPResponse) throws(MalformedReply) -> Value
  ) async throws(StoreError) -> (verdict: StoreVerdict, value: Value?) {
    var attempt = 0
    var mayBeDone = false
    while true {
      attempt += 1
      let exchange = await exchange(request)
      var failure: StoreError
      var asked: TimeSpan?
      switch exchange.verdict {
      case .done:
        do throws(MalformedReply) {
          return (.done, try read(exchange.response))
        } catch {
          failure = StoreError(request, at: endpoint, .malformed(error.description))
          failure.status = exchange.response.status
          mayBeDone = true
        }
      case .exists, .changed, .missing, .noSuchUpload, .outOfRange: return (exchange.verdict, nil)
      case .retry(let reason):
        (failure, asked) = (reason.error, reason.pause)
        mayBeDone = mayBeDone || reason.mayBeDone
      case .expiredToken(let error), .refused(let error):
        failure = error
        failure.attempts = attempt
        failure.isOutcomeUnknown = !request.isRead && (mayBeDone || error.kind.leavesWriteOpen)
        throw failure
      }
      failure.attempts = attempt
      failure.isOutcomeUnknown = !request.isRead && mayBeDone
      guard attempt < retry.attempts else { throw failure }
      try await pause(retry.pause(afterAttempt: attempt, asked: asked), failure)
    }
  }

  /// Throws `failure` as cancelled when the task is cancelled.
  private func pause(_ span: TimeSpan, _ failure: StoreError) async throws(StoreError) {
    guard span > .zero else { return }
    do throws(CancellationError) {
      try await clock.sleep(for: span)
    } catch {
      throw failure.with(.cancelled)
    }
  }

  // MARK: Conditional writes

  /// What a write puts at a key, to recognise it there.
  enum Content: Sendable {
    case bytes([UInt8])
    /// The size in bytes, and the SHA-256 that is kept with the object; the bytes too, if they are at hand.
    case hash(String, size: Int, bytes: [UInt8]?)
  }

  /// Drives `ConditionalWrite`. Returns the ETag of the object.
  func written(
    _ request: StoreRequest, key: String, _ content: Content,
    read: (HTTPResponse) throws(MalformedReply) -> String?
  ) async throws(StoreError) -> String? {
    var write = ConditionalWrite(request, at: endpoint, retry)
    var request = request
    if sendsPlainETags.withLock(\.self), let plain = request.withUnquotedETag { request = plain }
    var triedUnquoted = false
    var action = ConditionalWrite.Action.send
    var blank = StoreError(request, at: endpoint)
    while true {
      switch action {
      case .send:
        var exchange = await exchange(request)
        var etag: String?
        if exchange.verdict == .done {
          do throws(MalformedReply) {
            etag = try read(exchange.response)
          } catch {
            let failure = blank.with(.malformed(error.description))
            exchange.verdict = .retry(.init(error: failure, mayBeDone: true))
          }
        }
        if case .retry(let reason) = exchange.verdict, reason.mayBeDone { blank.isOutcomeUnknown = true }
        action = write.next(after: exchange.verdict, etag: etag)
      case .sendUnquoted:
        guard let plain = request.withUnquotedETag else {
          // It has no quotes, so the store refuses its own ETag.
          throw blank.with(.unsupported)
        }
        request = plain
        triedUnquoted = true
        action = .send
      case .look(let span):
        try await pause(span, blank)
        action = write.next(after: await found(key, content))
      case .pause(let span):
        try await pause(span, blank)
        action = .send
      case .done(let etag):
        if triedUnquoted { sendsPlainETags.withLock { $0 = true } }
        return etag
      case .fail(let error): throw error
      }
    }
  }

  private func found(_ key: String, _ content: Content) async -> ConditionalWrite.Found {
    switch content {
    case .bytes(let bytes): return await found(key, bytes)
    case .hash(let sha256, let size, let bytes):
      let exchange = await exchange(.head(key))
      guard exchange.verdict == .done else { return StoreClient.found(exchange) }
      guard exchange.response.headers.count("Content-Length") == size else {
        return .other(etag: exchange.etag)
      }
      if let kept = exchange.response.headers["x-amz-meta-sha256"] {
        return kept == sha256 ? .ours(etag: exchange.etag) : .other(etag: exchange.etag)
      }
      guard let bytes else { return .unclear("an object of the same size, without its hash") }
      return await found(key, bytes)
    }
  }

  private func found(_ key: String, _ bytes: [UInt8]) async -> ConditionalWrite.Found {
    let exchange = await exchange(.get(key, limit: bytes.count))
    if case .refused(let error) = exchange.verdict, case .tooLarge = error.kind {
      // Another object, whose version the write may expect.
      let larger = await self.exchange(.head(key))
      return larger.verdict == .done ? .other(etag: larger.etag) : StoreClient.found(larger)
    }
    guard exchange.verdict == .done else { return StoreClient.found(exchange) }
    return exchange.response.body == bytes ? .ours(etag: exchange.etag) : .other(etag: exchange.etag)
  }

  private static func found(_ exchange: Exchange) -> ConditionalWrite.Found {
    switch exchange.verdict {
    case .missing: return .nothing
    case .retry(let reason): return .failed(reason)
    case .expiredToken(let error): return .refused(error)
    case .refused(let error):
      if case .tooLarge = error.kind { return .other(etag: nil) }
      return .refused(error)
    case .done, .exists, .changed, .noSuchUpload, .outOfRange: return .unclear("an unexpected answer")
    }
  }
}

extension StoreRequest {
  /// Whether it changes nothing.
  fileprivate var isRead: Bool { method == "GET" || method == "HEAD" }
}
