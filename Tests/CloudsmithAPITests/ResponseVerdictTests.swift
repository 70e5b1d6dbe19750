import AuditRecord
import CloudsmithAPI
import HTTP
import Testing

struct ResponseVerdictTests {
  private let now = Timestamp(microseconds: 784_111_777_000_000)  // Sun, 06 Nov 1994 08:49:37 GMT

  private func verdict(
    _ status: Int, _ body: String = "", page: Int = 1, _ headers: [(String, String)] = []
  ) -> ResponseVerdict {
    ResponseVerdict(
      APIResponse(status: status, headers: HeaderFields(headers), body: Array(body.utf8)), page: page,
      key: Sample.key, now: now)
  }

  @Test func `the body of a 200 response is read`() {
    #expect(verdict(200) == .body)
  }

  @Test(arguments: [201, 202, 203, 204, 205, 206, 207, 226, 299])
  func `any other success status is retried without reading its body`(status: Int) {
    #expect(verdict(status, "[]") == .retry(.status(Answer(status: status)), asked: nil))
    #expect(verdict(status, #"{"detail":"x"}"#) == .retry(.status(Answer(status: status)), asked: nil))
    let later = [("Retry-After", "30"), ("X-Request-Id", "r")]
    #expect(
      verdict(status, "", later)
        == .retry(.status(Answer(status: status, requestID: "r")), asked: .seconds(30)))
  }

  @Test func `each refusal has its own error`() {
    let body = #"{"detail": "No."}"#
    func answer(_ status: Int) -> Answer { Answer(status: status, detail: "No.") }
    #expect(verdict(401, body) == .refused(.keyRefused(answer(401))))
    #expect(verdict(403, body) == .refused(.keyRefused(answer(403))))
    #expect(verdict(402, body) == .refused(.planWithoutAuditLog(answer(402))))
    #expect(verdict(404, body) == .refused(.notFound(answer(404))))
    for status in [300, 304, 400, 405, 406, 409, 410, 413, 414, 418, 422, 431, 451, 501, 505] {
      #expect(verdict(status, body) == .refused(.requestRefused(answer(status))))
    }
  }

  @Test func `404 to a later page is the end of the list`() {
    #expect(verdict(404, page: 2) == .pastTheEnd)
    #expect(verdict(404, page: 900) == .pastTheEnd)
  }

  @Test(arguments: [408, 425, 429, 500, 502, 503, 504, 507, 520, 524, 599])
  func `a temporary failure is retried`(status: Int) {
    #expect(verdict(status) == .retry(.status(Answer(status: status)), asked: nil))
  }

  @Test(arguments: [301, 302, 303, 307, 308])
  func `a redirect names its target`(status: Int) {
    #expect(verdict(status, "", [("location", "/x")]) == .redirect(location: "/x"))
    #expect(verdict(status) == .redirect(location: nil))
  }

  @Test(
    arguments: [
      ("3304", .seconds(3_304)), ("0", .zero), ("1.5", .seconds(1.5)),
      ("Sun, 06 Nov 1994 08:50:37 GMT", .minutes(1)),
      ("Sun, 06 Nov 1994 10:49:37 GMT", .hours(2)), ("Sun, 06 Nov 1994 08:00:00 GMT", .zero), ("soon", nil),
      ("Fri, 31 Dec 9999 23:59:59 GMT", nil), ("1e300", nil), ("-1", nil), ("9223372036854775807", nil),
      ("Sun, 31 Feb 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 24:49:37 GMT", nil),
      ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
      ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil), ("", nil),
    ] as [(String, TimeSpan?)])
  func `Retry-After is read as seconds or a date`(value: String, span: TimeSpan?) {
    for status in [429, 503] {
      #expect(
        verdict(status, "", [("Retry-After", value)]) == .retry(.status(Answer(status: status)), asked: span))
    }
  }

  @Test func `a date is relative to the clock of the response`() {
    let headers = [
      ("Retry-After", "Mon, 01 Jan 2024 00:00:30 GMT"), ("Date", "Mon, 01 Jan 2024 00:00:00 GMT"),
    ]
    #expect(verdict(503, "", headers) == .retry(.status(Answer(status: 503)), asked: .seconds(30)))
  }

  @Test func `only a 429 without Retry-After follows the rate headers`() {
    let interval = [("X-RateLimit-Interval", "3303.5"), ("X-RateLimit-Reset", "784111800")]
    #expect(verdict(429, "", interval) == .retry(.status(Answer(status: 429)), asked: .seconds(3_303.5)))
    let reset = [("X-RateLimit-Reset", "784111800")]
    #expect(verdict(429, "", reset) == .retry(.status(Answer(status: 429)), asked: .seconds(23)))
    #expect(verdict(500, "", interval) == .retry(.status(Answer(status: 500)), asked: nil))
  }

  private func detail(_ body: String) -> String? {
    if case .refused(.requestRefused(let answer)) = verdict(400, body) { return answer.detail }
    return nil
  }

  @Test(
    arguments: [
      (#"{"detail":"Not found."}"#, "Not found."),
      (#"{"detail":" a\n\u001b[31mb\u0000 \u202ec "}"#, "a [31mb c"),
      (
        #"{"detail":"Invalid input.","code":"invalid","fields":{"query":["Bad.","No."],"page":["Huh."]}}"#,
        "Invalid input. page: Huh. query: Bad. No."
      ),
      (#"{"detail":"a","fields":{"x":"y"}}"#, "a"), (#"{"detail":"a","fields":[]}"#, "a"),
      (#"{"detail":""}"#, nil), (#"{}"#, nil), (#"{"detail":5}"#, nil), ("<html>", nil), ("", nil),
      ("[]", nil),
      (#"{"detail":"your key \#(Sample.keyText) is bad"}"#, "your key [redacted] is bad"),
    ] as [(String, String?)])
  func `the error detail is one printable line without the key`(body: String, text: String?) {
    #expect(detail(body) == text)
  }

  @Test func `the length of the error detail is limited`() {
    let long = String(repeating: "é", count: 5_000)
    #expect(detail(#"{"detail":"\#(long)"}"#)?.count == 300)
    #expect(detail(#"{"detail":"x","more":"\#(String(repeating: "y", count: 70_000))"}"#) == nil)
  }

  @Test func `the request's identifier is kept for support`() {
    let answer = Answer(status: 403, requestID: "8d1f-LHR")
    #expect(verdict(403, "", [("cf-ray", "8d1f-LHR")]) == .refused(.keyRefused(answer)))
    #expect(answer.description == "status 403, request 8d1f-LHR")
  }
}

/// Through the client, because what a redirect leads to is its business.
struct RedirectTests {
  /// The targets that were asked for when the first answer redirects to `location`.
  private func targets(after location: String?) async -> (targets: [String], error: APIError?) {
    let headers = location.map { [("Location", $0)] } ?? []
    let transport = ScriptedTransport([.status(308, headers: headers), .status(200, "[]")])
    let client = AuditLogClient(
      log: Sample.log, host: .cloudsmith, key: Sample.key, transport: transport, clock: ManualClock())
    do {
      _ = try await client.page(1)
      return (transport.requests.map(\.target), nil)
    } catch {
      return (transport.requests.map(\.target), error)
    }
  }

  @Test(arguments: [
    ("/v1/other/?page=1", "/v1/other/?page=1"), ("https://api.cloudsmith.io/x/", "/x/"),
    ("HTTPS://API.cloudsmith.io:443/x?y#z", "/x?y"), ("//api.cloudsmith.io/x", "/x"),
    ("https://api.cloudsmith.io", "/"),
    ("https://api.cloudsmith.io?a=b", "/?a=b"),
  ])
  func `a redirect on the same host is followed`(location: String, target: String) async {
    let (targets, error) = await targets(after: location)
    #expect(error == nil)
    #expect(targets.dropFirst() == [target])
  }

  @Test(
    arguments: [
      ("https://evil.example/x", "https://evil.example"),
      ("http://api.cloudsmith.io/x", "http://api.cloudsmith.io"),
      ("https://api.cloudsmith.io:8443/x", "https://api.cloudsmith.io:8443"),
      ("//evil.example/x", "https://evil.example"),
      ("https://api.cloudsmith.io@evil.example/", "https://evil.example"),
      ("https://u:p@api.cloudsmith.io/", "https://api.cloudsmith.io"),
      ("ftp://api.cloudsmith.io/", "another scheme"),
      ("x/y", "an invalid location"), ("/a b", "an invalid location"), (nil, "an invalid location"),
      ("https://", "an invalid location"), ("/\\evil.example", "an invalid location"),
    ] as [(String?, String)])
  func `any other redirect is refused, and nothing is sent to its target`(location: String?, place: String)
    async
  {
    let (targets, error) = await targets(after: location)
    #expect(error == .unsafe(.redirect(to: place)))
    #expect(targets.count == 1)
  }

  @Test func `a third redirect is refused`() async {
    let hop = ScriptedTransport.Reply.status(302, headers: [("Location", "/again")])
    let transport = ScriptedTransport([hop, hop, hop, .status(200, "[]")])
    let client = AuditLogClient(
      log: Sample.log, host: .cloudsmith, key: Sample.key, transport: transport, clock: ManualClock())
    await #expect(throws: APIError.unsafe(.tooManyRedirects)) { try await client.page(1) }
    #expect(transport.requests.count == 3)
  }
}

struct RetryPolicyTests {
  private let policy = RetryPolicy()

  private func next(
    _ policy: RetryPolicy = RetryPolicy(), after number: Int, asked: TimeSpan? = nil,
    waited: TimeSpan = .zero,
    random: Double = 0.5
  ) -> RetryPolicy.Action {
    policy.next(afterTry: number, asked: asked, waited: waited, random: random)
  }

  @Test func `the longest backoff doubles with each attempt, up to the cap`() {
    let policy = RetryPolicy(attempts: 100)
    let most = [1, 2, 4, 8, 16, 32, 64, 120, 120, 120].map(TimeSpan.seconds)
    for (index, span) in most.enumerated() {
      #expect(next(policy, after: index + 1, random: 1) == .backOff(span))
      #expect(next(policy, after: index + 1, random: 0.5) == .backOff(.seconds(span.seconds / 2)))
      #expect(next(policy, after: index + 1, random: 0) == .backOff(.zero))
    }
    #expect(next(policy, after: 99, random: 1) == .backOff(.seconds(120)))
  }

  @Test func `the sixth failure is final`() {
    #expect(next(after: 5) != .giveUp)
    #expect(next(after: 6) == .giveUp)
    #expect(next(after: 6, asked: .seconds(1)) == .giveUp)
    #expect(next(RetryPolicy(attempts: 1), after: 1) == .giveUp)
  }

  @Test func `a wait requested by the API is obeyed, even an hour`() {
    #expect(next(after: 1, asked: .seconds(3_304)) == .obey(.seconds(3_304)))
    #expect(next(after: 1, asked: .hours(2)) == .obey(.hours(2)))
  }

  @Test func `a shorter wait requested by the API does not shorten the backoff`() {
    #expect(next(after: 5, asked: .seconds(1), random: 0.5) == .backOff(.seconds(8), asked: .seconds(1)))
    #expect(next(after: 5, asked: .zero, random: 0.5) == .backOff(.seconds(8)))
  }

  @Test func `the waits requested by the API for one page are limited`() {
    #expect(next(after: 1, asked: .seconds(7_200.000001)) == .refuseToWait(.seconds(7_200.000001)))
    #expect(next(after: 2, asked: .hours(1), waited: .hours(1)) == .obey(.hours(1)))
    #expect(next(after: 2, asked: .hours(1), waited: .hours(1.5)) == .refuseToWait(.hours(1)))
    #expect(next(RetryPolicy(maxWait: .zero), after: 1, asked: .seconds(1)) == .refuseToWait(.seconds(1)))
    #expect(next(RetryPolicy(maxWait: .zero), after: 1, random: 0.5) == .backOff(.seconds(0.5)))
  }
}

struct AuditLogRequestTests {
  @Test func `the path ends in a slash for organizations and repositories`() throws {
    let organisation = try #require(LogName("acme"))
    let repository = try #require(LogName("acme/my-repo"))
    #expect(
      AuditLogRequest(log: organisation, page: 1, pageSize: 500).target
        == "/v1/audit-log/acme/?page=1&page_size=500")
    #expect(
      AuditLogRequest(log: repository, page: 12, pageSize: 30).target
        == "/v1/audit-log/acme/my-repo/?page=12&page_size=30")
  }

  @Test(arguments: [
    ("event:login", "event%3Alogin"), ("a b", "a%20b"), ("+00:00", "%2B00%3A00"),
    (#"">="&#/?%"#, "%22%3E%3D%22%26%23%2F%3F%25"),
    ("ü€😀", "%C3%BC%E2%82%AC%F0%9F%98%80"), ("aZ09-._~", "aZ09-._~"), ("", ""),
  ])
  func `a query is percent-encoded byte by byte`(query: String, encoded: String) {
    let request = AuditLogRequest(log: Sample.log, page: 1, pageSize: 1, query: query)
    #expect(request.target == "/v1/audit-log/acme/?page=1&page_size=1&query=\(encoded)")
  }
}
