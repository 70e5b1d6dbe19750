package import AuditRecord

/// One page of an audit log: its records, and where the API says it stands.
package struct Page: Sendable {
  /// The page that was asked for, from 1.
  package var number: Int
  /// The size that was asked for; the size in force is `pagination.pageSize`.
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

/// What asking for a page gives.
package enum PageOutcome: Sendable {
  case page(Page)
  /// 404 to a page after the first: the list is shorter than that now.
  case pastTheEnd
}

/// One page of one audit log, as the API is asked for it.
package struct AuditLogRequest: Hashable, Sendable {
  package var log: LogName
  /// From 1.
  package var page: Int
  /// The API's maximum is 500; it cuts more down without a word.
  package var pageSize: Int
  package var query: String?

  package init(log: LogName, page: Int, pageSize: Int, query: String? = nil) {
    self.log = log
    self.page = page
    self.pageSize = pageSize
    self.query = query
  }

  /// `/v1/audit-log/acme/?page=1&page_size=500`; the slash before the query belongs to the path.
  package var target: String {
    let path = "\(APIHost.versionPath)/audit-log/\(log)/"
    let filter = query.map { "&query=\(PercentEncoding.encode($0))" } ?? ""
    return "\(path)?page=\(page)&page_size=\(pageSize)\(filter)"
  }
}
