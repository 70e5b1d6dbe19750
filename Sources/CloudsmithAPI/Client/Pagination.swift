package import HTTP

/// The `X-Pagination-*` fields of an answer. A field is nil if it is absent, not a number, or out of bounds. The API sends none
/// for an empty list.
package struct Pagination: Hashable, Sendable {
  /// Records in the whole list.
  package var count: Int?
  /// The number of this page, from 1.
  package var page: Int?
  /// Pages in the whole list.
  package var pageTotal: Int?
  /// The most records per page, as the API applied it.
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

extension OversizedAnswer {
  var pagination: Pagination { Pagination(headers) }
}

/// The bounds of the API's own header fields: far above what any log has, and so far below the largest `Int` that sums and
/// products of two of them fit. A value out of bounds counts as absent.
enum HeaderBounds {
  /// Records of a list, pages of a list, and numbers of pages.
  static let count = 0...1_000_000_000_000
  /// Records per page.
  static let pageSize = 1...1_000_000
  /// Requests left in a window of the rate limit.
  static let remaining = 0...1_000_000_000
  /// Requests per window of the rate limit.
  static let limit = 1...1_000_000_000
}
