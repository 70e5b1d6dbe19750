import AuditRecord
import CloudsmithAPI
import TestSupport
import Testing

/// How a response arrives: whole, cut, packed, too large, too late.
struct TransportBodyTests {
  private let page = TransportProbe.page
  private let encoding = ["Content-Encoding: gzip"]

  private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    try TestCommand.run("gzip", ["-n", "-9", "-c"], input: bytes)
  }

  @Test func `a gzip body is unpacked`() async throws {
    let body = try gzip(page)
    #expect(try await TransportProbe.get(.response(headers: encoding, body: body)).body == page)
    #expect(try await TransportProbe.get(.chunked(headers: encoding, body: body)).body == page)
  }

  @Test func `a body shorter than it claims is a fault`() async {
    for ending in [SocketServer.Reply.Ending.close, .reset] {
      await TransportProbe.expectFault(.response(body: page, length: page.count + 1, ending)) {
        $0.isInterrupted
      }
      await TransportProbe.expectFault(.chunked(body: page, isWhole: false, ending)) { $0.isInterrupted }
    }
  }

  @Test func `a reset before, and an end instead of an answer are faults`() async {
    for ending in [SocketServer.Reply.Ending.close, .reset] {
      await TransportProbe.expectFault(.text("", ending)) { $0.isInterrupted }
      await TransportProbe.expectFault(.text("HTTP/1.1 200 OK\r\nContent-", ending)) { $0.isInterrupted }
    }
  }

  @Test func `what is not HTTP is a fault`() async {
    await TransportProbe.expectFault(.text("SSH-2.0-OpenSSH_9.2\r\n\r\n", .close)) { $0.isUndecodable }
  }

  @Test func `a gzip body cut at any place is a fault, however it is framed`() async throws {
    let whole = try gzip(page)
    let unframed = Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".utf8)
    for count in [0, 1, 9, 10, 11, whole.count / 2, whole.count - 8, whole.count - 4, whole.count - 1] {
      let cut = Array(whole.prefix(count))
      // Without a length, the end of the connection is the end of the body.
      for reply in [
        .response(headers: encoding, body: cut), .chunked(headers: encoding, body: cut),
        SocketServer.Reply(unframed + cut, .close),
      ] {
        await TransportProbe.expectFault(reply) { $0.isUndecodable }
      }
    }
    let response = try await TransportProbe.get(SocketServer.Reply(unframed + whole, .close))
    #expect(response.body == page)
  }

  @Test func `a gzip body with a wrong checksum, length, or something behind it is a fault`() async throws {
    let whole = try gzip(page)
    for index in [whole.count - 8, whole.count - 1, whole.count / 2, 0] {
      var body = whole
      body[index] ^= 0x10
      await TransportProbe.expectFault(.response(headers: encoding, body: body)) { $0.isUndecodable }
    }
    await TransportProbe.expectFault(.response(headers: encoding, body: whole + [0])) { $0.isUndecodable }
  }

  @Test func `a small body that grows beyond measure is refused`() async throws {
    let bomb = try gzip([UInt8](repeating: UInt8(ascii: " "), count: 1 << 19))
    await TransportProbe.expectFault(.response(headers: encoding, body: bomb)) {
      $0 == .inflatedTooFar(ratio: 200)
    }
    await TransportProbe.expectFault(.chunked(headers: encoding, body: bomb)) {
      $0 == .inflatedTooFar(ratio: 200)
    }
  }

  @Test func `a body beyond the limit is refused, announced or not, packed or not`() async throws {
    let large = (0..<(1 << 20) + 1).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    for reply in [
      .response(body: large), .chunked(body: large), .response(body: [], length: 1 << 40),
      .response(headers: encoding, body: try gzip(large)),
    ] as [SocketServer.Reply] {
      await TransportProbe.expectFault(reply) { $0 == .bodyTooLarge(limit: 1 << 20) }
    }
    #expect(try await TransportProbe.get(.response(body: Array(large.prefix(1 << 20)))).body.count == 1 << 20)
  }

  @Test func `silence, a body that does not end and one that stalls are timed out`() async {
    let span = TimeSpan.seconds(0.2)
    await TransportProbe.expectFault(.silence, total: span) { $0 == .timedOut(span) }
    await TransportProbe.expectFault(.response(body: page, length: 9_999), total: span) {
      $0 == .timedOut(span)
    }
    await TransportProbe.expectFault(
      .response(headers: encoding, body: [0x1f, 0x8b], length: 99), total: span
    ) {
      $0 == .timedOut(span)
    }
  }

  @Test(.timeLimit(.minutes(Int(Patience.seconds(60) / 60))))
  func `cancelling ends a request that nobody answers`() async throws {
    try await SocketServer.with([.silence]) { server in
      let host = try server.host()
      let settings = try TransportProbe.settings(host, total: .hours(1))
      try await AsyncHTTPClientTransport.withTransport(settings) { transport in
        let task = Task {
          try await transport.get(APIRequest(origin: host.origin, target: "/", key: Sample.key))
        }
        while server.requests.isEmpty { await Task.yield() }
        task.cancel()
        await #expect(throws: TransportFault.cancelled) { try await task.value }
      }
    }
  }

  @Test func `after a bad answer the next request is well`() async throws {
    let whole = try gzip(page)
    let bad: [SocketServer.Reply] = [
      .response(headers: encoding, body: Array(whole.dropLast(5))),
      .response(body: page, length: 9_999, .reset),
      .text("nonsense\r\n\r\n", .close),
    ]
    let replies = bad.flatMap { [$0, .response(headers: encoding, body: whole)] }
    try await SocketServer.with(replies) { server in
      let host = try server.host()
      try await AsyncHTTPClientTransport.withTransport(TransportProbe.settings(host)) { transport in
        let request = APIRequest(origin: host.origin, target: "/", key: Sample.key)
        for _ in bad {
          await #expect(throws: TransportFault.self) { try await transport.get(request) }
          let response = try await transport.get(request)
          #expect(response.body == page)
        }
      }
    }
  }
}
