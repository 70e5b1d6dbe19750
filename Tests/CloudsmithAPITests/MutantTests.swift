import AuditRecord
import HTTP
import TestSupport
import Testing

@testable import CloudsmithAPI

/// What the other side and the user write, when it is almost right.
@Suite struct MutantTests {
  private let now = Timestamp(microseconds: 1_707_733_845_123_456)
  private let tenYears = TimeSpan.days(3_650)

  @Test func `mutated header fields give numbers within bounds, and redirects stay on their host`()
    async throws
  {
    let names = [
      "X-Pagination-Count", "X-Pagination-PageSize", "X-RateLimit-Limit", "X-RateLimit-Remaining",
      "X-RateLimit-Reset", "X-RateLimit-Interval", "Retry-After", "Age", "Date", "Location",
    ]
    let corpus = [
      "607", "30", "10800", "1707733999.5", "0.98256663893", "120", "Sun, 29 Jan 2017 17:49:25 GMT",
      "Sat, 31 Dec 9999 23:59:60 GMT", "https://api.example:443/v1/a?page=1#b", "//api.example/x", "/y",
      #"{"detail": "Invalid input.", "fields": {"page_size": ["A valid integer is required."]}}"#,
    ].map { Array($0.utf8) }
    let key = try APIKey("key")
    let request = APIRequest(
      origin: Origin(scheme: .https, host: "api.example"), target: "/v1/audit-log/acme/", key: key)
    try await FuzzedReader.headers.readMutants(of: corpus, tokens: hosts, longest: 1 << 14) { value, random in
      let text = String(decoding: value, as: UTF8.self)
      let date = random.once(in: 2) ? "Sun, 29 Jan 2017 17:49:25 GMT" : text
      let headers = HeaderFields(names.map { ($0, $0 == "Date" ? date : text) })
      let pagination = Pagination(headers)
      try #require((pagination.count ?? 0) >= 0 && (pagination.pageSize ?? 0) >= 0)
      let rate = RateLimit(headers, now: now)
      for span in [rate?.resetsIn, rate?.interval, headers.age].compactMap(\.self) {
        try #require(span >= .zero && span <= tenYears)
      }
      if let time = headers.date { try #require(time >= Timestamp(microseconds: 0) && time <= .latest) }
      for status in [429, 503, 400] {
        let response = APIResponse(status: status, headers: headers, body: value)
        let verdict = ResponseVerdict(response, page: 1, key: key, now: now)
        if case .retry(_, let asked?) = verdict { try #require(asked >= .zero) }
        try #require(!"\(verdict)".isEmpty)
      }
      if case .follow(let target) = Redirect(to: headers["Location"], from: request, followed: 0) {
        let parts = try #require(URLParts(request.origin.description + target))
        try #require(parts.host == request.origin.host && parts.userInfo == nil && parts.port == nil)
      }
      return pagination.count != nil || rate != nil || headers.date != nil || ErrorBody(value)?.text != nil
    }
  }

  @Test func `mutated settings are read back as printed, or refused`() async throws {
    let corpus = [
      "https://api.cloudsmith.io/v1/", "http://127.0.0.1:8080", "http://[::1]:80",
      "http://user:p%40ss@proxy.example:3128",
      "0.5", "auto", "unlimited", "20%", "acme/my-repo", "  0123456789abcdef\n",
      "[default]\napi_key = \"abc\"\n; a comment\n[profile:night]\napi_key: 'def'\n",
    ].map { Array($0.utf8) }
    try await FuzzedReader.settings.readMutants(of: corpus, tokens: hosts, longest: 1 << 12) { bytes, _ in
      let text = String(decoding: bytes, as: UTF8.self)
      var isRead = false
      if let host = answer({ () throws(APIHostError) in try APIHost(text) }) {
        try #require(try APIHost(host.description) == host)
        try #require(host.origin.scheme == .https || host.origin.isLoopback)
        isRead = true
      }
      if let proxy = answer({ () throws(ConnectionSettingsError) in try ProxyAddress(text) }) {
        let again = try ProxyAddress(proxy.description)
        try #require(again.host == proxy.host && again.port == proxy.port)
        isRead = true
      }
      if let key = answer({ () throws(APIKeyError) in try APIKey(text) }) {
        try #require("\(key)" == "[redacted]" && key.text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f })
        isRead = true
      }
      try #require(INIFile(text).entry("api_key", in: "profile:night")?.text != "")
      try #require(PercentEncoding.decode(PercentEncoding.encode(text)) == text)
      if let decoded = PercentEncoding.decode(text) {
        try #require(PercentEncoding.decode(PercentEncoding.encode(decoded)) == decoded)
      }
      if let log = LogName(text) { try #require(LogName(log.description) == log) }
      if case .perSecond(let rate) = PaceRule(text) { try #require((0.001...1_000).contains(rate)) }
      if let reserve = RateReserve(text) { try #require((0..<1).contains(reserve.share)) }
      return isRead
    }
  }

  private let hosts = [
    "evil.example", "@evil.example", "\\evil.example", "api.example", "api.example:443", "http://",
    "https://", "://",
    "[::1]", "127.0.0.1", "localhost", "[", "Jan", "GMT", " GMT",
  ].map { Array($0.utf8) }

  private func answer<Value, Failure>(_ read: () throws(Failure) -> Value) -> Value? {
    do throws(Failure) { return try read() } catch { return nil }
  }
}
