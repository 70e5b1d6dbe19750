import AuditRecord
import CloudsmithAPI
import Foundation
import HTTP
import TestSupport
import Testing

/// What the API's requests look like on the wire, and who gets the key.
@Suite(.fewAtOnce) struct APITransportTests {
  private let page = Array(Sample.page.utf8)

  @Test func `a request carries the key, the product's name and what it accepts`() async throws {
    try await SocketServer.with([.response(headers: ["X-One: 1"], body: page)]) { server in
      let host = try server.host()
      let request = APIRequest(origin: host.origin, target: "/v1/x/?query=%2B%3A", key: Sample.key)
      let response = try await AsyncHTTPClientTransport.withTransport(host.settings()) {
        try await $0.get(request)
      }
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

  @Test func `a redirect to another host is refused, and the key is not sent there`() async throws {
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

  @Test
  func `an answer beyond the limit has its place in the list and its start, and is measured on request`()
    async throws
  {
    let large = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) | 1 }
    var measurement = TextMeasurement()
    large.withUnsafeBytes { measurement.add($0) }
    let measured = measurement.text
    let place = [
      "X-Pagination-Count: 7", "X-Pagination-Page: 2", "X-Pagination-PageTotal: 4",
      "X-Pagination-PageSize: 2",
    ]
    try await SocketServer.with([.response(headers: place, body: large)]) { server in
      let host = try server.host()
      var settings = try host.settings()
      settings.limits.bodySize = 1 << 20
      for isMeasured in [false, true] {
        var request = APIRequest(origin: host.origin, target: "/", key: Sample.key)
        request.measuresBody = isMeasured
        let (asked, connection) = (request, settings)
        await #expect {
          try await AsyncHTTPClientTransport.withTransport(connection) { try await $0.get(asked) }
        } throws: { error in
          guard case .bodyTooLarge(1_048_576, let answer)? = error as? TransportFault else { return false }
          return answer.start == Array(large.prefix(QuarantinedRecord.startLength))
            && Pagination(answer.headers) == Pagination(count: 7, page: 2, pageTotal: 4, pageSize: 2)
            && answer.measured == (isMeasured ? measured : nil)
        }
      }
    }
  }

  private func client<Result: Sendable>(
    _ host: APIHost, _ body: (AuditLogClient) async throws -> Result
  ) async throws -> Result {
    try await AsyncHTTPClientTransport.withTransport(host.settings()) { transport in
      try await body(
        AuditLogClient(
          log: Sample.log, host: host, key: Sample.key, transport: transport, clock: ManualClock(),
          pace: .unlimited))
    }
  }
}
