import AuditRecord
import NIOCore
import NIOHTTP1
import Platform

/// One connection. It answers each request before it reads the next one.
struct Connection {
  typealias Wire = NIOAsyncChannel<HTTPServerRequestPart, ResponsePart>

  let wire: Wire
  let api: SharedAPI

  /// Serves until either side ends the connection. A client that disconnects is not an error.
  func serve() async {
    do {
      try await wire.executeThenClose { inbound, outbound in
        var head: HTTPRequestHead?
        var body: [UInt8] = []
        for try await part in inbound {
          switch part {
          case .head(let received): (head, body) = (received, [])
          case .body(let piece):
            body += piece.readableBytesView.prefix(EmulatedRequest.bodyLimit - body.count)
          case .end:
            guard let received = head else { return }
            let response = api.respond(to: EmulatedRequest(received, body: body))
            guard try await deliver(response, to: received, outbound) else { return }
          }
        }
      }
    } catch {
      // The client disconnected, sent something other than HTTP, or the server is closing: nobody is left to answer.
    }
  }

  /// Returns false if the connection must be closed.
  private func deliver(
    _ response: EmulatedResponse, to request: HTTPRequestHead,
    _ outbound: NIOAsyncChannelOutboundWriter<ResponsePart>
  ) async throws -> Bool {
    let delivery = response.delivery
    if delivery.delay > .zero { try await Task.sleep(for: delivery.delay.duration) }
    let keepsAlive = request.isKeepAlive && response.isWhole
    try await outbound.write(.head(head(of: response, keepsAlive: keepsAlive)))
    try await write(response.body[..<min(response.body.count, delivery.cutAfter ?? .max)], delivery, outbound)
    if response.isWhole {
      try await outbound.write(.end(nil))
    } else if delivery.ending == .reset {
      await reset()
    }
    return keepsAlive
  }

  private func write(
    _ body: ArraySlice<UInt8>, _ delivery: Delivery, _ outbound: NIOAsyncChannelOutboundWriter<ResponsePart>
  ) async throws {
    guard let speed = delivery.bytesPerSecond, speed > 0 else {
      if !body.isEmpty { try await outbound.write(.body(ByteBuffer(bytes: body))) }
      return
    }
    // Ten pieces a second.
    let size = max(1, speed / 10)
    var rest = body
    while !rest.isEmpty {
      let piece = rest.prefix(size)
      rest = rest.dropFirst(size)
      try await outbound.write(.body(ByteBuffer(bytes: piece)))
      try await Task.sleep(for: .seconds(Double(piece.count) / Double(speed)))
    }
  }

  private func head(of response: EmulatedResponse, keepsAlive: Bool) -> HTTPResponseHead {
    var headers = HTTPHeaders(response.headers.fields.map { ($0.name, $0.value) })
    headers.add(name: "Content-Length", value: String(response.body.count))
    headers.add(name: "Server", value: "Cloudsmith MCP")
    if !keepsAlive { headers.add(name: "Connection", value: "close") }
    return HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.status), headers: headers)
  }

  /// Closes at once with RST (`SO_LINGER` of zero, socket(7)) in place of FIN.
  private func reset() async {
    guard let socket = wire.channel as? any SocketOptionProvider else { return }
    do {
      try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
      try await wire.channel.close()
    } catch {
      // Already closed.
    }
  }
}

extension EmulatedRequest {
  init(_ head: HTTPRequestHead, body: [UInt8]) {
    self.init(
      method: head.method.rawValue, target: head.uri,
      headers: HTTPFields(head.headers.map { ($0.name, $0.value) }), body: body)
  }
}

extension TimeSpan {
  var duration: Duration { .microseconds(microseconds) }
}

/// The part of a response that a task sends to the event loop.
typealias ResponsePart = HTTPPart<HTTPResponseHead, ByteBuffer>

/// Converts response parts to the type that NIO's encoder takes.
final class ResponsePartEncoder: ChannelOutboundHandler, RemovableChannelHandler {
  typealias OutboundIn = ResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let part: HTTPServerResponsePart =
      switch unwrapOutboundIn(data) {
      case .head(let head): .head(head)
      case .body(let buffer): .body(.byteBuffer(buffer))
      case .end(let trailers): .end(trailers)
      }
    context.write(wrapOutboundOut(part), promise: promise)
  }
}
