import AuditRecord
import HTTP
import TestSupport
import Testing

/// How a response arrives: whole, cut, packed, too large, too late.
struct TransportBodyTests {
  private let page = TransportProbe.page
  private let encoding = ["Content-Encoding: gzip"]

  private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    try Command.output("gzip", ["-n", "-9", "-c"], input: bytes)
  }

  @Test func `a gzip body is inflated`() async throws {
    let body = try gzip(page)
    #expect(try await TransportProbe.get(.response(headers: encoding, body: body)).body == page)
    #expect(try await TransportProbe.get(.chunked(headers: encoding, body: body)).body == page)
  }

  @Test func `a body shorter than its stated length is a fault`() async {
    for ending in [SocketServer.Reply.Ending.close, .reset] {
      await TransportProbe.expectFault(.response(body: page, length: page.count + 1, ending)) {
        $0.isInterrupted
      }
      await TransportProbe.expectFault(.chunked(body: page, isWhole: false, ending)) { $0.isInterrupted }
    }
  }

  @Test func `a reset connection or an end before the response is a fault`() async {
    for ending in [SocketServer.Reply.Ending.close, .reset] {
      await TransportProbe.expectFault(.text("", ending)) { $0.isInterrupted }
      await TransportProbe.expectFault(.text("HTTP/1.1 200 OK\r\nContent-", ending)) { $0.isInterrupted }
    }
  }

  @Test func `a response that is not HTTP is a fault`() async {
    await TransportProbe.expectFault(.text("SSH-2.0-OpenSSH_9.2\r\n\r\n", .close)) { $0.isUndecodable }
  }

  @Test func `a gzip body truncated anywhere is a fault, with any framing`() async throws {
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

  @Test func `a gzip body with a wrong checksum, wrong length or trailing bytes is a fault`() async throws {
    let whole = try gzip(page)
    for index in [whole.count - 8, whole.count - 1, whole.count / 2, 0] {
      var body = whole
      body[index] ^= 0x10
      await TransportProbe.expectFault(.response(headers: encoding, body: body)) { $0.isUndecodable }
    }
    await TransportProbe.expectFault(.response(headers: encoding, body: whole + [0])) { $0.isUndecodable }
  }

  @Test func `a gzip body of several members is one body, in any chunks`() async throws {
    for place in [0, 1, page.count / 2, page.count] {
      let body = try gzip(Array(page[..<place])) + gzip(Array(page[place...])) + gzip([])
      #expect(try await TransportProbe.get(.response(headers: encoding, body: body)).body == page)
      for count in [body.count - 1, body.count - 19, 11] {
        await TransportProbe.expectFault(.response(headers: encoding, body: Array(body.prefix(count)))) {
          $0.isUndecodable
        }
      }
    }
  }

  @Test(arguments: [
    ("x-gzip", ["gzip"]), ("GZIP", ["gzip"]), ("deflate", ["zlib"]), ("Deflate", ["raw"]), ("identity", []),
    ("gzip, gzip", ["gzip", "gzip"]), ("deflate,identity , x-gzip", ["zlib", "gzip"]), ("", []),
  ])
  func `every name of gzip and deflate in HTTP is decoded`(name: String, steps: [String])
    async throws
  {
    var body = page
    for step in steps { body = try packed(body, as: step) }
    let headers = ["Content-Encoding: \(name)"]
    #expect(try await TransportProbe.get(.response(headers: headers, body: body)).body == page)
    #expect(try await TransportProbe.get(.chunked(headers: headers, body: body)).body == page)
    guard steps.contains(where: { $0 != "raw" }) else { return }
    await TransportProbe.expectFault(.response(headers: headers, body: body + [0])) { $0.isUndecodable }
    await TransportProbe.expectFault(.response(headers: headers, body: body.dropLast())) { $0.isUndecodable }
  }

  private func packed(_ bytes: [UInt8], as kind: String) throws -> [UInt8] {
    guard kind != "gzip" else { return try gzip(bytes) }
    let window = kind == "zlib" ? 15 : -15
    let script = """
      import sys, zlib
      c = zlib.compressobj(6, zlib.DEFLATED, \(window))
      sys.stdout.buffer.write(c.compress(sys.stdin.buffer.read()) + c.flush())
      """
    return try Command.output("python3", ["-c", script], input: bytes)
  }

  @Test(arguments: [
    ("br", "its Content-Encoding is 'br', but only gzip and deflate are supported"),
    ("gzip, zstd", "its Content-Encoding is 'zstd', but only gzip and deflate are supported"),
    ("gzip", "its Content-Encoding is gzip, but its body is not"),
    ("gzip, gzip, gzip, gzip", "its Content-Encoding has too many codings"),
    (
      TransportProbe.secret + "-and-more",
      "its Content-Encoding is unknown; only gzip and deflate are supported"
    ),
  ])
  func `an unknown content coding is named, and no other text of the server`(
    name: String, sentence: String
  ) async {
    await TransportProbe.expectFault(.response(headers: ["Content-Encoding: \(name)"], body: page)) {
      $0 == .undecodable(sentence)
    }
  }

  @Test func `a refusal is recognized by its status, whatever the content coding`() async throws {
    for status in [401, 404, 503] {
      for name in ["br", "gzip"] {
        let reply = SocketServer.Reply.response(status, headers: ["Content-Encoding: \(name)"], body: page)
        let response = try await TransportProbe.get(reply)
        #expect(response.status == status && response.body.isEmpty)
      }
    }
  }

  @Test func `a small body that inflates too much is refused above a few MiB`() async throws {
    let floor = ResponseLimits().inflationFloor
    let small = [UInt8](repeating: UInt8(ascii: "x"), count: floor)
    let large = small + [0x20]
    for (body, isRefused) in [(small, false), (large, true)] {
      let once = try gzip(body)
      for (coding, packed) in [("gzip", once), ("gzip, gzip", try gzip(once))] {
        for reply in [
          .response(headers: ["Content-Encoding: \(coding)"], body: packed),
          .chunked(headers: ["Content-Encoding: \(coding)"], body: packed),
        ] as [SocketServer.Reply] {
          if isRefused {
            await TransportProbe.expectFault(reply, bodySize: 64 << 20) { fault in
              guard case .inflatedTooFar(200, let answer) = fault else { return false }
              return answer.start == Array(large.prefix(TransportProbe.startLength))
            }
          } else {
            #expect(try await TransportProbe.get(reply, bodySize: 64 << 20).body.count == floor)
          }
        }
      }
    }
  }

  @Test func `a body over the limit is refused, with or without stated length and gzip`() async throws {
    let place = ["X-Pagination-Page: 2"]
    let large = (0..<(1 << 20) + 1).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    for reply in [
      .response(headers: place, body: large), .chunked(headers: place, body: large),
      .response(headers: place, body: Array(large.prefix(20_000)), length: 1 << 40),
      .response(headers: place + encoding, body: try gzip(large)),
    ] as [SocketServer.Reply] {
      await TransportProbe.expectFault(reply) { fault in
        guard case .bodyTooLarge(1_048_576, let answer) = fault else { return false }
        return answer.start == Array(large.prefix(TransportProbe.startLength))
          && answer.headers["X-Pagination-Page"] == "2"
      }
    }
    #expect(try await TransportProbe.get(.response(body: Array(large.prefix(1 << 20)))).body.count == 1 << 20)
  }

  @Test func `a body over the limit is measured on request without being kept`() async throws {
    let large = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) | 1 }
    var measurement = TextMeasurement()
    large.withUnsafeBytes { measurement.add($0) }
    for reply in [
      .response(body: large), .chunked(body: large), .response(headers: encoding, body: try gzip(large)),
    ] as [SocketServer.Reply] {
      try await SocketServer.with([reply]) { server in
        var request = TransportProbe.request(server.origin())
        request.measuresBody = true
        let asked = request
        await #expect {
          try await AsyncHTTPClientTransport.withTransport(TransportProbe.settings(server.origin())) {
            try await $0.send(asked)
          }
        } throws: { error in
          guard case .bodyTooLarge(1_048_576, let answer)? = error as? TransportFault else { return false }
          return answer.start == Array(large.prefix(TransportProbe.startLength))
            && answer.measured == measurement.text
        }
      }
    }
  }

  @Test func `a silent server, an endless body and a stalled body time out`() async {
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

  @Test(.timeLimit(.minutes(Int(ScaledTimeout.seconds(60) / 60))))
  func `cancelling ends a request without a response`() async throws {
    try await SocketServer.with([.silence]) { server in
      let settings = try TransportProbe.settings(server.origin(), total: .hours(1))
      try await AsyncHTTPClientTransport.withTransport(settings) { transport in
        let task = Task { try await transport.send(TransportProbe.request(server.origin())) }
        while server.requests.isEmpty { await Task.yield() }
        task.cancel()
        await #expect(throws: TransportFault.cancelled) { try await task.value }
      }
    }
  }

  @Test func `after a bad response, the next request succeeds`() async throws {
    let whole = try gzip(page)
    let bad: [SocketServer.Reply] = [
      .response(headers: encoding, body: Array(whole.dropLast(5))),
      .response(body: page, length: 9_999, .reset),
      .text("nonsense\r\n\r\n", .close),
    ]
    let replies = bad.flatMap { [$0, .response(headers: encoding, body: whole)] }
    try await SocketServer.with(replies) { server in
      try await AsyncHTTPClientTransport.withTransport(TransportProbe.settings(server.origin())) {
        transport in
        let request = TransportProbe.request(server.origin())
        for _ in bad {
          await #expect(throws: TransportFault.self) { try await transport.send(request) }
          let response = try await transport.send(request)
          #expect(response.body == page)
        }
      }
    }
  }
}
