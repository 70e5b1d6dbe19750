import AuditRecord
import Foundation
import HTTP
import TestSupport
import Testing

/// Who is spoken to: TLS, trust, proxies.
@Suite(.fewAtOnce) struct TransportConnectionTests {
  private let page = TransportProbe.page

  @Test func `a connection to a closed port fails`() async throws {
    let port = try await SocketServer.with([.silence]) { $0.port }
    for name in ["127.0.0.1", "localhost", "::1"] {
      let host = Origin(scheme: .http, host: name, port: port)
      await #expect(throws: TransportFault.unreachable("Connection refused")) {
        try await TransportProbe.get(from: host, TransportProbe.settings(host))
      }
    }
  }

  @Test func `TLS requires a trusted authority and the right name`() async throws {
    try await TestAuthority.with { authority in
      let tls = try authority.serverContext()
      try await SocketServer.with(tls: tls, [.response(body: page)]) { server in
        func get(_ name: String, caFile: String?) async throws -> [UInt8] {
          let host = server.origin(.https, name)
          return try await TransportProbe.get(from: host, TransportProbe.settings(host, caFile: caFile)).body
        }
        let body = try await get("localhost", caFile: authority.caFile)
        #expect(body == page)
        #expect(server.requests.count == 1)
        for (name, caFile) in [("localhost", nil), ("127.0.0.1", authority.caFile)] {
          await #expect {
            try await get(name, caFile: caFile)
          } throws: { error in
            (error as? TransportFault)?.isUntrusted == true
          }
        }
        #expect(server.requests.count == 1)
      }
    }
  }

  @Test func `a CA file that cannot be used is refused before any request`() async throws {
    let host = Origin(scheme: .https, host: "api.example")
    let missing = ConnectionSettingsError.caFileUnreadable(
      path: "/nowhere/ca.pem", why: "No such file or directory")
    for (path, error) in [
      ("/nowhere/ca.pem", missing), ("/dev/null", .caFile(path: "/dev/null")),
      ("/", .caFileUnreadable(path: "/", why: "Is a directory")),
    ] {
      await #expect(throws: error) {
        try await AsyncHTTPClientTransport.withTransport(TransportProbe.settings(host, caFile: path)) { _ in }
      }
    }
  }

  @Test func `a proxy gets a CONNECT request with its own credentials and without the key`() async throws {
    try await SocketServer.with([.text("HTTP/1.1 200 OK\r\n\r\n"), .response(body: page)]) { proxy in
      let host = Origin(scheme: .http, host: "127.0.0.1", port: 9)
      let settings = try TransportProbe.settings(host, proxy: "http://jane:p%40ss@127.0.0.1:\(proxy.port)")
      let response = try await TransportProbe.get("/x", from: host, settings)
      #expect(response.body == page)
      let connect = try #require(proxy.requests.first)
      #expect(connect.hasPrefix("CONNECT 127.0.0.1:9 "))
      #expect(connect.contains("proxy-authorization: Basic \(Data("jane:p@ss".utf8).base64EncodedString())"))
      #expect(!connect.contains(TransportProbe.secret))
      #expect(proxy.requests.last?.hasPrefix("GET /x ") == true)
      #expect(proxy.requests.last?.contains("Basic") == false)
    }
  }

  @Test func `the environment's proxy is used, unless NO_PROXY names the host`() async throws {
    try await SocketServer.with([.response(407)]) { proxy in
      // Another way to write 127.0.0.1 that is no loopback address by its text, and needs no lookup by name.
      let host = Origin(scheme: .https, host: "127.1", port: 9)
      var environment = ["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)"]
      let throughProxy = try TransportProbe.settings(host, environment: environment)
      await #expect {
        try await TransportProbe.get(from: host, throughProxy)
      } throws: { error in
        (error as? TransportFault)?.isProxyRefused == true
      }
      #expect(proxy.requests.count == 1)
      environment["NO_PROXY"] = "127.1"
      let direct = try TransportProbe.settings(host, environment: environment)
      await #expect(throws: TransportFault.unreachable("Connection refused")) {
        try await TransportProbe.get(from: host, direct)
      }
      #expect(proxy.requests.count == 1)
    }
  }

  @Test func `a proxy that refuses the tunnel is retried`() async throws {
    try await SocketServer.with([.response(503)]) { proxy in
      let host = Origin(scheme: .https, host: "localhost", port: 9)
      let settings = try TransportProbe.settings(host, proxy: "http://127.0.0.1:\(proxy.port)")
      await #expect(throws: TransportFault.unreachable("the proxy opened no tunnel")) {
        try await TransportProbe.get(from: host, settings)
      }
    }
  }
}
