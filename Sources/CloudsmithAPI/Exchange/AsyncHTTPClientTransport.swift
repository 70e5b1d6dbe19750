internal import AsyncHTTPClient
internal import AuditRecord
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPCompression
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Requests over the network, by async-http-client on one event-loop thread.
///
/// HTTP/1.1 only: it is what the official clients speak to this API, a few pages in flight gain nothing from streams,
/// and every way a response can be cut is tested over it.
package struct AsyncHTTPClientTransport: HTTPTransport, TokenTransport {
  private let client: HTTPClient
  private let settings: ConnectionSettings

  /// Opens the client, hands it to `body`, and closes it and its thread whatever `body` does.
  ///
  /// Throws `ConnectionSettingsError.caFile` when the CA file cannot be used, else what `body` throws.
  package static func withTransport<Result>(
    _ settings: ConnectionSettings, isolation: isolated (any Actor)? = #isolation,
    _ body: (AsyncHTTPClientTransport) async throws -> Result
  ) async throws -> Result {
    let configuration = try configuration(settings)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = HTTPClient(eventLoopGroup: group, configuration: configuration)
    do {
      let result = try await body(AsyncHTTPClientTransport(client: client, settings: settings))
      try await client.shutdown()
      try await group.shutdownGracefully()
      return result
    } catch {
      try await client.shutdown()
      try await group.shutdownGracefully()
      throw error
    }
  }

  package func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    let headers: HTTPHeaders = [
      "Accept": "application/json", "Accept-Encoding": settings.acceptEncoding,
      "User-Agent": settings.userAgent,
      request.key.field.name: request.key.field.value,
    ]
    return try await exchange(request.url, headers, limit: settings.limits.bodySize)
  }

  private func exchange(
    _ url: String, _ headers: HTTPHeaders, body: [UInt8]? = nil, limit: Int
  ) async throws(TransportFault) -> APIResponse {
    do {
      let message = try HTTPClient.Request(
        url: url, method: body == nil ? .GET : .POST, headers: headers, body: body.map { .bytes($0) })
      let task = client.execute(
        request: message,
        delegate: ResponseCollector(limit: limit),
        deadline: .now() + TimeAmount(settings.timeouts.total))
      return try await withTaskCancellationHandler {
        try await task.get()
      } onCancel: {
        task.cancel()
      }
    } catch {
      throw fault(error)
    }
  }

  package func post(
    _ body: [UInt8], to target: String, at origin: Origin
  ) async throws(TransportFault) -> APIResponse {
    let headers: HTTPHeaders = [
      "Accept": "application/json", "Accept-Encoding": settings.acceptEncoding,
      "Content-Type": "application/json", "User-Agent": settings.userAgent,
    ]
    return try await exchange(
      origin.description + target, headers, body: body, limit: settings.limits.bodySize)
  }

  private static func configuration(
    _ settings: ConnectionSettings
  ) throws(ConnectionSettingsError) -> HTTPClient.Configuration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if let path = settings.caFile {
      do {
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
      } catch {
        throw .caFile(path: path)
      }
    }
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(connect: TimeAmount(settings.timeouts.connect)),
      proxy: settings.proxy.map { proxy in
        .server(
          host: proxy.host, port: proxy.port,
          authorization: proxy.credentials.map { .basic(username: $0.user, password: $0.password) })
      },
      decompression: .enabled(limit: .ratio(settings.limits.inflation)))
    configuration.httpVersion = .http1Only
    // A page comes in fewer and larger pieces than from the buffers that are usual, which costs less for each byte.
    configuration.http1_1ConnectionDebugInitializer = { channel in
      channel.setOption(
        .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.receiveBuffer))
    }
    // Retries are decided, paced, counted and told above; the client's own would be none of these.
    configuration.connectionPool.retryConnectionEstablishment = false
    // Callers bound what is in flight; a request must never queue here behind others until it counts as unreachable.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
    return configuration
  }

  /// Bytes read from a connection at a time.
  private static let receiveBuffer = 256 << 10

  /// What an error of the libraries means here. Texts come only from errors known to hold no header and no URL.
  private func fault(_ error: any Error) -> TransportFault {
    switch error {
    case let error as HTTPClientError:
      switch error {
      case .cancelled: .cancelled
      case .deadlineExceeded: .timedOut(settings.timeouts.total)
      case .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .getConnectionFromPoolTimeout:
        .unreachable("no answer within \(settings.timeouts.connect)")
      case .proxyAuthenticationRequired: .proxyRefused("it wants a user name and password, or other ones")
      case .invalidProxyResponse: .unreachable("the proxy opened no tunnel")
      default: .interrupted(error.shortDescription)
      }
    case let error as NIOConnectionError where error.connectionErrors.isEmpty:
      .unreachable("the name \(error.host) could not be looked up")
    case let error as NIOConnectionError:
      .unreachable((error.connectionErrors.last?.error as? IOError).map(cause) ?? "nobody answers")
    case let error as NIOSSLError: tlsFault(error)
    case let error as NIOSSLExtraError: .untrusted(error.description)
    case is ResponseCollector.TooLarge: .bodyTooLarge(limit: settings.limits.bodySize)
    case NIOHTTPDecompression.DecompressionError.limit: .inflatedTooFar(ratio: settings.limits.inflation)
    case is NIOHTTPDecompression.DecompressionError: .undecodable("the compressed body is corrupt")
    case let error as NIOHTTPDecompression.ExtraDecompressionError:
      .undecodable("the compressed body has \(error.description)")
    case HTTPParserError.invalidEOFState: .interrupted("the other side closed it")
    case let error as HTTPParserError: .undecodable(error.debugDescription)
    case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE:
      .interrupted(cause(of: error))
    case let error as IOError: .unreachable(cause(of: error))
    case is ChannelError: .interrupted("the other side closed it")
    default: .interrupted(String(describing: type(of: error)))
    }
  }

  /// `Connection refused`
  private func cause(of error: IOError) -> String { String(cString: strerror(error.errnoCode)) }

  private func tlsFault(_ error: NIOSSLError) -> TransportFault {
    let text = String(describing: error)
    return text.contains("CERTIFICATE_VERIFY_FAILED")
      ? .untrusted("no trusted authority vouches for it") : .unreachable("TLS failed: \(reason(in: text))")
  }
}

extension AsyncHTTPClientTransport: NoticeTransport {
  package func send(to origin: Origin, _ target: String, body: [UInt8]?) async throws(TransportFault) -> Int {
    let headers: HTTPHeaders = [
      "Content-Type": "text/plain; charset=utf-8", "User-Agent": settings.userAgent,
    ]
    return try await exchange(origin.description + target, headers, body: body, limit: Self.longestReply)
      .status
  }

  /// Nobody reads what the service says.
  private static let longestReply = 1 << 20
}

/// The words of a TLS library's error, such as `WRONG_VERSION_NUMBER`, without the path of its source.
private func reason(in text: String) -> String {
  let words = text.split { !($0.isUppercase || $0 == "_") }.filter {
    $0.contains("_") && $0.first != "_" && $0.last != "_"
  }
  return words.isEmpty ? "the two sides do not agree" : words.joined(separator: ", ")
}

extension TimeAmount {
  fileprivate init(_ span: TimeSpan) { self = .microseconds(span.microseconds) }
}
