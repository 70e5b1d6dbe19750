internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Puts one answer together, its body decoded: every byte of a plain body is copied once, to where the parser reads it.
final class ResponseCollector: HTTPClientResponseDelegate {
  fileprivate struct State {
    let limits: ResponseLimits
    var status = 0
    var headers = HeaderFields([])
    var body: [UInt8] = []
    var decoder: ContentDecoder?
    /// A refusal is known by its status: that its body cannot be read is no matter.
    var ignoresBody = false
  }

  private let state: Mutex<State>

  init(limits: ResponseLimits) {
    self.state = Mutex(State(limits: limits))
  }

  func didReceiveHead(
    task: HTTPClient.Task<APIResponse>, _ head: HTTPResponseHead
  ) -> EventLoopFuture<Void> {
    task.eventLoop.makeCompletedFuture(Result { try state.withLock { try $0.begin(head) } })
  }

  func didReceiveBodyPart(
    task: HTTPClient.Task<APIResponse>, _ buffer: ByteBuffer
  ) -> EventLoopFuture<Void> {
    task.eventLoop.makeCompletedFuture(Result { try state.withLock { try $0.add(buffer) } })
  }

  func didFinishRequest(task: HTTPClient.Task<APIResponse>) throws -> APIResponse {
    try state.withLock { try $0.finish() }
  }
}

extension ResponseCollector.State {
  /// What is set aside at once for a body whose length was announced; more grows with what really comes.
  private static let longestReserve = 4 << 20

  mutating func begin(_ head: HTTPResponseHead) throws(ContentCodingError) {
    status = Int(head.status.code)
    headers = HeaderFields(head.headers.map { ($0.name, $0.value) })
    let announced = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
    let codings = head.headers[canonicalForm: "Content-Encoding"].map(String.init)
    do throws(ContentCodingError) {
      guard announced <= limits.bodySize else { throw .tooLarge(limit: limits.bodySize) }
      let decoder = try ContentDecoder(codings, limits: limits)
      if !decoder.isIdentity { self.decoder = decoder }
    } catch {
      try ignore(error)
    }
    body.reserveCapacity(min(max(announced, 0), Self.longestReserve))
  }

  mutating func add(_ buffer: ByteBuffer) throws(ContentCodingError) {
    guard !ignoresBody else { return }
    do throws(ContentCodingError) {
      if let decoder {
        try decoder.decode(Array(buffer.readableBytesView), to: &body)
      } else {
        guard body.count + buffer.readableBytes <= limits.bodySize else {
          throw .tooLarge(limit: limits.bodySize)
        }
        buffer.withUnsafeReadableBytes { body.append(contentsOf: $0) }
      }
    } catch {
      try ignore(error)
    }
  }

  mutating func finish() throws(ContentCodingError) -> APIResponse {
    if !ignoresBody {
      do throws(ContentCodingError) { try decoder?.finish() } catch { try ignore(error) }
    }
    defer { (body, decoder) = ([], nil) }
    return APIResponse(status: status, headers: headers, body: body)
  }

  /// Goes on without a body, where it was not to be a page.
  private mutating func ignore(_ error: ContentCodingError) throws(ContentCodingError) {
    guard !(200..<300).contains(status) else { throw error }
    (body, decoder, ignoresBody) = ([], nil, true)
  }
}
