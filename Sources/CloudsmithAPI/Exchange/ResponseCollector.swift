internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Puts one answer together: every byte of the body is copied once, to where the parser reads it.
final class ResponseCollector: HTTPClientResponseDelegate {
  struct TooLarge: Error {}

  private struct State {
    var status = 0
    var headers = HeaderFields([])
    var body: [UInt8] = []
  }

  /// Bytes of a body, decompressed.
  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  /// What is set aside at once for a body whose length was announced; more grows with what really comes.
  private static let longestReserve = 4 << 20

  func didReceiveHead(
    task: HTTPClient.Task<APIResponse>, _ head: HTTPResponseHead
  ) -> EventLoopFuture<Void> {
    let announced = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
    state.withLock { state in
      state.status = Int(head.status.code)
      state.headers = HeaderFields(head.headers.map { ($0.name, $0.value) })
      state.body.reserveCapacity(min(max(announced, 0), limit, ResponseCollector.longestReserve))
    }
    return announced > limit
      ? task.eventLoop.makeFailedFuture(TooLarge()) : task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(
    task: HTTPClient.Task<APIResponse>, _ buffer: ByteBuffer
  ) -> EventLoopFuture<Void> {
    let fits = state.withLock { state in
      guard state.body.count + buffer.readableBytes <= limit else { return false }
      buffer.withUnsafeReadableBytes { state.body.append(contentsOf: $0) }
      return true
    }
    return fits ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(TooLarge())
  }

  func didFinishRequest(task: HTTPClient.Task<APIResponse>) -> APIResponse {
    state.withLock { state in
      defer { state.body = [] }
      return APIResponse(status: state.status, headers: state.headers, body: state.body)
    }
  }
}
