import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server of bytes on loopback: it reads request heads and answers each as it is told, rightly or not.
final class SocketServer: Sendable {
  struct Reply: Sendable {
    enum Ending: Sendable { case keepOpen, close, reset }

    var bytes: [UInt8]
    var ending: Ending

    init(_ bytes: [UInt8], _ ending: Ending = .keepOpen) {
      self.bytes = bytes
      self.ending = ending
    }

    /// Says nothing and keeps the connection.
    static let silence = Reply([])

    static func text(_ text: String, _ ending: Ending = .keepOpen) -> Reply {
      Reply(Array(text.utf8), ending)
    }

    /// A whole response; `length` is what it claims to be long, if not what it is.
    static func response(
      _ status: Int = 200, headers: [String] = [], body: [UInt8] = [], length: Int? = nil,
      _ ending: Ending = .keepOpen
    ) -> Reply {
      let head = ["HTTP/1.1 \(status) X", "Content-Length: \(length ?? body.count)"] + headers
      return Reply(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body, ending)
    }

    static func chunked(
      headers: [String] = [], body: [UInt8], isWhole: Bool = true, _ ending: Ending = .keepOpen
    ) -> Reply {
      let head = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"] + headers
      let size = String(body.count, radix: 16)
      let start = Array((head.joined(separator: "\r\n") + "\r\n\r\n\(size)\r\n").utf8)
      return Reply(start + body + Array((isWhole ? "\r\n0\r\n\r\n" : "").utf8), ending)
    }
  }

  let port: Int
  private let channel: any Channel
  private let log: Log

  /// The heads of the requests that came, as text.
  var requests: [String] { log.heads.withLock(\.self) }

  private init(port: Int, channel: any Channel, log: Log) {
    self.port = port
    self.channel = channel
    self.log = log
  }

  /// Answers the first bytes of each connection with `greeting`, whatever they are, and ends it.
  static func with<Result>(
    greeting: [UInt8],
    isolation: isolated (any Actor)? = #isolation, _ body: (SocketServer) async throws -> Result
  ) async throws -> Result {
    try await with([Reply(greeting, .close)], isFirstBytes: true, body)
  }

  /// - Parameters:
  ///   - tls: spoken from the start.
  ///   - tunnel: spoken after the first answer, as behind a proxy.
  ///   - replies: to the requests in order, over all connections; after the last comes the first again.
  ///   - isFirstBytes: whether the first bytes that come are a request.
  static func with<Result>(
    tls: NIOSSLContext? = nil, tunnel: NIOSSLContext? = nil, _ replies: [Reply], isFirstBytes: Bool = false,
    isolation: isolated (any Actor)? = #isolation, _ body: (SocketServer) async throws -> Result
  ) async throws -> Result {
    let log = Log()
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          try channel.pipeline.syncOperations.addHandler(
            Conversation(log: log, replies: replies, tunnel: tunnel, isFirstBytes: isFirstBytes))
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
    let heads = Mutex<[String]>([])
  }

  private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: Log
    private let replies: [Reply]
    private let tunnel: NIOSSLContext?
    private let isFirstBytes: Bool
    private var received = ""

    init(log: Log, replies: [Reply], tunnel: NIOSSLContext?, isFirstBytes: Bool) {
      self.log = log
      self.replies = replies
      self.tunnel = tunnel
      self.isFirstBytes = isFirstBytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      if isFirstBytes { return answer(replies[0], context) }
      received += String(buffer: unwrapInboundIn(data))
      while let end = received.firstRange(of: "\r\n\r\n") {
        let head = String(received[..<end.lowerBound])
        received = String(received[end.upperBound...])
        let number = log.heads.withLock { heads in
          heads.append(head)
          return heads.count - 1
        }
        answer(replies[number % replies.count], context)
        if let tunnel { openTunnel(tunnel, context) }
      }
    }

    private func openTunnel(_ tls: NIOSSLContext, _ context: ChannelHandlerContext) {
      do {
        try context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
      } catch {
        context.close(promise: nil)
      }
    }

    private func answer(_ reply: Reply, _ context: ChannelHandlerContext) {
      let written = context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply.bytes)))
      let channel = context.channel
      switch reply.ending {
      case .keepOpen: break
      case .close: written.whenComplete { _ in channel.close(promise: nil) }
      case .reset:
        // With a linger time of zero the kernel sends a reset instead of a regular end.
        guard let options = channel as? any SocketOptionProvider else { return }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).and(written)
          .whenComplete { _ in channel.close(promise: nil) }
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
