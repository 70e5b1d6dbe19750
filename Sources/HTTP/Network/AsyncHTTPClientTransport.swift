internal import AsyncHTTPClient
internal import AuditRecord
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Platform

/// Sends requests over the network with async-http-client, on one event-loop thread.
///
/// Keeps connections open, and reuses them for requests to the same origin. HTTP/1.1 only: a few requests in flight gain nothing
/// from HTTP/2, and the tests cut responses in every way over it. TLS is version 1.2 or later.
package struct AsyncHTTPClientTransport: HTTPTransport {
  package let settings: ConnectionSettings
  private let client: HTTPClient
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
      let transport = AsyncHTTPClientTransport(settings: settings, client: client, inquiry: inquiry)
      result = try await body(transport)
    } catch {
      await end(client, group)
      throw error
    }
    await end(client, group)
    return result
  }

  /// Opens a transport that stays open until the process ends.
  ///
  /// - Throws: if the CA file cannot be used or the process may open too few files.
  package static func opened(_ settings: ConnectionSettings) throws(ConnectionSettingsError)
    -> AsyncHTTPClientTransport
  {
    let configuration = try configuration(settings)
    try checkOpenFiles()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = HTTPClient(eventLoopGroup: group, configuration: configuration)
    // The library demands that a client is shut down before it goes.
    _ = Unmanaged.passRetained(client)
    return AsyncHTTPClientTransport(
      settings: settings, client: client, inquiry: CertificateInquiry(group: group, settings: settings))
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

  package func send(_ request: HTTPRequest) async throws(TransportFault) -> HTTPResponse {
    let collector = ResponseCollector(request)
    let timeout = request.timeout ?? settings.timeouts.total
    do {
      let task = client.execute(
        request: try message(request), delegate: collector, deadline: .now() + TimeAmount(timeout))
      return try await withTaskCancellationHandler {
        try await task.get()
      } onCancel: {
        task.cancel()
      }
    } catch {
      var timeouts = settings.timeouts
      timeouts.total = timeout
      switch LibraryError(error, settings, timeouts).meaning {
      // A body known to be too large is reported as that, even if measuring it took too long.
      case .fault(.timedOut(let span)): throw collector.begunMeasurement ?? .timedOut(span)
      // Errors of connecting and of TLS also occur on an open connection. The server may have carried out the request then. Only
      // the demand for a client certificate can come after the request (RFC 8446, section 4.4.2.4), which is not carried out.
      case .fault(.unreachable(let cause)) where collector.isRequestSent: throw .interrupted(cause)
      case .fault(.untrusted(let problem)) where collector.isRequestSent && problem != .clientCertificate:
        throw .interrupted("\(problem)")
      case .fault(let fault): throw fault
      case .untrusted: throw .untrusted(await problem(with: request.origin, isNamed: true))
      case .wrongName: throw .untrusted(await problem(with: request.origin, isNamed: false))
      }
    }
  }

  private func message(_ request: HTTPRequest) throws -> HTTPClient.Request {
    // The library would send the path `/` instead.
    guard PercentEncoding.decode(String(request.target.prefix { $0 != "?" })) != nil else {
      throw TransportFault.unreachable("the path of the request is not UTF-8")
    }
    var headers = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
    if !headers.contains(name: "User-Agent") { headers.add(name: "User-Agent", value: settings.userAgent) }
    return try HTTPClient.Request(
      url: request.url, method: HTTPMethod(rawValue: request.method), headers: headers,
      body: request.body.isEmpty ? nil : .bytes(request.body))
  }

  /// Finds out why a certificate is not trusted. Fetches it again, because the library reports only that it is not.
  ///
  /// - Parameter isNamed: false if the certificate is known to be for another host.
  private func problem(with origin: Origin, isNamed: Bool) async -> TLSProblem {
    let chain = await inquiry.chain(of: origin)
    guard isNamed else { return .wrongName(host: origin.host, names: chain.first?.names.hosts ?? []) }
    return TLSProblem(
      untrusted: chain, caFile: settings.caFile,
      hasAuthorities: settings.caFile != nil || TrustStore.path() != nil, now: SystemClock().now)
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
    // Callers decide, pace and count retries.
    configuration.connectionPool.retryConnectionEstablishment = false
    // Callers limit the requests in flight. A request that queued here could time out as unreachable.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
    return configuration
  }

  /// The most bytes read from a connection at a time.
  private static let receiveBuffer = 256 << 10
}

extension TimeAmount {
  fileprivate init(_ span: TimeSpan) { self = .microseconds(span.microseconds) }
}
