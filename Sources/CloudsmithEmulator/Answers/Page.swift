/// Which part of a list a request asks for, and the fields that say so.
struct Page: Hashable {
  let count: Int
  let number: Int
  let size: Int

  var total: Int { max(1, (count + size - 1) / size) }
  var places: Range<Int> { (number - 1) * size..<min(count, number * size) }

  /// nil when the page lies past the last one, or its number is no number.
  ///
  /// A page that is missing, zero or negative is the first; a size likewise is the default, and one that is too
  /// large the maximum. An empty list has no pages: whatever is asked for, the answer is the empty list.
  init?(_ request: EmulatedRequest, of count: Int, sizes: (standard: Int, maximum: Int)) {
    guard let number = Int(request.parameter("page") ?? "1") else { return nil }
    self.count = count
    self.size = Page.size(request, sizes)
    self.number = count == 0 ? 1 : max(1, number)
    guard self.number <= total else { return nil }
  }

  static func size(_ request: EmulatedRequest, _ sizes: (standard: Int, maximum: Int)) -> Int {
    let size = request.parameter("page_size").flatMap { Int($0) } ?? 0
    return min(size > 0 ? size : sizes.standard, sizes.maximum)
  }

  /// Adds `X-Pagination-*` and `Link`, which an empty list lacks. The links carry the page alone, as documented.
  func describe(_ url: String, in headers: inout HTTPFields) {
    guard count > 0 else { return }
    var links: [(rel: String, page: Int)] = []
    if total > 1 { links.append(("first", 1)) }
    if number > 1 { links.append(("prev", number - 1)) }
    if number < total { links.append(("next", number + 1)) }
    if total > 1 { links.append(("last", total)) }
    if !links.isEmpty {
      headers["Link"] = links.map { "<\(url)?page=\($0.page)>; rel=\"\($0.rel)\"" }.joined(separator: ", ")
    }
    headers["X-Pagination-Count"] = String(count)
    headers["X-Pagination-Page"] = String(number)
    headers["X-Pagination-PageTotal"] = String(total)
    headers["X-Pagination-PageSize"] = String(size)
  }
}

extension EmulatedResponse {
  /// How many events the answer says there are; nil when it does not say.
  var toldCount: Int? { headers["X-Pagination-Count"].flatMap { Int($0) } }

  /// Tells another count, and the number of pages that follows from it, where the answer tells one.
  mutating func tell(count: Int) {
    guard toldCount != nil else { return }
    headers["X-Pagination-Count"] = String(count)
    guard let size = headers["X-Pagination-PageSize"].flatMap({ Int($0) }), size > 0 else { return }
    headers["X-Pagination-PageTotal"] = String(max(1, (count + size - 1) / size))
  }

  /// Takes away every field about pages, as a proxy may.
  mutating func dropPagination() {
    for name in ["Count", "Page", "PageTotal", "PageSize"] { headers["X-Pagination-\(name)"] = nil }
    headers["Link"] = nil
  }
}
