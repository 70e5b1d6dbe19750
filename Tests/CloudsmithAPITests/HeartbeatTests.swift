import AuditRecord
import CloudsmithAPI
import HTTP
import Synchronization
import TestSupport
import Testing

/// Takes what a dead man's switch would, and answers as it is told.
private final class Switch: HeartbeatTransport {
  struct Sign: Hashable {
    var url: String
    var body: String?
  }

  private let state: Mutex<(replies: [Result<Int, TransportFault>], signs: [Sign])>

  init(_ replies: [Result<Int, TransportFault>] = [.success(200)]) {
    state = Mutex((replies, []))
  }

  var signs: [Sign] { state.withLock(\.signs) }

  func send(to origin: Origin, _ target: String, body: [UInt8]?) async throws(TransportFault) -> Int {
    let reply = state.withLock { state in
      state.signs.append(
        Sign(url: "\(origin)\(target)", body: body.map { String(decoding: $0, as: UTF8.self) }))
      return state.replies.count > 1 ? state.replies.removeFirst() : state.replies[0]
    }
    return try reply.get()
  }
}

@Suite(.fewAtOnce) struct HeartbeatTests {
  private static let text = "cloudsmith-audit-export: done: acme: 3 events & more\nhigh-water mark"

  private func sign(
    _ url: String, isSuccess: Bool, text: String = HeartbeatTests.text, duration: TimeSpan = .seconds(2)
  ) async throws -> Switch.Sign {
    let device = Switch()
    let notice = Heartbeat(isSuccess: isSuccess, text: text, duration: duration)
    try await notice.deliver(to: HeartbeatURL(url), by: device, clock: ManualClock())
    #expect(device.signs.count == 1)
    return try #require(device.signs.first)
  }

  @Test(arguments: [
    ("https://hc-ping.com/0b1c-4d", "https://hc-ping.com/0b1c-4d", "https://hc-ping.com/0b1c-4d/fail"),
    (
      "https://hc-ping.com/pingkey/nightly?create=1", "https://hc-ping.com/pingkey/nightly?create=1",
      "https://hc-ping.com/pingkey/nightly/fail?create=1"
    ),
    (
      " https://checks.example:8443/ping/u/ ", "https://checks.example:8443/ping/u/",
      "https://checks.example:8443/ping/u/fail"
    ),
    ("http://127.0.0.1:8000/ping/u#x", "http://127.0.0.1:8000/ping/u", "http://127.0.0.1:8000/ping/u/fail"),
  ])
  func `Healthchecks gets a POST with the text at its URL or the /fail path`(
    url: String, success: String, failure: String
  ) async throws {
    #expect(try await sign(url, isSuccess: true) == Switch.Sign(url: success, body: HeartbeatTests.text))
    #expect(try await sign(url, isSuccess: false) == Switch.Sign(url: failure, body: HeartbeatTests.text))
  }

