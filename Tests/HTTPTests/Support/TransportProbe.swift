import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

/// The real transport, and one request through it to a server that does as it is told.
struct TransportProbe {
  /// A body that is a page.
  static let page = Array(Sample.page.utf8)

  static func settings(
    _ host: APIHost, proxy: String? = nil, caFile: String? = nil, environment: [String: String] = [:],
    total: TimeSpan? = nil, bodySize: Int = 1 << 20
  ) throws -> ConnectionSettings {
    var settings = try ConnectionSettings(
      host: host, proxy: proxy, caFile: caFile, environment: environment, version: "1.2.3")
    settings.limits.bodySize = bodySize
    settings.timeouts.total = total ?? .seconds(Patience.seconds(10))
    if total == nil { settings.timeouts.connect = settings.timeouts.total }
    return settings
  }

  static func get(
    _ target: String = "/", from host: APIHost, _ settings: ConnectionSettings
  ) async throws -> APIResponse {
    try await AsyncHTTPClientTransport.withTransport(settings) { transport in
      try await transport.get(APIRequest(origin: host.origin, target: target, key: Sample.key))
    }
  }

  /// What one request gives when the server answers with `reply`.
  static func get(
    _ reply: SocketServer.Reply, total: TimeSpan? = nil, bodySize: Int = 1 << 20
  ) async throws -> APIResponse {
    try await SocketServer.with([reply]) { server in
      let host = try server.host()
      return try await get(from: host, settings(host, total: total, bodySize: bodySize))
    }
  }

  /// Expects that request to end in a fault that `isRight`, and that does not hold the key.
  static func expectFault(
    _ reply: SocketServer.Reply, total: TimeSpan? = nil, bodySize: Int = 1 << 20,
    sourceLocation: SourceLocation = #_sourceLocation, _ isRight: @escaping (TransportFault) -> Bool
  ) async {
    await #expect(sourceLocation: sourceLocation) {
      try await get(reply, total: total, bodySize: bodySize)
    } throws: { error in
      guard let fault = error as? TransportFault else { return false }
      return isRight(fault) && !Sample.everyText(of: fault).contains(Sample.keyText)
    }
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
  func host(_ scheme: String = "http", _ name: String = "127.0.0.1") throws -> APIHost {
    try APIHost("\(scheme)://\(name):\(port)")
  }
}
