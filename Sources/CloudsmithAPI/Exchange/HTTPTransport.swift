package import AuditRecord

/// One request and its whole response: the edge between decisions and the network.
package protocol HTTPTransport: Sendable {
  /// Sends a GET with the key and gives the response, its body whole, checked and decompressed.
  ///
  /// Follows no redirect and repeats nothing. A body that is cut, corrupt or beyond the limits is a fault, never a
  /// shorter body. When the task is cancelled it ends promptly with `.cancelled`.
  func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse
}

package struct APIRequest: Hashable, Sendable {
  package var origin: Origin
  /// Path and query, percent-encoded, with the leading slash.
  package var target: String
  package var key: APIKey
  /// Whether a body beyond the limits is read to its end, as far as `ResponseLimits.measured` goes, to tell what it is.
  package var measuresBody = false

  package var url: String { origin.description + target }

  package init(origin: Origin, target: String, key: APIKey) {
    self.origin = origin
    self.target = target
    self.key = key
  }
}

package struct APIResponse: Sendable {
  package var status: Int
  package var headers: HeaderFields
  /// Decompressed.
  package var body: [UInt8]
  /// What was sent in the place of the request's key, and stands in no message either.
  package var token: APIKey?

  package init(status: Int, headers: HeaderFields = HeaderFields([]), body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// Why there is no response. The texts name causes, never a URL, a header or a key.
package enum TransportFault: Error, Hashable, Sendable {
  /// No connection: the name is unknown, nobody listens, no answer in time.
  case unreachable(String)
  /// The connection ended before the response was whole.
  case interrupted(String)
  /// The response was not whole in this time.
  case timedOut(TimeSpan)
  /// What arrived is not HTTP, or its compressed body is cut or corrupt.
  case undecodable(String)
  /// There is no secure connection: the certificate is not trusted or not for this host, or what answers speaks no TLS of ours.
  case untrusted(TLSProblem)
  /// The proxy refused: it wants other credentials, or does not tunnel.
  case proxyRefused(String)
  case bodyTooLarge(limit: Int, OversizedAnswer = OversizedAnswer())
  case inflatedTooFar(ratio: Int, OversizedAnswer = OversizedAnswer())
  case cancelled
}

/// What is known of an answer whose body is larger than the limits.
package struct OversizedAnswer: Hashable, Sendable {
  /// What it says of the list.
  package var pagination: Pagination
  /// How its body begins, decoded: as much of it as `QuarantinedRecord.startLength`.
  package var start: [UInt8]
  /// The body, decoded, where that was asked for and it could be read to its end.
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
