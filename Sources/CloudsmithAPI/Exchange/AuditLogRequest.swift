package import AuditRecord

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
