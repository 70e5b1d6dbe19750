package import AuditRecord

/// Sends requests to a store: the edge between this target and the network.
package protocol ObjectTransport: Sendable {
  /// Sends one request and returns its whole answer.
  ///
  /// The transport follows no redirect, repeats nothing, and changes no header. It adds none but `Content-Length`, `User-Agent` and
  /// `Connection`; `Host` is among the request's. It asks for no compression: bodies arrive as stored. The answer to HEAD has no body
  /// and keeps its `Content-Length`. Trusted certificates and the proxy are settings of the transport.
  ///
  /// Throws `.unreachable` only if the request cannot have reached the store, and else `.lost` or `.timedOut`. A body that is cut is
  /// `.lost`, never a shorter body. A body above `request.responseLimit` is `.tooLarge`, and is not read to its end. When the task is
  /// cancelled, it throws `.cancelled` promptly.
  func send(_ request: SignedRequest) async throws(ObjectTransportError) -> ObjectResponse
}

/// A request as it goes over the wire. It holds a signature and perhaps a session token: it prints without its headers.
package struct SignedRequest: Sendable {
  /// `GET`, `HEAD`, `PUT`, `POST` or `DELETE`.
  package var method: String
  /// Absolute and percent-encoded. It must be sent as it is: the signature covers its path and query.
  package var url: String
  /// In the order in which they are sent, `Host` first. No name comes twice.
  package var headers: [HeaderField]
  package var body: [UInt8]
  /// From the start of the request to the last byte of its answer.
  package var timeout: TimeSpan
  /// The largest body of an answer, in bytes.
  package var responseLimit: Int

  package init(
    method: String, url: String, headers: [HeaderField], body: [UInt8], timeout: TimeSpan, responseLimit: Int
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.responseLimit = responseLimit
  }
}

extension SignedRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "\(method) \(url), \(body.count) bytes" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The answer to a request.
package struct ObjectResponse: Sendable {
  package var status: Int
  package var headers: HTTPHeaders
  package var body: [UInt8]

  package init(status: Int, headers: HTTPHeaders = HTTPHeaders([]), body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// Why there is no answer. The texts name causes, never a URL, a header or a credential.
package enum ObjectTransportError: Error, Hashable, Sendable {
  /// There was no connection, so the request was not sent.
  case unreachable(String)
  /// The connection ended before the whole answer arrived. The request may have been carried out.
  case lost(String)
  /// The whole answer did not arrive in this time. The request may have been carried out.
  case timedOut(TimeSpan)
  /// The answer is not HTTP. The request may have been carried out.
  case undecodable(String)
  /// There is no secure connection: the certificate is not trusted, or is not for this host.
  case untrusted(String)
  /// The proxy refused the connection, so the request was not sent.
  case proxyRefused(String)
  /// The body of the answer is larger than the request allows.
  case tooLarge(limit: Int)
  case cancelled
}

extension ObjectTransportError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreachable(let cause): "no connection: \(cause)"
    case .lost(let cause): "the connection was lost: \(cause)"
    case .timedOut(let span): "no complete answer within \(span)"
    case .undecodable(let cause): "the answer is unreadable: \(cause)"
    case .untrusted(let cause): "no secure connection: \(cause)"
    case .proxyRefused(let cause): "the proxy refused: \(cause)"
    case .tooLarge(let limit): "the answer is larger than \(limit) bytes"
    case .cancelled: "cancelled"
    }
  }
}
