package import HTTP

/// Sends one request with a key and returns its whole response. All decisions (retries, redirects, pace) are above this protocol.
///
/// Implementations are safe to call from several tasks at once.
package protocol APITransport: Sendable {
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

  init(_ response: HTTPResponse) {
    self.init(status: response.status, headers: response.headers, body: response.body)
  }
}
