internal import AsyncHTTPClient
internal import AuditRecord
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Collects one response and decodes its body. Copies each byte of a plain body once, to where the parser reads it.
final class ResponseCollector: HTTPClientResponseDelegate {
  fileprivate struct State {
    let limits: ResponseLimits
    /// Whether content codings are decoded.
    let decodesContent: Bool
    /// Whether the response has no body, whatever its fields say (RFC 9110, section 6.4.1).
    var isBodiless: Bool
    /// Whether the request's head was handed to the connection.
    var isRequestSent = false
    var status = 0
    var headers = HeaderFields([])
    var body: [UInt8] = []
    var decoder: ContentDecoder?
    /// Whether the body is skipped: the status of a refusal says enough if its body cannot be read.
    var ignoresBody = false
    /// Whether the announced length exceeds the limit. Then only the beginning is read, or the body is measured.
    var isAnnouncedTooLarge = false
    /// Whether a body beyond the limit is measured.
    let measures: Bool
    /// The measurement of a body beyond the limit, from its first byte. `body` keeps its beginning.
    var measurement: TextMeasurement?

    init(_ request: HTTPRequest) {
      limits = request.limits
      decodesContent = request.decodesContent
      isBodiless = request.method == "HEAD"
      measures = request.measuresBody
    }
  }

  private let state: Mutex<State>

  init(_ request: HTTPRequest) {
    state = Mutex(State(request))
  }

  /// Whether the request was sent, at least in part.
  var isRequestSent: Bool { state.withLock(\.isRequestSent) }

  /// The fault of a body beyond the limit whose measurement has not ended; nil if there is none.
  var begunMeasurement: TransportFault? {
    state.withLock { $0.measurement == nil ? nil : $0.fault(.tooLarge(limit: $0.limits.bodySize)) }
  }

  func didSendRequestHead(task: HTTPClient.Task<HTTPResponse>, _ head: HTTPRequestHead) {
    state.withLock { $0.isRequestSent = true }
  }

  func didReceiveHead(
    task: HTTPClient.Task<HTTPResponse>, _ head: HTTPResponseHead
  ) -> EventLoopFuture<Void> {
    task.eventLoop.makeCompletedFuture(Result { try state.withLock { try $0.begin(head) } })
  }

  func didReceiveBodyPart(
    task: HTTPClient.Task<HTTPResponse>, _ buffer: ByteBuffer
  ) -> EventLoopFuture<Void> {
    task.eventLoop.makeCompletedFuture(Result { try state.withLock { try $0.add(buffer) } })
  }

  func didFinishRequest(task: HTTPClient.Task<HTTPResponse>) throws -> HTTPResponse {
    try state.withLock { try $0.finish() }
  }
}

extension ResponseCollector.State {
  /// The most memory reserved for a body of announced length. More is reserved only as bytes arrive.
  private static let longestReserve = 4 << 20

  mutating func begin(_ head: HTTPResponseHead) throws(TransportFault) {
    status = Int(head.status.code)
    headers = HeaderFields(head.headers.map { ($0.name, $0.value) })
    isBodiless = isBodiless || status == 204 || status == 304
    guard !isBodiless else { return }
    let announced = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
    let codings = decodesContent ? head.headers[canonicalForm: "Content-Encoding"].map(String.init) : []
    do throws(ContentCodingError) {
      isAnnouncedTooLarge = announced > limits.bodySize
      if isAnnouncedTooLarge, !measures, limits.startLength == 0 { throw .tooLarge(limit: limits.bodySize) }
      var decoded = limits
      if measures { decoded.bodySize = limits.measured }
      let decoder = try ContentDecoder(codings, limits: decoded)
      if !decoder.isIdentity { self.decoder = decoder }
    } catch {
      try ignore(error)
    }
    body.reserveCapacity(min(max(announced, 0), Self.longestReserve))
  }

  mutating func add(_ buffer: ByteBuffer) throws(TransportFault) {
    guard !ignoresBody else { return }
    do throws(ContentCodingError) {
      if measurement != nil {
        try measure(buffer)
      } else if let decoder {
        try decoder.decode(Array(buffer.readableBytesView), to: &body)
      } else {
        buffer.withUnsafeReadableBytes { body.append(contentsOf: $0) }
      }
      let isBegun = isAnnouncedTooLarge && body.count >= limits.startLength
      if measurement == nil, isBegun || body.count > limits.bodySize {
        guard measures else { throw .tooLarge(limit: limits.bodySize) }
        var begun = TextMeasurement()
        body.withUnsafeBytes { begun.add($0) }
        measurement = begun
        body = Array(body.prefix(limits.startLength))
      }
    } catch {
      try ignore(error)
    }
  }

  mutating func finish() throws(TransportFault) -> HTTPResponse {
    if !ignoresBody {
      do throws(ContentCodingError) { try decoder?.finish() } catch { try ignore(error) }
    }
    if isAnnouncedTooLarge || measurement != nil, !ignoresBody {
      let error = ContentCodingError.tooLarge(limit: limits.bodySize)
      guard let measurement, (200..<300).contains(status) else {
        try ignore(error)
        return HTTPResponse(status: status, headers: headers)
      }
      throw fault(error, measurement.text)
    }
    defer { (body, decoder) = ([], nil) }
    return HTTPResponse(status: status, headers: headers, body: body)
  }

  /// Measures bytes without keeping them.
  private mutating func measure(_ buffer: ByteBuffer) throws(ContentCodingError) {
    if let decoder {
      var piece: [UInt8] = []
      try decoder.decode(Array(buffer.readableBytesView), to: &piece)
      piece.withUnsafeBytes { measurement?.add($0) }
    } else {
      buffer.withUnsafeReadableBytes { measurement?.add($0) }
    }
    guard measurement?.bytes ?? 0 <= limits.measured else { throw .tooLarge(limit: limits.bodySize) }
  }

  /// - Parameter measured: nil if the body was not read to its end.
  fileprivate func fault(_ error: ContentCodingError, _ measured: MeasuredText? = nil) -> TransportFault {
    error.fault(
      OversizedAnswer(
        headers: headers, start: Array(body.prefix(limits.startLength)),
        measured: measured))
  }

  /// Skips the body of an answer that is not a page; throws the fault otherwise.
  private mutating func ignore(_ error: ContentCodingError) throws(TransportFault) {
    guard !(200..<300).contains(status) else { throw fault(error) }
    (body, decoder, measurement, ignoresBody) = ([], nil, nil, true)
  }
}
