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

/// The events that an answer's pages are cut from: indices into an `EventStore`, listed newest first.
package struct EventList: Sendable, Hashable {
  private enum Members: Hashable {
    case range(Range<Int>)
    case indices([Int])
  }

  private var members: Members
  /// Whether the list begins with the oldest.
  package var isAscending = false

  /// The events of a range of the store.
  package init(_ range: Range<Int>) {
    self.members = .range(range)
  }

  /// Some events of the store; the indices oldest first.
  package init(_ indices: [Int]) {
    self.members = .indices(indices)
  }

  package var count: Int {
    switch members {
    case .range(let range): range.count
    case .indices(let indices): indices.count
    }
  }

  /// The indices in the store of the events at these places of the list.
  package func indices(at places: Range<Int>) -> [Int] {
    places.map { place in
      let fromOldest = isAscending ? place : count - 1 - place
      return switch members {
      case .range(let range): range.lowerBound + fromOldest
      case .indices(let indices): indices[fromOldest]
      }
    }
  }

  /// Leaves out the events whose index in the store lies below this one.
  mutating func drop(before index: Int) {
    switch members {
    case .range(let range):
      members = .range(max(range.lowerBound, index)..<max(range.upperBound, index))
    case .indices(let indices): members = .indices(indices.filter { $0 >= index })
    }
  }

  /// Keeps the events whose index in the store fits.
  package mutating func keep(where isKept: (Int) -> Bool) {
    members = .indices(indices.filter(isKept))
  }

  /// Keeps only so many of the events that are listed first.
  package mutating func keep(first limit: Int) {
    guard limit < count else { return }
    let kept = indices
    members = .indices(Array(isAscending ? kept.prefix(limit) : kept.suffix(limit)))
  }

  /// Changes the order, or what is listed, even twice; `change` gets the indices oldest first.
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
