package import AuditRecord
internal import HTTP

/// One page of an audit log: its records, and its place in the list by the answer's own fields.
package struct Page: Sendable {
  /// The requested page, from 1.
  package var number: Int
  /// The requested size. The API may use a smaller one: `pagination.pageSize`.
  package var requestedSize: Int
  package var parsed: ParsedPage
  package var pagination: Pagination

  package init(number: Int, requestedSize: Int, parsed: ParsedPage, pagination: Pagination) {
    self.number = number
    self.requestedSize = requestedSize
    self.parsed = parsed
    self.pagination = pagination
  }
}

/// The outcome of a request for a page.
package enum PageOutcome: Sendable {
  case page(Page)
  /// 404 to a page after the first: the list has fewer pages.
  case pastTheEnd
}

/// The request for one page of one audit log (`GET /v1/audit-log/OWNER/[REPO/]`).
package struct AuditLogRequest: Hashable, Sendable {
  package var log: LogName
  /// From 1.
  package var page: Int
  /// The API's maximum is 500. It reduces a larger size without notice.
  package var pageSize: Int
  /// A search query, not percent-encoded.
  package var query: String?

  package init(log: LogName, page: Int, pageSize: Int, query: String? = nil) {
    self.log = log
    self.page = page
    self.pageSize = pageSize
    self.query = query
  }

  /// Path and query, such as `/v1/audit-log/acme/?page=1&page_size=500`. The slash before the query is part of the path.
  package var target: String {
    let path = "\(APIHost.versionPath)/audit-log/\(log)/"
    let filter = query.map { "&query=\(PercentEncoding.encode($0))" } ?? ""
    return "\(path)?page=\(page)&page_size=\(pageSize)\(filter)"
  }
}
