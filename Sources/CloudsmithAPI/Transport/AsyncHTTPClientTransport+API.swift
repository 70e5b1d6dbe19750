internal import AuditRecord
package import HTTP

/// The requests of this target over the network: pages, the exchange of tokens, and pings.
extension AsyncHTTPClientTransport: APITransport, TokenTransport {
  package func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    var message = HTTPRequest("GET", request.origin, request.target, headers: fields())
    message.headers.append(HeaderField(request.key.field.name, request.key.field.value))
    message.measuresBody = request.measuresBody
    return try await APIResponse(answer(to: message))
  }

  package func post(
    _ body: [UInt8], to target: String, at origin: Origin
  ) async throws(TransportFault) -> APIResponse {
    let type = HeaderField("Content-Type", "application/json")
    return try await APIResponse(
      answer(to: HTTPRequest("POST", origin, target, headers: fields(type), body: body)))
  }

  private func fields(_ others: HeaderField...) -> [HeaderField] {
    [HeaderField("Accept", "application/json"), HeaderField("Accept-Encoding", settings.acceptEncoding)]
      + others + [HeaderField("User-Agent", settings.userAgent)]
  }

  /// - Parameter size: the most bytes of the body; nil for that of the settings.
  fileprivate func answer(
    to request: HTTPRequest, size: Int? = nil
  ) async throws(TransportFault) -> HTTPResponse {
    var request = request
    request.decodesContent = true
    request.limits = settings.limits
    request.limits.startLength = QuarantinedRecord.startLength
    if let size { request.limits.bodySize = size }
    return try await send(request)
  }
}

extension AsyncHTTPClientTransport: HeartbeatTransport {
  package func send(to origin: Origin, _ target: String, body: [UInt8]?) async throws(TransportFault) -> Int {
    let headers = [
      HeaderField("Content-Type", "text/plain; charset=utf-8"),
      HeaderField("User-Agent", settings.userAgent),
    ]
    let request = HTTPRequest(
      body == nil ? "GET" : "POST", origin, target, headers: headers, body: body ?? [])
    return try await answer(to: request, size: Self.longestReply).status
  }

  /// The most bytes of a reply to a ping. Its text is not used.
  private static let longestReply = 1 << 20
}
