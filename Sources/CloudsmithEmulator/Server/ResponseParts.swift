import NIOCore
import NIOHTTP1

/// Parts of an answer as they may cross from a task to the event loop.
typealias ResponsePart = HTTPPart<HTTPResponseHead, ByteBuffer>

/// Turns them into the parts that NIO's encoder takes.
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
