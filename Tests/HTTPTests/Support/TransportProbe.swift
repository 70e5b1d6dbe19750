import AuditRecord
import HTTP
import TestSupport
import Testing

/// The real transport, and one request through it to a server that does as it is told.
struct TransportProbe {
  static let secret = "0123456789abcdef-the-secret-key"
  /// A body that compresses well.
  static let page = Array(#"[{"uuid":"a","event_at":"2024-02-12T10:30:45.123456Z","context":""}]"#.utf8)
  /// How much of a body beyond the limits is reported.
  static let startLength = 16 << 10

  static func settings(
    _ origin: Origin, proxy: String? = nil, caFile: String? = nil, environment: [String: String] = [:],
    total: TimeSpan? = nil
  ) throws -> ConnectionSettings {
    var settings = try ConnectionSettings(
      origin: origin, proxy: proxy, caFile: caFile, environment: environment, userAgent: "tests/1.2.3",
      role: ServerRole(name: "server", secret: "the secret"))
    settings.timeouts.total = total ?? .seconds(ScaledTimeout.seconds(10))
    if total == nil { settings.timeouts.connect = settings.timeouts.total }
    return settings
  }

  /// A GET whose content is decoded, with a secret that no fault may hold.
  static func request(_ origin: Origin, _ target: String = "/", bodySize: Int = 1 << 20) -> HTTPRequest {
    var request = HTTPRequest(
      "GET", origin, target, headers: [HeaderField("X-Api-Key", secret)],
      limits: ResponseLimits(bodySize: bodySize))
    request.limits.startLength = startLength
    request.decodesContent = true
    return request
  }

  static func get(
    _ target: String = "/", from origin: Origin, _ settings: ConnectionSettings, bodySize: Int = 1 << 20
  ) async throws -> HTTPResponse {
    try await AsyncHTTPClientTransport.withTransport(settings) { transport in
      try await transport.send(request(origin, target, bodySize: bodySize))
    }
  }

  /// What one request gives when the server answers with `reply`.
  static func get(
    _ reply: SocketServer.Reply, total: TimeSpan? = nil, bodySize: Int = 1 << 20
  ) async throws -> HTTPResponse {
    try await SocketServer.with([reply]) { server in
      try await get(from: server.origin(), settings(server.origin(), total: total), bodySize: bodySize)
    }
  }

  /// Expects that request to end in a fault that `isRight`, and that does not hold the secret.
  static func expectFault(
    _ reply: SocketServer.Reply, total: TimeSpan? = nil, bodySize: Int = 1 << 20,
    sourceLocation: SourceLocation = #_sourceLocation, _ isRight: @escaping (TransportFault) -> Bool
  ) async {
    await #expect(sourceLocation: sourceLocation) {
      try await get(reply, total: total, bodySize: bodySize)
    } throws: { error in
      guard let fault = error as? TransportFault else { return false }
      return isRight(fault) && !everyText(of: fault).contains(secret)
    }
  }

  /// Every text that Swift can make of a value.
  static func everyText(of value: Any) -> String {
    var dumped = ""
    dump(value, to: &dumped)
    return "\(value)" + String(reflecting: value) + String(describing: value) + dumped
  }
}

extension TransportFault {
  var isUnreachable: Bool { if case .unreachable = self { true } else { false } }
  var isInterrupted: Bool { if case .interrupted = self { true } else { false } }
  var isUndecodable: Bool { if case .undecodable = self { true } else { false } }
  var isUntrusted: Bool { if case .untrusted = self { true } else { false } }
  var isProxyRefused: Bool { if case .proxyRefused = self { true } else { false } }
}

extension SocketServer {
  func origin(_ scheme: Origin.Scheme = .http, _ name: String = "127.0.0.1") -> Origin {
    Origin(scheme: scheme, host: name, port: port)
  }
}
