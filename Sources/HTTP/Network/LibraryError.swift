internal import AsyncHTTPClient
internal import AuditRecord
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Platform

/// Translates an error of the network libraries.
///
/// Texts come only from errors that are known to hold no header field and no URL, and never from the name of a type.
struct LibraryError {
  enum Meaning {
    case fault(TransportFault)
    /// The certificate is not trusted. The library does not say why.
    case untrusted
    /// The certificate is trusted, but for another host.
    case wrongName
  }

  let meaning: Meaning

  /// - Parameter timeouts: of the request.
  init(_ error: any Error, _ settings: ConnectionSettings, _ timeouts: RequestTimeouts) {
    meaning = LibraryError.meaning(of: error, settings, timeouts)
  }

  private static func meaning(
    of error: any Error, _ settings: ConnectionSettings, _ timeouts: RequestTimeouts
  ) -> Meaning {
    switch error {
    case let fault as TransportFault: .fault(fault)
    case let error as HTTPClientError: .fault(fault(error, timeouts))
    case let error as NIOConnectionError:
      // Failures after the connection was made, such as the setup of TLS, arrive here too.
      error.connectionErrors.last.map { meaning(of: $0.error, settings, timeouts) }
        ?? .fault(.unreachable("the name \(error.host) could not be looked up"))
    case NIOSSLError.handshakeFailed(let error): tls(error)
    case NIOSSLError.uncleanShutdown: .fault(.interrupted("the server closed it"))
    case is NIOSSLError: .fault(.unreachable("TLS failed"))
    case let error as NIOSSLExtraError
    where [.failedToValidateHostname, .serverHostnameImpossibleToMatch].contains(error):
      .wrongName
    case is NIOSSLExtraError: .fault(.unreachable("TLS failed: the host name is not valid for TLS"))
    // Only the setup of TLS throws this error by itself, if there is nothing to trust.
    case is BoringSSLError where settings.caFile == nil && TrustStore.path() == nil:
      .fault(.untrusted(.noAuthorities))
    case let error as BoringSSLError: tls(error)
    case HTTPParserError.invalidEOFState: .fault(.interrupted("the server closed it"))
    case let error as HTTPParserError: .fault(.undecodable("it is not HTTP (\(error.debugDescription))"))
    case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode):
      .fault(.interrupted(cause(of: error)))
    case let error as IOError: .fault(.unreachable(cause(of: error)))
    case is ChannelError: .fault(.interrupted("the server closed it"))
    case is CancellationError: .fault(.cancelled)
    default: .fault(.interrupted("no reason is known"))
    }
  }

  private static func fault(_ error: HTTPClientError, _ timeouts: RequestTimeouts) -> TransportFault {
    switch error {
    case .cancelled: .cancelled
    case .deadlineExceeded: .timedOut(timeouts.total)
    case .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .getConnectionFromPoolTimeout:
      .unreachable("no answer within \(timeouts.connect)")
    case .proxyAuthenticationRequired:
      .proxyRefused("it requires a user name and password, or rejected those that were sent")
    case .invalidProxyResponse: .unreachable("the proxy opened no tunnel")
    case .remoteConnectionClosed: .interrupted("the server closed it")
    // The text in parentheses names source files of the library.
    default: .interrupted(error.shortDescription.prefix { $0 != "(" }.trimmingPrefix(" ").lowercased())
    }
  }

  private static func tls(_ error: BoringSSLError) -> Meaning {
    switch error {
    case .sslError(let stack), .unknownError(let stack):
      if stack.contains(.eofDuringHandshake) {
        return .fault(.unreachable("the other side closed it during the TLS handshake"))
      }
      let words = stack.map(\.description).joined(separator: " ")
      if words.contains("CERTIFICATE_VERIFY_FAILED") { return .untrusted }
      if let problem = TLSProblem(handshake: words) { return .fault(.untrusted(problem)) }
      return .fault(.unreachable("TLS failed: \(reason(in: words))"))
    default: return .fault(.unreachable("TLS failed"))
    }
  }

  /// `Connection refused`
  private static func cause(of error: IOError) -> String { String(cString: strerror(error.errnoCode)) }

  /// The reason in a TLS library's error, such as `internal error`, without paths of its source.
  private static func reason(in text: String) -> String {
    let words = text.split { !($0.isUppercase || $0 == "_") }.filter {
      $0.contains("_") && $0.first != "_" && $0.last != "_"
    }
    guard !words.isEmpty else { return "the two sides do not agree" }
    return words.map { $0.replacing("_", with: " ").lowercased() }.joined(separator: ", ")
  }
}
