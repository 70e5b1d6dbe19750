package import AuditRecord

/// Sends one request and returns its whole response. All decisions (retries, redirects, pace) are above this protocol.
///
/// Implementations are safe to call from several tasks at once.
package protocol HTTPTransport: Sendable {
  /// Sends the request once and returns its response, of any status.
  ///
  /// * Follows no redirect and repeats nothing.
  /// * Sends the target as it is, and the header fields in their order. Adds only `Host` and `User-Agent` if the request has none,
  ///   `Content-Length`, and `Connection`.
  /// * A body is never shorter than it was sent: one that is cut or beyond the limits is a fault. Responses to HEAD, and of the
  ///   statuses 204 and 304, have no body and keep their `Content-Length`. A refusal (any status but 2xx) whose body cannot be
  ///   decoded, or is beyond the limits, is returned without its body.
  /// * Holds both bodies in memory. Send large objects in parts and read them in ranges, a few at a time: this bounds memory, a
  ///   lost connection costs one part, and no connection stays open while its reader is busy.
  ///
  /// - Throws: a fault; `mayBeCarriedOut` says whether the server can have received the request. `.cancelled` promptly when the
  ///   task is cancelled.
  func send(_ request: HTTPRequest) async throws(TransportFault) -> HTTPResponse
}

/// A request as it goes over the wire. It prints without header fields, query and body, which can hold secrets.
package struct HTTPRequest: Hashable, Sendable {
  /// `GET`, `HEAD`, `PUT`, `POST` or `DELETE`.
  package var method: String
  package var origin: Origin
  /// Path and query, percent-encoded (RFC 3986, section 3), with the leading slash. A path that is not UTF-8 is not sent. A
  /// character that needs an escape and has none is escaped.
  package var target: String
  /// No name occurs twice.
  package var headers: [HeaderField]
  package var body: [UInt8]
  /// From the start of the request to the last byte of its response; nil for that of the transport's settings.
  package var timeout: TimeSpan?
  package var limits: ResponseLimits
  /// Whether the content codings of the response are decoded (RFC 9110, section 8.4). A request that wants compressed content
  /// says so in `Accept-Encoding`. Without decoding, the body is as the server stores it.
  package var decodesContent = false
  /// Whether a body beyond the limits is read to its end to measure it, up to `ResponseLimits.measured` bytes.
  package var measuresBody = false

  package init(
    _ method: String, _ origin: Origin, _ target: String, headers: [HeaderField] = [], body: [UInt8] = [],
    timeout: TimeSpan? = nil, limits: ResponseLimits = ResponseLimits()
  ) {
    self.method = method
    self.origin = origin
    self.target = target
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.limits = limits
  }

  package var url: String { origin.description + target }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "\(method) \(url.prefix { $0 != "?" }), \(body.count) bytes" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A whole response of any status.
package struct HTTPResponse: Sendable {
  package var status: Int
  package var headers: HeaderFields
  package var body: [UInt8]

  package init(status: Int, headers: HeaderFields = HeaderFields([]), body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// The limits of a response. A response beyond them is refused and not held in memory.
package struct ResponseLimits: Hashable, Sendable {
  /// The most bytes of a decoded body.
  package var bodySize: Int
  /// The most bytes that one compressed byte may become, in a body beyond `inflationFloor`. Real pages of JSON reach about 40.
  package var inflation = 200
  /// The bytes of a decoded body below which no ratio applies: a small page with one long, repetitive value may grow a
  /// thousandfold and is no attack.
  package var inflationFloor = 8 << 20
  /// How many bytes of the start of a body beyond the limits are reported. If none, a body of an announced length beyond the
  /// limits is not read at all.
  package var startLength = 0

  /// The most bytes of a body beyond `bodySize` that are read to measure it, without keeping them.
  package var measured: Int { 8 * bodySize }

  package init(bodySize: Int = 64 << 20) { self.bodySize = bodySize }
}
