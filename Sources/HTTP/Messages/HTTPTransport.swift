package import AuditRecord

/// Sends one request and returns its whole response. All decisions (retries, redirects, pace) are above this protocol.
///
/// Implementations are safe to call from several tasks at once.
package protocol HTTPTransport: Sendable {
  /// Sends a GET with the key, and returns the response with its body whole and decompressed.
  ///
  /// Follows no redirect and makes one attempt.
  ///
  /// - Throws: a fault if the body is cut, corrupt or beyond the limits: a body is never shorter than it was sent.
  ///   `.cancelled` promptly when the task is cancelled.
  func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse
}

/// A GET request with a key.
package struct APIRequest: Hashable, Sendable {
  package var origin: Origin
  /// Path and query, percent-encoded, with the leading slash.
  package var target: String
  /// Sent in the field that its kind requires, and only to `origin`.
  package var key: APIKey
  /// Whether a body beyond the limits is read to its end to measure it, up to `ResponseLimits.measured` bytes.
  package var measuresBody = false

  package init(origin: Origin, target: String, key: APIKey) {
    self.origin = origin
    self.target = target
    self.key = key
  }
}

/// A whole response of any status.
package struct APIResponse: Sendable {
  package var status: Int
  package var headers: HeaderFields
  /// Decompressed.
  package var body: [UInt8]
  /// The token that was sent instead of the request's key. It must not appear in messages either.
  package var token: APIKey?

  package init(status: Int, headers: HeaderFields = HeaderFields([]), body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// Why there is no response. Texts name causes, never a URL, a header field or a key.
package enum TransportFault: Error, Hashable, Sendable {
  /// No connection: the name is unknown, nothing listens, or there was no answer in time.
  case unreachable(String)
  /// The connection ended before the response was whole.
  case interrupted(String)
  /// The response was not whole in this time.
  case timedOut(TimeSpan)
  /// The answer is not HTTP, or its compressed body is cut or corrupt.
  case undecodable(String)
  /// There is no secure connection: the certificate is not trusted or for another host, or there is no common TLS version.
  case untrusted(TLSProblem)
  /// The proxy refused: it requires other credentials, or opens no tunnel.
  case proxyRefused(String)
  /// The decoded body is larger than `ResponseLimits.bodySize`.
  case bodyTooLarge(limit: Int, OversizedAnswer = OversizedAnswer())
  /// The compressed body grows more than `ResponseLimits.inflation` times.
  case inflatedTooFar(ratio: Int, OversizedAnswer = OversizedAnswer())
  /// The task was cancelled.
  case cancelled
}

/// What is known of an answer whose body exceeds the limits.
package struct OversizedAnswer: Hashable, Sendable {
  /// Its pagination fields.
  package var pagination: Pagination
  /// The first bytes of its decoded body, at most `QuarantinedRecord.startLength`.
  package var start: [UInt8]
  /// The measured body, if the request asked for it and the body could be read to its end.
  package var measured: MeasuredText?

  package init(
    pagination: Pagination = Pagination(), start: [UInt8] = [], measured: MeasuredText? = nil
  ) {
    self.pagination = pagination
    self.start = start
    self.measured = measured
  }
}

extension TransportFault {
  var isTimedOut: Bool { if case .timedOut = self { true } else { false } }
}

extension TransportFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreachable(let cause): "no connection: \(cause)"
    case .interrupted(let cause): "the connection ended early: \(cause)"
    case .timedOut(let span): "no complete response within \(span)"
    case .undecodable(let cause): "an unreadable response: \(cause)"
    case .untrusted(let problem): "no secure connection: \(problem)"
    case .proxyRefused(let cause): "the proxy refused: \(cause)"
    case .bodyTooLarge(let limit, _): "a response larger than \(limit) bytes"
    case .inflatedTooFar(let ratio, _): "a compressed response that expands more than \(ratio) times"
    case .cancelled: "cancelled"
    }
  }
}
