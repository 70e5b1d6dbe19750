internal import AsyncHTTPClient
internal import AuditRecord
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Platform

/// Sends requests over the network with async-http-client, on one event-loop thread.
///
/// HTTP/1.1 only: the official clients use it for this API, a few pages in flight gain nothing from HTTP/2, and the tests
/// cut responses in every way over it. TLS is version 1.2 or later.
package struct AsyncHTTPClientTransport: HTTPTransport, TokenTransport {
  private let client: HTTPClient
  private let settings: ConnectionSettings
  private let inquiry: CertificateInquiry

  /// Opens a transport for the duration of `body`, and closes its connections and its thread afterwards.
  ///
  /// - Throws: `ConnectionSettingsError` if the CA file cannot be used or the process may open too few files; else the error
  ///   of `body`.
  package static func withTransport<Result>(
    _ settings: ConnectionSettings, isolation: isolated (any Actor)? = #isolation,
    _ body: (AsyncHTTPClientTransport) async throws -> Result
  ) async throws -> Result {
    let configuration = try configuration(settings)
    try checkOpenFiles()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = HTTPClient(eventLoopGroup: group, configuration: configuration)
    let result: Result
    do {
      let inquiry = CertificateInquiry(group: group, settings: settings)
      let transport = AsyncHTTPClientTransport(client: client, settings: settings, inquiry: inquiry)
      result = try await body(transport)
    } catch {
      await end(client, group)
      throw error
    }
    await end(client, group)
    return result
  }

  /// A failure to close changes nothing about the requests made. The process closes the rest when it ends.
  private static func end(
    _ client: HTTPClient, _ group: MultiThreadedEventLoopGroup, isolation: isolated (any Actor)? = #isolation
  ) async {
    do { try await client.shutdown() } catch {}
    do { try await group.shutdownGracefully() } catch {}
  }

  /// The network library ends the process if its thread cannot open files, so check first.
  private static func checkOpenFiles() throws(ConnectionSettingsError) {
    var descriptors: [Int32] = []
    defer { for descriptor in descriptors { close(descriptor) } }
    for _ in 0..<leastOpenFiles {
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        guard errno == EMFILE || errno == ENFILE else { return }
        throw .tooFewOpenFiles
      }
      descriptors.append(descriptor)
    }
  }

  /// Three for the thread, one for a connection, two for looking up a name.
  private static let leastOpenFiles = 6

  package func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    let headers: HTTPHeaders = [
      "Accept": "application/json", "Accept-Encoding": settings.acceptEncoding,
      "User-Agent": settings.userAgent,
      request.key.field.name: request.key.field.value,
    ]
    return try await exchange(
      request.target, at: request.origin, headers, limits: settings.limits, measures: request.measuresBody)
  }

  private func exchange(
    _ target: String, at origin: Origin, _ headers: HTTPHeaders, body: [UInt8]? = nil, limits: ResponseLimits,
    measures: Bool = false
  ) async throws(TransportFault) -> APIResponse {
    let collector = ResponseCollector(limits: limits, measures: measures)
    do {
      let message = try HTTPClient.Request(
        url: origin.description + target, method: body == nil ? .GET : .POST, headers: headers,
        body: body.map { .bytes($0) })
      let task = client.execute(
        request: message,
        delegate: collector,
        deadline: .now() + TimeAmount(settings.timeouts.total))
      return try await withTaskCancellationHandler {
        try await task.get()
      } onCancel: {
        task.cancel()
      }
    } catch {
      switch LibraryError(error, settings).meaning {
      // A body known to be too large is reported as that, even if measuring it took too long.
      case .fault(let fault) where fault.isTimedOut: throw collector.begunMeasurement ?? fault
      case .fault(let fault): throw fault
      case .untrusted: throw .untrusted(await problem(with: origin, isNamed: true))
      case .wrongName: throw .untrusted(await problem(with: origin, isNamed: false))
      }
    }
  }

  /// Finds out why a certificate is not trusted. Fetches it again, because the library reports only that it is not.
  ///
  /// - Parameter isNamed: whether the certificate is for this host, as far as is known.
  private func problem(with origin: Origin, isNamed: Bool) async -> TLSProblem {
    let chain = await inquiry.chain(of: origin)
    guard isNamed else { return .wrongName(host: origin.host, names: chain.first?.names.hosts ?? []) }
    return TLSProblem(
      untrusted: chain, caFile: settings.caFile,
      hasAuthorities: settings.caFile != nil || TrustStore.path() != nil, now: SystemClock().now)
  }

  package func post(
    _ body: [UInt8], to target: String, at origin: Origin
  ) async throws(TransportFault) -> APIResponse {
    let headers: HTTPHeaders = [
      "Accept": "application/json", "Accept-Encoding": settings.acceptEncoding,
      "Content-Type": "application/json", "User-Agent": settings.userAgent,
    ]
    return try await exchange(target, at: origin, headers, body: body, limits: settings.limits)
  }

  private static func configuration(
    _ settings: ConnectionSettings
  ) throws(ConnectionSettingsError) -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: try .trusting(caFile: settings.caFile), redirectConfiguration: .disallow,
      timeout: .init(connect: TimeAmount(settings.timeouts.connect)),
      proxy: settings.proxy.map { proxy in
        .server(
          host: proxy.host, port: proxy.port,
          authorization: proxy.credentials.map { .basic(username: $0.user, password: $0.password) })
      },
      // `ResponseCollector` decodes bodies.
      decompression: .disabled)
    configuration.httpVersion = .http1Only
    // Larger buffers than usual deliver a page in fewer pieces, which costs less per byte.
    configuration.http1_1ConnectionDebugInitializer = { channel in
      channel.setOption(
        .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.receiveBuffer))
    }
    // `AuditLogClient` decides, paces and counts retries.
    configuration.connectionPool.retryConnectionEstablishment = false
    // Callers limit the requests in flight. A request that queued here could time out as unreachable.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
    return configuration
  }

  /// The most bytes read from a connection at a time.
  private static let receiveBuffer = 256 << 10
}

extension AsyncHTTPClientTransport: HeartbeatTransport {
  package func send(to origin: Origin, _ target: String, body: [UInt8]?) async throws(TransportFault) -> Int {
    let headers: HTTPHeaders = [
      "Content-Type": "text/plain; charset=utf-8", "User-Agent": settings.userAgent,
    ]
    var limits = settings.limits
    limits.bodySize = Self.longestReply
    return try await exchange(target, at: origin, headers, body: body, limits: limits).status
  }

  /// The most bytes of a reply to a ping. Its text is not used.
  private static let longestReply = 1 << 20
}

extension TimeAmount {
  fileprivate init(_ span: TimeSpan) { self = .microseconds(span.microseconds) }
}
