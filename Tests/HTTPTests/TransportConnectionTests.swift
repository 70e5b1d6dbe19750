import AuditRecord
import CloudsmithAPI
import Foundation
import TestSupport
import Testing

/// Who is spoken to, and who gets the key: TLS, proxies, redirects.
@Suite(.fewAtOnce) struct TransportConnectionTests {
  private let page = TransportProbe.page

  @Test func `a request carries the key, the product's name and what it accepts`() async throws {
    try await SocketServer.with([.response(headers: ["X-One: 1"], body: page)]) { server in
      let host = try server.host()
      let settings = try TransportProbe.settings(host)
      let response = try await TransportProbe.get("/v1/x/?query=%2B%3A", from: host, settings)
      #expect(response.status == 200)
      #expect(response.headers["x-one"] == "1")
      #expect(response.body == page)
      let lines = try #require(server.requests.first).components(separatedBy: "\r\n")
      #expect(lines.first == "GET /v1/x/?query=%2B%3A HTTP/1.1")
      for line in [
        "X-Api-Key: \(Sample.keyText)", "User-Agent: cloudsmith-audit-export/1.2.3",
        "Accept: application/json",
        "Accept-Encoding: identity",
      ] {
        #expect(lines.contains(line))
      }
    }
  }

  @Test func `if nothing listens, there is no connection`() async throws {
    let port = try await SocketServer.with([.silence]) { $0.port }
    for name in ["127.0.0.1", "localhost", "[::1]"] {
      let host = try APIHost("http://\(name):\(port)")
      await #expect(throws: TransportFault.unreachable("Connection refused")) {
        try await TransportProbe.get(from: host, TransportProbe.settings(host))
      }
    }
  }

  @Test func `a redirect to another host is refused and the key does not go there`() async throws {
    try await SocketServer.with([.response(body: page)]) { other in
      let location = "Location: http://127.0.0.1:\(other.port)/v1/audit-log/acme/"
      try await SocketServer.with([.response(302, headers: [location])]) { server in
        let host = try server.host()
        await #expect(throws: APIError.unsafe(.redirect(to: "http://127.0.0.1:\(other.port)"))) {
          try await self.client(host) { try await $0.page(1) }
        }
        #expect(server.requests.count == 1)
      }
      #expect(other.requests.isEmpty)
    }
  }

  @Test func `a redirect on the same host is followed with the key`() async throws {
    try await SocketServer.with([
      .response(301, headers: ["Location: /v1/moved/?page=1"]), .response(body: page),
    ]) { server in
      let host = try server.host()
      let outcome = try await client(host) { try await $0.page(1) }
      guard case .page(let page) = outcome else {
        Issue.record("it is not a page")
        return
      }
      #expect(page.parsed.recordCount == 1)
      #expect(server.requests.count == 2)
      #expect(server.requests.last?.hasPrefix("GET /v1/moved/?page=1 ") == true)
      #expect(server.requests.last?.contains("X-Api-Key: \(Sample.keyText)") == true)
    }
  }

  @Test func `TLS needs a trusted authority and the right name`() async throws {
    try await TestAuthority.with { authority in
      let tls = try authority.serverContext()
      try await SocketServer.with(tls: tls, [.response(body: page)]) { server in
        func get(_ name: String, caFile: String?) async throws -> [UInt8] {
          let host = try server.host("https", name)
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
    let host = APIHost.cloudsmith
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

  @Test func `a proxy is asked for a tunnel, with its own credentials and without the key`() async throws {
    try await SocketServer.with([.text("HTTP/1.1 200 OK\r\n\r\n"), .response(body: page)]) { proxy in
      let host = try APIHost("http://127.0.0.1:9")
      let settings = try TransportProbe.settings(host, proxy: "http://jane:p%40ss@127.0.0.1:\(proxy.port)")
      let response = try await TransportProbe.get("/x", from: host, settings)
      #expect(response.body == page)
      let connect = try #require(proxy.requests.first)
      #expect(connect.hasPrefix("CONNECT 127.0.0.1:9 "))
      #expect(connect.contains("proxy-authorization: Basic \(Data("jane:p@ss".utf8).base64EncodedString())"))
      #expect(!connect.contains(Sample.keyText))
      #expect(proxy.requests.last?.hasPrefix("GET /x ") == true)
      #expect(proxy.requests.last?.contains("Basic") == false)
    }
  }

  @Test func `the environment's proxy is used, unless NO_PROXY names the host`() async throws {
    try await SocketServer.with([.response(407)]) { proxy in
      // Another way to write 127.0.0.1 that is no loopback address by its text, and needs no lookup by name.
      let host = try APIHost("https://127.1:9")
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

  @Test func `a proxy that opens no tunnel is worth another attempt`() async throws {
    try await SocketServer.with([.response(503)]) { proxy in
      let host = try APIHost("https://localhost:9")
      let settings = try TransportProbe.settings(host, proxy: "http://127.0.0.1:\(proxy.port)")
      await #expect(throws: TransportFault.unreachable("the proxy opened no tunnel")) {
        try await TransportProbe.get(from: host, settings)
      }
    }
  }

  private func client<Result: Sendable>(
    _ host: APIHost, _ body: (AuditLogClient) async throws -> Result
  ) async throws -> Result {
    try await AsyncHTTPClientTransport.withTransport(TransportProbe.settings(host)) { transport in
      try await body(
        AuditLogClient(
          log: Sample.log, host: host, key: Sample.key, transport: transport, clock: ManualClock(),
          pace: .unlimited))
    }
  }
}
