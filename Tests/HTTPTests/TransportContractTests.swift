import AuditRecord
import HTTP
import TestSupport
import Testing

/// The contract of `HTTPTransport.send`, against a server that reads and writes bytes.
@Suite(.fewAtOnce) struct TransportContractTests {
  private func send<Result: Sendable>(
    _ server: SocketServer, isolation: isolated (any Actor)? = #isolation,
    _ body: (AsyncHTTPClientTransport) async throws -> Result
  ) async throws -> Result {
    try await AsyncHTTPClientTransport.withTransport(TransportProbe.settings(server.origin()), body)
  }

  private func fault(_ body: () async throws -> Void) async throws -> TransportFault {
    do {
      try await body()
    } catch {
      return try #require(error as? TransportFault)
    }
    throw TransportFault.cancelled
  }

  // MARK: Requests

  /// A character of a path or query that needs no escape (RFC 3986, section 3.3).
  private static let plain = Array("ABCXYZabcxyz0189-._~!$&'()*+,;=:@")

  @Test func `a target is sent as it is, however it is encoded`() async throws {
    var targets = [
      "/", "/b/a%2Fb", "/b/a%20b+c%2Bd", "/b/!'~()*", "/b/%C3%A9%E2%82%AC%F0%9F%8E%89", "/b/%c3%a9",
      "/b/%25%2525",
      "/b/%7E%41", "//b//c/", "/b/%2E%2E/%2e", "/b/organization%3Da/day%3D1", "/b/%00%0D%0A%7F",
      "/b?uploads=",
      "/b?a=%2B&b=+&c=%20&d=/?:@&e", "/b?prefix=%2F&delimiter=/&marker=%26%3D%23", "/?",
      "/b/;a=1,2", "/b:8",
    ]
    func escape(_ byte: UInt8) -> String {
      "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
    }
    var random = SeededRandom(seed: 41)
    for _ in 0..<200 {
      var target = "/"
      for _ in 0..<Int.random(in: 1...30, using: &random) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: target += "/"
        case 1...4:
          let scalar = Unicode.Scalar(
            UInt32.random(in: 0..<0xD800, using: &random) >> Int.random(in: 0...9, using: &random))
          target += (scalar.map(String.init) ?? "").utf8.map(escape).joined()
        default: target.append(Self.plain.randomElement(using: &random) ?? "a")
        }
      }
      targets.append(target)
    }
    let asked = targets
    try await SocketServer.with([.response()]) { server in
      try await send(server) { transport in
        for target in asked { _ = try await transport.send(HTTPRequest("GET", server.origin(), target)) }
      }
      for (sent, target) in zip(server.received.map(\.target), asked) {
        #expect(sent == target)
      }
      #expect(server.received.count == asked.count && server.connections == 1)
    }
  }

  @Test func `a path that is not UTF-8 is not sent, rather than as another path`() async throws {
    try await SocketServer.with([.response()]) { server in
      for target in ["/b/%FF", "/%C3", "/b/%C0%AF?a=b", "/b/%", "/b/%4", "/b/%zz"] {
        let fault = try await fault {
          try await send(server) { _ = try await $0.send(HTTPRequest("DELETE", server.origin(), target)) }
        }
        #expect(fault == .unreachable("the path of the request is not UTF-8") && !fault.mayBeCarriedOut)
      }
      #expect(server.received.isEmpty)
    }
  }

  @Test func `fields are sent in their order, and none but three are added`() async throws {
    let own = [
      ("Host", "bucket.example"), ("X-B", "1"), ("x-a", "2  3"), ("Content-Type", "text/csv"),
      ("If-None-Match", "*"), ("Authorization", "AWS4-HMAC-SHA256 Credential=a/b, Signature=c"),
    ]
    let body = Array("abc".utf8)
    try await SocketServer.with([.response()]) { server in
      try await send(server) { transport in
        for method in ["GET", "HEAD", "PUT", "POST", "DELETE"] {
          for body in method == "PUT" || method == "POST" ? [[], body] : [[]] {
            let fields = own.map { HeaderField($0.0, $0.1) }
            _ = try await transport.send(
              HTTPRequest(method, server.origin(), "/", headers: fields, body: body))
          }
        }
      }
      for request in server.received {
        let fields = request.fields
        #expect(fields.prefix(own.count).map(\.name) == own.map(\.0))
        #expect(fields.prefix(own.count).map(\.value) == own.map(\.1))
        let added = Dictionary(
          uniqueKeysWithValues: fields.dropFirst(own.count).map { ($0.name.lowercased(), $0.value) })
        #expect(Set(added.keys).isSubset(of: ["user-agent", "content-length", "connection"]))
        #expect(added["user-agent"] == "tests/1.2.3")
        let hasLength = request.method == "PUT" || request.method == "POST"
        #expect(added["content-length"] == (hasLength ? "\(request.body.count)" : nil))
      }
      #expect(server.received.map(\.method) == ["GET", "HEAD", "PUT", "PUT", "POST", "POST", "DELETE"])
    }
  }

  @Test func `a body of any size arrives as it is`() async throws {
    try await SocketServer.with([.response()]) { server in
      for count in [1, 65_535, 65_536, 1 << 22, (20 << 20) + 3] {
        let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        try await send(server) {
          _ = try await $0.send(HTTPRequest("PUT", server.origin(), "/", body: body))
        }
        #expect(server.received.last?.body == body, "\(count) bytes")
      }
    }
  }

  @Test func `an answer before the end of the body counts`() async throws {
    let body = [UInt8](repeating: 7, count: 20 << 20)
    try await SocketServer.with([.response(403, body: Array("no".utf8))], .afterHead) { server in
      let response = try await send(server) {
        try await $0.send(HTTPRequest("PUT", server.origin(), "/", body: body))
      }
      #expect(response.status == 403 && response.body == Array("no".utf8))
    }
  }

  @Test func `a request prints without header fields, query and body`() {
    let request = HTTPRequest(
      "PUT", Origin(scheme: .https, host: "a.example"), "/b?token=\(TransportProbe.secret)",
      headers: [HeaderField("Authorization", TransportProbe.secret)], body: Array(TransportProbe.secret.utf8))
    let text = TransportProbe.everyText(of: request)
    #expect(text.contains("PUT https://a.example/b, 31 bytes") && !text.contains(TransportProbe.secret))
  }

  // MARK: Responses

  @Test func `responses without a body keep their length, and the connection goes on`() async throws {
    let fields = ["ETag: \"e\"", "Content-Encoding: gzip"]
    let replies: [SocketServer.Reply] = [
      .response(200, headers: fields, length: 5 << 30), .response(204, headers: fields, length: 7),
      .response(304, headers: fields, length: 9), .response(404, headers: fields, length: 11),
    ]
    try await SocketServer.with(replies) { server in
      try await send(server) { transport in
        for (method, status, length) in [
          ("HEAD", 200, 5 << 30), ("DELETE", 204, 7), ("GET", 304, 9), ("HEAD", 404, 11),
        ] {
          var request = HTTPRequest(method, server.origin(), "/", limits: ResponseLimits(bodySize: 10))
          request.decodesContent = true
          let response = try await transport.send(request)
          #expect(response.status == status && response.body.isEmpty)
          #expect(response.headers.count("Content-Length") == length && response.headers["etag"] == "\"e\"")
        }
      }
      #expect(server.connections == 1)
    }
  }

  @Test func `without decoding a body is as the server stores it`() async throws {
    let stored = try Command.output("gzip", ["-n", "-c"], input: TransportProbe.page)
    for name in ["gzip", "br", "aws-chunked"] {
      try await SocketServer.with([.response(headers: ["Content-Encoding: \(name)"], body: stored)]) {
        server in
        let response = try await send(server) { try await $0.send(HTTPRequest("GET", server.origin(), "/")) }
        #expect(response.body == stored)
        #expect(!server.requests.joined().lowercased().contains("accept-encoding"))
      }
    }
  }

  @Test func `a body beyond the limit is a fault, and is not read if its length is announced`() async throws {
    let large = [UInt8](repeating: 1, count: 1_001)
    for reply in [
      .response(body: large), .chunked(body: large), .response(body: [1], length: 1 << 40),
    ] as [SocketServer.Reply] {
      try await SocketServer.with([reply]) { server in
        let request = HTTPRequest("GET", server.origin(), "/", limits: ResponseLimits(bodySize: 1_000))
        await #expect {
          try await send(server) { _ = try await $0.send(request) }
        } throws: { error in
          guard case .bodyTooLarge(1_000, let answer)? = error as? TransportFault else { return false }
          return answer.start.isEmpty && answer.measured == nil
        }
      }
    }
    try await SocketServer.with([.response(500, body: large)]) { server in
      let request = HTTPRequest("GET", server.origin(), "/", limits: ResponseLimits(bodySize: 1_000))
      let response = try await send(server) { try await $0.send(request) }
      #expect(response.status == 500 && response.body.isEmpty)
    }
  }

  @Test func `no redirect is followed and no status repeats a request`() async throws {
    for status in [301, 302, 307, 308, 408, 429, 500, 503] {
      try await SocketServer.with([.response(status, headers: ["Location: /x", "Retry-After: 0"])]) {
        server in
        let response = try await send(server) {
          try await $0.send(HTTPRequest("PUT", server.origin(), "/", body: [1]))
        }
        #expect(response.status == status && server.received.count == 1)
      }
    }
  }

  // MARK: Connections and faults

  @Test func `a kept connection that ends at the next request is a fault that leaves the write open`()
    async throws
  {
    for ending in [SocketServer.Reply.Ending.close, .reset] {
      for body in [[], [1]] as [[UInt8]] {
        try await SocketServer.with([.response(), .text("", ending), .response()]) { server in
          let request = HTTPRequest("PUT", server.origin(), "/", body: body)
          try await send(server) { transport in
            _ = try await transport.send(request)
            let fault = try await self.fault { _ = try await transport.send(request) }
            #expect(fault.isInterrupted && fault.mayBeCarriedOut)
            #expect(server.received.count == 2 && server.connections == 1)
            #expect(try await transport.send(request).status == 200)
          }
          #expect(server.received.count == 3 && server.connections == 2)
        }
      }
    }
  }

  @Test func `a request that cannot have arrived is told from one that may be carried out`() async throws {
    let port = try await SocketServer.with([.silence]) { $0.port }
    let closed = Origin(scheme: .http, host: "127.0.0.1", port: port)
    let refused = try await fault {
      _ = try await TransportProbe.get(from: closed, TransportProbe.settings(closed))
    }
    #expect(refused.isUnreachable && !refused.mayBeCarriedOut)
    let open: [SocketServer.Reply] = [
      .text("", .close), .text("", .reset), .text("HTTP/1.1 200 OK\r\nContent-", .close),
      .response(body: [1], length: 2, .close), .text("nonsense\r\n\r\n", .close),
      .response(body: [1], length: 9),
    ]
    for reply in open {
      try await SocketServer.with([reply]) { server in
        let request = HTTPRequest("PUT", server.origin(), "/", body: [1], timeout: .seconds(0.3))
        let fault = try await fault { try await send(server) { _ = try await $0.send(request) } }
        #expect(fault.mayBeCarriedOut && server.received.count == 1, "\(fault)")
      }
    }
    try await SocketServer.with([.response(407)]) { proxy in
      let origin = Origin(scheme: .https, host: "a.example")
      let settings = try TransportProbe.settings(origin, proxy: "http://127.0.0.1:\(proxy.port)")
      let fault = try await fault { _ = try await TransportProbe.get(from: origin, settings) }
      #expect(fault.isProxyRefused && !fault.mayBeCarriedOut)
      #expect(proxy.requests.allSatisfy { $0.hasPrefix("CONNECT a.example:443 ") })
    }
  }

  @Test func `an error of TLS after the request leaves the write open, and one before does not`() async throws
  {
    try await TestAuthority.with { authority in
      let tls = try authority.serverContext()
      let nonsense = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
      for bytes in [
        nonsense, [23, 3, 3, 0, 40] + [UInt8](repeating: 9, count: 40), [21, 3, 3, 0, 2, 2, 49],
      ] {
        try await SocketServer.with(tls: tls, [.response(), SocketServer.Reply(bytes, .pastTLS)]) { server in
          let origin = server.origin(.https, "localhost")
          let settings = try TransportProbe.settings(origin, caFile: authority.caFile)
          try await AsyncHTTPClientTransport.withTransport(settings) { transport in
            let request = HTTPRequest("PUT", origin, "/", body: [1])
            _ = try await transport.send(request)
            let fault = try await self.fault { _ = try await transport.send(request) }
            #expect(fault.isInterrupted && fault.mayBeCarriedOut, "\(fault)")
          }
          #expect(server.received.count == 2)
        }
      }
      try await SocketServer.with(tls: tls, [.response()]) { server in
        let origin = server.origin(.https, "localhost")
        let fault = try await fault {
          _ = try await TransportProbe.get(from: origin, TransportProbe.settings(origin))
        }
        #expect(fault.isUntrusted && !fault.mayBeCarriedOut && server.received.isEmpty)
      }
    }
  }

  @Test func `a request's own timeout replaces that of the settings`() async throws {
    try await SocketServer.with([.silence]) { server in
      let request = HTTPRequest("GET", server.origin(), "/", timeout: .seconds(0.2))
      let fault = try await fault { try await send(server) { _ = try await $0.send(request) } }
      #expect(fault == .timedOut(.seconds(0.2)))
    }
  }

  @Test func `cancelling ends an upload whose answer never comes`() async throws {
    try await SocketServer.with([.silence]) { server in
      let request = HTTPRequest(
        "PUT", server.origin(), "/", body: [UInt8](repeating: 0, count: 1 << 20), timeout: .hours(1))
      try await send(server) { transport in
        let task = Task { try await transport.send(request) }
        while server.received.isEmpty { await Task.yield() }
        task.cancel()
        await #expect(throws: TransportFault.cancelled) { try await task.value }
        let cancelled = Task {
          withUnsafeCurrentTask { $0?.cancel() }
          return try await transport.send(request)
        }
        await #expect(throws: TransportFault.cancelled) { try await cancelled.value }
      }
    }
  }

  @Test func `requests one after the other share a connection, and those at once have their own`()
    async throws
  {
    try await SocketServer.with([.response(body: [1])]) { server in
      try await send(server) { transport in
        let request = HTTPRequest("GET", server.origin(), "/")
        for _ in 0..<5 { _ = try await transport.send(request) }
        #expect(server.connections == 1)
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
          for _ in 0..<8 { group.addTask { try await transport.send(request).body } }
          for try await body in group { #expect(body == [1]) }
        }
        #expect(server.connections <= 8 && server.received.count == 13)
      }
    }
  }
}
