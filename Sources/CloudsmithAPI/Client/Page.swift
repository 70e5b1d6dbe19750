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

/// The `X-Pagination-*` fields of an answer. A field that is absent, as all are for an empty list, no number, or out of
/// bounds is nil.
package struct Pagination: Hashable, Sendable {
  /// Records in the whole list.
  package var count: Int?
  package var page: Int?
  package var pageTotal: Int?
  package var pageSize: Int?

  package init(count: Int? = nil, page: Int? = nil, pageTotal: Int? = nil, pageSize: Int? = nil) {
    self.count = count
    self.page = page
    self.pageTotal = pageTotal
    self.pageSize = pageSize
  }

  package init(_ headers: HeaderFields) {
    self.count = headers.count("X-Pagination-Count", in: HeaderBounds.count)
    self.page = headers.count("X-Pagination-Page", in: HeaderBounds.count)
    self.pageTotal = headers.count("X-Pagination-PageTotal", in: HeaderBounds.count)
    self.pageSize = headers.count("X-Pagination-PageSize", in: HeaderBounds.pageSize)
  }
}
