import CloudsmithAPI
import Testing

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
      ("x/y", "an unreadable place"), ("/a b", "an unreadable place"), (nil, "an unreadable place"),
      ("https://", "an unreadable place"), ("/\\evil.example", "an unreadable place"),
    ] as [(String?, String)])
  func `any other redirect is refused and nothing is sent there`(location: String?, place: String) async {
    let (targets, error) = await targets(after: location)
    #expect(error == .unsafe(.redirect(to: place)))
    #expect(targets.count == 1)
  }

  @Test func `a third redirect is one too many`() async {
    let hop = ScriptedTransport.Reply.status(302, headers: [("Location", "/again")])
    let transport = ScriptedTransport([hop, hop, hop, .status(200, "[]")])
    let client = AuditLogClient(
      log: Sample.log, host: .cloudsmith, key: Sample.key, transport: transport, clock: ManualClock())
    await #expect(throws: APIError.unsafe(.tooManyRedirects)) { try await client.page(1) }
    #expect(transport.requests.count == 3)
  }
}
