internal import AsyncHTTPClient
internal import AuditRecord
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Platform

/// Requests over the network, by async-http-client on one event-loop thread.
///
/// HTTP/1.1 only: it is what the official clients speak to this API, a few pages in flight gain nothing from streams,
/// and every way a response can be cut is tested over it.
package struct AsyncHTTPClientTransport: HTTPTransport, TokenTransport {
  private let client: HTTPClient
  private let settings: ConnectionSettings
  private let inquiry: CertificateInquiry

  /// Opens the client, hands it to `body`, and closes it and its thread whatever `body` does.
  ///
  /// Throws `ConnectionSettingsError` when the CA file cannot be used or no more files can be opened, else what `body` throws.
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

  /// What cannot be closed ends with the process. It changes nothing about what was done with it.
  private static func end(
    _ client: HTTPClient, _ group: MultiThreadedEventLoopGroup, isolation: isolated (any Actor)? = #isolation
  ) async {
    do { try await client.shutdown() } catch {}
    do { try await group.shutdownGracefully() } catch {}
  }

  /// The network library ends the process when it cannot open what its thread needs.
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

  /// Three for the thread, one for a connection, and what looking up a name takes.
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
      // What is known to be too large is that, also when it takes too long to tell more of it.
      case .fault(let fault) where fault.isTimedOut: throw collector.begunMeasurement ?? fault
      case .fault(let fault): throw fault
      case .untrusted: throw .untrusted(await problem(with: origin, isNamed: true))
      case .wrongName: throw .untrusted(await problem(with: origin, isNamed: false))
      }
    }
  }

  /// Why a certificate is not trusted. The library says only that it is not, so that the server is asked for it once more.
  ///
  /// - Parameter isNamed: whether the certificate is for that host, as far as is known.
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
      // Bodies are decoded where they are collected.
      decompression: .disabled)
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
}

extension AsyncHTTPClientTransport: NoticeTransport {
  package func send(to origin: Origin, _ target: String, body: [UInt8]?) async throws(TransportFault) -> Int {
    let headers: HTTPHeaders = [
      "Content-Type": "text/plain; charset=utf-8", "User-Agent": settings.userAgent,
    ]
    var limits = settings.limits
    limits.bodySize = Self.longestReply
    return try await exchange(target, at: origin, headers, body: body, limits: limits).status
  }

  /// Nobody reads what the service says.
  private static let longestReply = 1 << 20
}

extension TimeAmount {
  fileprivate init(_ span: TimeSpan) { self = .microseconds(span.microseconds) }
}
