import HTTP
package import ObjectStoreFakes

extension FakeStore {
  /// The bytes with which the store answers a request that came over a socket. A lost answer ends the connection.
  package func answer(_ request: SocketServer.Request) -> SocketServer.Reply {
    let message = HTTPRequest(
      request.method, Origin(scheme: .http, host: "127.0.0.1"), request.target,
      headers: request.fields.map { HeaderField($0.name, $0.value) }, body: request.body)
    guard case .success(let response) = reply(to: message) else { return .text("", .close) }
    var fields = response.headers.fields
    if response.headers["Content-Length"] == nil, response.status != 204 {
      fields.append(HeaderField("Content-Length", "\(response.body.count)"))
    }
    let head = ["HTTP/1.1 \(response.status) X"] + fields.map { "\($0.name): \($0.value)" }
    return SocketServer.Reply(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + response.body)
  }
}
