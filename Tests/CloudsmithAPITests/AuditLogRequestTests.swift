import AuditRecord
import CloudsmithAPI
import Testing

struct AuditLogRequestTests {
  @Test func `the path ends in a slash, for an organisation and for a repository`() throws {
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
  func `a query is encoded byte by byte`(query: String, encoded: String) {
    let request = AuditLogRequest(log: Sample.log, page: 1, pageSize: 1, query: query)
    #expect(request.target == "/v1/audit-log/acme/?page=1&page_size=1&query=\(encoded)")
  }
}
