internal import AsyncHTTPClient
internal import AuditRecord
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Fetches the certificates of a server that was not trusted, to find out why. The TLS library reports only that it was not.
///
/// Sends the beginning of a handshake and no more. The handshake always fails.
struct CertificateInquiry {
  let group: any EventLoopGroup
  let settings: ConnectionSettings

  /// The chain that the server presents, its own certificate first; empty if it cannot be read within the connect timeout.
  func chain(of origin: Origin) async -> [PresentedCertificate] {
    let loop = group.next()
    let found = loop.makePromise(of: [PresentedCertificate].self)
    let target =
      settings.proxy.map { (host: $0.host, port: $0.port) } ?? (host: origin.host, port: origin.port)
    let patience = TimeAmount.microseconds(settings.timeouts.connect.microseconds)
    let timeout = loop.scheduleTask(in: patience) { found.succeed([]) }
    let proxy = settings.proxy
    let connected = ClientBootstrap(group: loop).connectTimeout(patience)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handshake = try Self.handshake(with: origin, found)
          if let proxy {
            let tunnel = Tunnel(to: origin, through: proxy, then: handshake)
            try channel.pipeline.syncOperations.addHandler(tunnel)
          } else {
            try channel.pipeline.syncOperations.addHandler(handshake)
          }
        }
      }
      .connect(host: target.host, port: target.port)
    connected.whenSuccess { channel in channel.closeFuture.whenComplete { _ in found.succeed([]) } }
    connected.whenFailure { _ in found.succeed([]) }
    let chain: [PresentedCertificate]
    // The promise is only ever fulfilled, never failed.
    do { chain = try await found.futureResult.get() } catch { chain = [] }
    timeout.cancel()
    connected.whenSuccess { $0.close(promise: nil) }
    return chain
  }

  private static func handshake(
    with origin: Origin, _ found: EventLoopPromise<[PresentedCertificate]>
  ) throws -> NIOSSLClientHandler {
    let context = try NIOSSLContext(configuration: .makeClientConfiguration(trusting: []))
    return try NIOSSLClientHandler(
      context: context, serverHostname: origin.isAddress ? nil : origin.host,
      customVerificationCallback: { certificates, verdict in
        found.succeed(certificates.map(PresentedCertificate.init))
        verdict.succeed(.failed)
      })
  }
}

extension TLSConfiguration {
  fileprivate static func makeClientConfiguration(trusting roots: [NIOSSLCertificate]) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    tls.trustRoots = .certificates(roots)
    return tls
  }
}

extension PresentedCertificate {
  fileprivate init(_ certificate: NIOSSLCertificate) {
    notBefore = Timestamp(microseconds: Int64(certificate.notValidBefore) * 1_000_000)
    notAfter = Timestamp(microseconds: Int64(certificate.notValidAfter) * 1_000_000)
    // A certificate without DER bytes has no names to report.
    do { names = CertificateNames(der: try certificate.toDERBytes()) } catch {}
  }
}

extension Origin {
  /// Whether the host is an IP address.
  var isAddress: Bool {
    if host.contains(":") { return true }
    return !host.isEmpty && host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (48...57).contains($0) }
  }
}

/// Asks a proxy for a tunnel (`CONNECT`, RFC 9110, section 9.3.6), and hands it to another handler.
private final class Tunnel: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let request: String
  private let next: NIOSSLClientHandler
  private var answer = ByteBuffer()

  /// The most bytes in the head of a proxy's answer.
  private static let longestAnswer = 64 << 10

  init(to origin: Origin, through proxy: ProxyAddress, then next: NIOSSLClientHandler) {
    let host = origin.host.contains(":") ? "[\(origin.host)]:\(origin.port)" : "\(origin.host):\(origin.port)"
    let authorization = proxy.credentials.map {
      let value = HTTPClient.Authorization.basic(username: $0.user, password: $0.password).headerValue
      return "Proxy-Authorization: \(value)\r\n"
    }
    request = "CONNECT \(host) HTTP/1.1\r\nHost: \(host)\r\n\(authorization ?? "")\r\n"
    self.next = next
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    answer.writeBuffer(&bytes)
    let text = String(buffer: answer)
    guard text.contains("\r\n\r\n") else {
      if answer.readableBytes > Tunnel.longestAnswer { context.close(promise: nil) }
      return
    }
    let status = text.split(separator: " ").dropFirst().first ?? ""
    guard status.hasPrefix("2") else { return context.close(promise: nil) }
    do {
      // The server sends nothing before the handshake, so nothing of the answer is left over.
      try context.pipeline.syncOperations.addHandler(next, position: .last)
    } catch {
      return context.close(promise: nil)
    }
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }
}