  @Test func `Cronitor gets state and message`() async throws {
    let url = "https://cronitor.link/p/KEY/nightly"
    let message = "message=cloudsmith-audit-export%3A%20done%3A%20acme%3A%203%20events%20%26%20more"
    #expect(try await sign(url, isSuccess: true) == Switch.Sign(url: "\(url)?state=complete&\(message)"))
    #expect(
      try await sign(url + "?env=prod", isSuccess: false)
        == Switch.Sign(url: "\(url)?env=prod&state=fail&\(message)"))
  }

  @Test func `Uptime Kuma gets status, msg and a ping duration`() async throws {
    let url = "https://kuma.example/api/push/TOKEN"
    let message = "msg=cloudsmith-audit-export%3A%20done%3A%20acme%3A%203%20events%20%26%20more"
    let shown = url + "?status=up&msg=OK&ping="
    #expect(
      try await sign(shown, isSuccess: true) == Switch.Sign(url: "\(url)?status=up&\(message)&ping=2000"))
    #expect(
      try await sign(url, isSuccess: false, duration: .days(3))
        == Switch.Sign(url: "\(url)?status=down&\(message)&ping=86400000"))
  }

  @Test func `a long text is truncated between two characters`() async throws {
    let long = String(repeating: "é", count: 9_000)
    let body = try #require(try await sign("https://hc-ping.com/u", isSuccess: true, text: "a" + long).body)
    #expect(body.utf8.count == 9_999 && body == "a" + long.prefix(4_999))
    let url = try await sign("https://cronitor.link/p/K/m", isSuccess: true, text: long).url
    #expect(url.hasSuffix("message=" + String(repeating: "%C3%A9", count: 250)))
  }

  @Test func `a temporary failure is tried three times a second apart, a final failure once`() async throws {
    let passing: [Result<Int, TransportFault>] = [
      .success(500), .success(429), .failure(.unreachable("x")), .failure(.timedOut(.seconds(5))),
    ]
    for reply in passing {
      let clock = ManualClock()
      let device = Switch([reply, reply, .success(200)])
      try await notice.deliver(to: HeartbeatURL("https://hc-ping.com/u"), by: device, clock: clock)
      #expect(device.signs.count == 3 && clock.slept == [.seconds(1), .seconds(1)])
      let silent = Switch([reply])
      await #expect(throws: HeartbeatError.self) {
        try await self.notice.deliver(to: HeartbeatURL("https://hc-ping.com/u"), by: silent, clock: clock)
      }
      #expect(silent.signs.count == 3)
    }
    for reply in [.success(404), .success(301), .failure(.untrusted(.notTLS))]
      as [Result<Int, TransportFault>]
    {
      let device = Switch([reply])
      await #expect(throws: HeartbeatError.self) {
        try await self.notice.deliver(
          to: HeartbeatURL("https://hc-ping.com/u"), by: device, clock: ManualClock())
      }
      #expect(device.signs.count == 1)
    }
  }

  private let notice = Heartbeat(isSuccess: true, text: "done", duration: .zero)

  @Test(arguments: [
    ("nonsense", NoticeURLError.notAURL), ("", .notAURL), ("ftp://example.com/x", .notAURL),
    ("https://", .notAURL), ("hc-ping.com/u", .notAURL), ("https://example.com/a b", .notAURL),
    ("http://hc-ping.com/u", .plainHTTP), ("http://10.0.0.1/u", .plainHTTP),
    ("https://user:secret@hc-ping.com/u", .userInfo),
  ])
  func `an invalid or unencrypted URL is refused without repeating it`(
    text: String, error: NoticeURLError
  ) {
    #expect(throws: error) { try HeartbeatURL(text) }
    if text.count > 10 { #expect(!"\(error)".contains(text)) }
  }

  @Test func `the URL is redacted however Swift prints it`() throws {
    let url = try HeartbeatURL("https://hc-ping.com/5up3r-53cr3t?create=1")
    #expect(!Sample.everyText(of: url).contains("5up3r-53cr3t"))
  }

  @Test func `over a socket, the text is sent without the key, and no redirect is followed`() async throws {
    let replies: [SocketServer.Reply] = [
      .response(200, body: Array("OK".utf8), .close),
      .response(302, headers: ["Location: /elsewhere"], .close),
    ]
    try await SocketServer.with(replies) { server in
      let host = try server.host()
      let url = try HeartbeatURL("\(host)/ping/u")
      let settings = try host.settings()
      try await AsyncHTTPClientTransport.withTransport(settings) { transport in
        try await notice.deliver(to: url, by: transport, clock: ManualClock())
        let failed = Heartbeat(isSuccess: false, text: "", duration: .zero)
        await #expect(throws: HeartbeatError.refused(status: 302)) {
          try await failed.deliver(to: url, by: transport, clock: ManualClock())
        }
      }
      let heads = server.requests
      #expect(try heads.count == 2 && heads.at(0).hasPrefix("POST /ping/u HTTP/1.1"))
      #expect(try heads.at(1).contains("POST /ping/u/fail HTTP/1.1"))
      #expect(try heads.at(0).lowercased().contains("content-type: text/plain; charset=utf-8"))
      #expect(!heads.joined().lowercased().contains("x-api-key"))
    }
  }
}
