package import AuditRecord

/// Why there is no response. Texts name causes, never a URL, a header field or a secret.
package enum TransportFault: Error, Hashable, Sendable {
  /// No connection: the name is unknown, nothing listens, or there was no answer in time. The request was not sent.
  case unreachable(String)
  /// The connection ended before the response was whole. A connection that was kept open from an earlier request can end so too.
  case interrupted(String)
  /// The response was not whole in this time.
  case timedOut(TimeSpan)
  /// The answer is not HTTP, or its compressed body is cut or corrupt.
  case undecodable(String)
  /// There is no secure connection: the certificate is not trusted or for another host, or there is no common TLS version. The
  /// request was not sent.
  case untrusted(TLSProblem)
  /// The proxy refused: it requires other credentials, or opens no tunnel. The request was not sent.
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
  package var headers: HeaderFields
  /// The first bytes of its decoded body, at most `ResponseLimits.startLength`.
  package var start: [UInt8]
  /// The measured body, if the request asked for it and the body could be read to its end.
  package var measured: MeasuredText?

  package init(
    headers: HeaderFields = HeaderFields([]), start: [UInt8] = [], measured: MeasuredText? = nil
  ) {
    self.headers = headers
    self.start = start
    self.measured = measured
  }
}

extension TransportFault {
  /// Whether the server may have carried out the request. False only if it cannot have received it.
  package var mayBeCarriedOut: Bool {
    switch self {
    case .unreachable, .untrusted, .proxyRefused: false
    case .interrupted, .timedOut, .undecodable, .bodyTooLarge, .inflatedTooFar, .cancelled: true
    }
  }
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
