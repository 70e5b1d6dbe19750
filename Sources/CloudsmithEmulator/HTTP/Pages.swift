/// The page of a list that a request asks for.
struct Page: Hashable {
  let count: Int
  let number: Int
  let size: Int

  var total: Int { max(1, (count + size - 1) / size) }
  var places: Range<Int> { (number - 1) * size..<min(count, number * size) }

  /// Returns nil if the page is past the last one, or if `page` is not a number.
  ///
  /// A missing, zero or negative page means the first page. A missing, zero or negative size means the default size,
  /// and a size that is too large means the maximum. For an empty list, every page exists and is empty.
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

  /// Adds `X-Pagination-*` and `Link`, unless the list is empty. Links have only the parameter `page`, as documented.
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
  /// The count that the response states; nil if it states none.
  var statedCount: Int? { headers["X-Pagination-Count"].flatMap { Int($0) } }

  /// Replaces the stated count and the number of pages. Does nothing if the response states no count.
  mutating func state(count: Int) {
    guard statedCount != nil else { return }
    headers["X-Pagination-Count"] = String(count)
    guard let size = headers["X-Pagination-PageSize"].flatMap({ Int($0) }), size > 0 else { return }
    headers["X-Pagination-PageTotal"] = String(max(1, (count + size - 1) / size))
  }

  /// Removes every pagination field, as a proxy may.
  mutating func dropPagination() {
    for name in ["Count", "Page", "PageTotal", "PageSize"] { headers["X-Pagination-\(name)"] = nil }
    headers["Link"] = nil
  }
}

/// The list that pages are cut from: indices into an `EventStore`, newest first unless `isAscending`.
package struct EventList: Sendable, Hashable {
  private enum Members: Hashable {
    case range(Range<Int>)
    case indices([Int])
  }

  private var members: Members
  /// Whether the list starts with the oldest event.
  package var isAscending = false

  /// The events of a range of the store.
  package init(_ range: Range<Int>) {
    self.members = .range(range)
  }

  /// Some events of the store; `indices` is oldest first.
  package init(_ indices: [Int]) {
    self.members = .indices(indices)
  }

  /// The number of listed events. An event that is listed twice counts twice.
  package var count: Int {
    switch members {
    case .range(let range): range.count
    case .indices(let indices): indices.count
    }
  }

  /// The store indices of the events at these positions of the list. The positions must exist.
  package func indices(at places: Range<Int>) -> [Int] {
    places.map { place in
      let fromOldest = isAscending ? place : count - 1 - place
      return switch members {
      case .range(let range): range.lowerBound + fromOldest
      case .indices(let indices): indices[fromOldest]
      }
    }
  }

  /// Removes the events with a store index below this one.
  mutating func drop(before index: Int) {
    switch members {
    case .range(let range):
      members = .range(max(range.lowerBound, index)..<max(range.upperBound, index))
    case .indices(let indices): members = .indices(indices.filter { $0 >= index })
    }
  }

  /// Keeps the events whose store index satisfies the closure.
  package mutating func keep(where isKept: (Int) -> Bool) {
    members = .indices(indices.filter(isKept))
  }

  /// Keeps only the first `limit` events of the list.
  package mutating func keep(first limit: Int) {
    guard limit < count else { return }
    let kept = indices
    members = .indices(Array(isAscending ? kept.prefix(limit) : kept.suffix(limit)))
  }

  /// Changes the order or the members; an index may occur twice. `change` gets the indices oldest first.
  package mutating func reorder(_ change: (inout [Int]) -> Void) {
    var indices = indices
    change(&indices)
    members = .indices(indices)
  }

  private var indices: [Int] {
    switch members {
    case .range(let range): Array(range)
    case .indices(let indices): indices
    }
  }
}
