import NIOCore
import NIOPosix
package import NIOSSL
import Synchronization

/// A server of bytes on loopback: it reads requests and answers each as it is told, rightly or not.
package final class SocketServer: Sendable {
  package struct Request: Sendable {
    /// Request line and header fields, without the empty line.
    package var head: String
    /// As long as `Content-Length` says.
    package var body: [UInt8]

    package var method: String { String(head.prefix { $0 != " " }) }
    package var target: String { String(head.drop { $0 != " " }.dropFirst().prefix { $0 != " " }) }
    /// The header fields in the order in which they came.
    package var fields: [(name: String, value: String)] {
      head.split(separator: "\r\n").dropFirst().map { line in
        let name = line.prefix { $0 != ":" }
        return (String(name), String(line.dropFirst(name.count + 1).drop { $0 == " " }))
      }
    }
    fileprivate var length: Int {
      fields.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
    }
  }

  package struct Reply: Sendable {
    package enum Ending: Sendable {
      case keepOpen, close, reset
      /// Sends the bytes past TLS, as they are.
      case pastTLS
    }

    package var bytes: [UInt8]
    package var ending: Ending

    package init(_ bytes: [UInt8], _ ending: Ending = .keepOpen) {
      self.bytes = bytes
      self.ending = ending
    }

    /// Says nothing and keeps the connection.
    package static let silence = Reply([])

    package static func text(_ text: String, _ ending: Ending = .keepOpen) -> Reply {
      Reply(Array(text.utf8), ending)
    }

    /// A whole response; `length` is what it claims to be long, if not what it is.
    package static func response(
      _ status: Int = 200, headers: [String] = [], body: [UInt8] = [], length: Int? = nil,
      _ ending: Ending = .keepOpen
    ) -> Reply {
      let head = ["HTTP/1.1 \(status) X", "Content-Length: \(length ?? body.count)"] + headers
      return Reply(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body, ending)
    }

    package static func chunked(
      headers: [String] = [], body: [UInt8], isWhole: Bool = true, _ ending: Ending = .keepOpen
    ) -> Reply {
      let head = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"] + headers
      let size = String(body.count, radix: 16)
      let start = Array((head.joined(separator: "\r\n") + "\r\n\r\n\(size)\r\n").utf8)
      return Reply(start + body + Array((isWhole ? "\r\n0\r\n\r\n" : "").utf8), ending)
    }
  }

  /// When a request is answered.
  package enum Moment: Sendable {
    case afterBody
    /// After its head. The body is read and dropped.
    case afterHead
    /// After its first bytes, whatever they are.
    case afterFirstBytes
  }

  package let port: Int
  private let channel: any Channel
  private let log: Log

  /// The requests that came and were read as far as they are answered.
  package var received: [Request] { log.requests.withLock(\.self) }
  /// Their heads.
  package var requests: [String] { received.map(\.head) }
  /// How many connections were opened.
  package var connections: Int { log.connections.withLock(\.self) }

  private init(port: Int, channel: any Channel, log: Log) {
    self.port = port
    self.channel = channel
    self.log = log
  }

  /// Answers the first bytes of each connection with `greeting`, whatever they are, and ends it.
  package static func with<Result>(
    greeting: [UInt8],
    isolation: isolated (any Actor)? = #isolation, _ body: (SocketServer) async throws -> Result
  ) async throws -> Result {
    try await with([Reply(greeting, .close)], .afterFirstBytes, body)
  }

  /// - Parameters:
  ///   - tls: spoken from the start.
  ///   - tunnel: spoken after the first answer, as behind a proxy.
  ///   - replies: to the requests in order, over all connections; after the last comes the first again.
  package static func with<Result>(
    tls: NIOSSLContext? = nil, tunnel: NIOSSLContext? = nil, _ replies: [Reply],
    _ moment: Moment = .afterBody,
    isolation: isolated (any Actor)? = #isolation, _ body: (SocketServer) async throws -> Result
  ) async throws -> Result {
    try await with(
      tls: tls, tunnel: tunnel, moment, answer: { number, _ in replies[number % replies.count] }, body)
  }

  /// - Parameter answer: is given the number of the request, from 0 over all connections, and the request.
  package static func with<Result>(
    tls: NIOSSLContext? = nil, tunnel: NIOSSLContext? = nil, _ moment: Moment = .afterBody,
    answer: @escaping @Sendable (Int, Request) -> Reply,
    isolation: isolated (any Actor)? = #isolation, _ body: (SocketServer) async throws -> Result
  ) async throws -> Result {
    let log = Log()
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          try channel.pipeline.syncOperations.addHandler(
            Conversation(log: log, answer: answer, tunnel: tunnel, moment: moment))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let server = SocketServer(port: channel.localAddress?.port ?? 0, channel: channel, log: log)
    do {
      let result = try await body(server)
      try await channel.close()
      return result
    } catch {
      try await channel.close()
      throw error
    }
  }

  private final class Log: Sendable {
    let requests = Mutex<[Request]>([])
    let connections = Mutex(0)
  }

  private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: Log
    private let answer: @Sendable (Int, Request) -> Reply
    private let tunnel: NIOSSLContext?
    private let moment: Moment
    private var received = ByteBuffer()
    /// The request whose body is not here yet.
    private var begun: Request?

    init(
      log: Log, answer: @escaping @Sendable (Int, Request) -> Reply, tunnel: NIOSSLContext?, moment: Moment
    ) {
      self.log = log
      self.answer = answer
      self.tunnel = tunnel
      self.moment = moment
    }

    func channelActive(context: ChannelHandlerContext) { log.connections.withLock { $0 += 1 } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      if moment == .afterFirstBytes { return send(answer(0, Request(head: "", body: [])), context) }
      var bytes = unwrapInboundIn(data)
      received.writeBuffer(&bytes)
      while let request = nextRequest(context) {
        if moment == .afterBody { reply(to: request, context) }
      }
      received.discardReadBytes()
    }

    private func nextRequest(_ context: ChannelHandlerContext) -> Request? {
      if begun == nil {
        let end = Array("\r\n\r\n".utf8)
        guard let range = received.readableBytesView.firstRange(of: end),
          let head = received.readString(length: range.lowerBound - received.readerIndex)
        else { return nil }
        received.moveReaderIndex(forwardBy: end.count)
        let request = Request(head: head, body: [])
        begun = request
        if moment == .afterHead { reply(to: request, context) }
      }
      guard var request = begun, let body = received.readBytes(length: request.length) else { return nil }
      begun = nil
      request.body = body
      return request
    }

    private func reply(to request: Request, _ context: ChannelHandlerContext) {
      let number = log.requests.withLock { requests in
        requests.append(request)
        return requests.count - 1
      }
      send(answer(number, request), context)
      if let tunnel { openTunnel(tunnel, context) }
    }

    private func openTunnel(_ tls: NIOSSLContext, _ context: ChannelHandlerContext) {
      do {
        try context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
      } catch {
        context.close(promise: nil)
      }
    }

    private func send(_ reply: Reply, _ context: ChannelHandlerContext) {
      if reply.ending == .pastTLS { return sendPastTLS(reply.bytes, context) }
      let written = context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply.bytes)))
      let channel = context.channel
      switch reply.ending {
      case .keepOpen, .pastTLS: break
      case .close: written.whenComplete { _ in channel.close(promise: nil) }
      case .reset:
        // With a linger time of zero the kernel sends a reset instead of a regular end.
        guard let options = channel as? any SocketOptionProvider else { return }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).and(written)
          .whenComplete { _ in channel.close(promise: nil) }
      }
    }

    private func sendPastTLS(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
      do {
        let tls = try context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
        tls.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
      } catch {
        context.close(promise: nil)
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
