import AuditRecord

/// Where a list ends, by its own counts and by the events received of it.
extension ListCount {
  /// What the last page shows about the end of a list.
  enum EndVerdict {
    /// The list has more events above its end than were received, or fewer, and its growth does not explain it.
    case uncounted(missing: Int)
    case ends(PageWalk.Ending)
  }

  /// Judges the last page of a list that is newest first.
  ///
  /// - Parameter oldestSeen: the oldest event that earlier pages have shown. The list cannot end above it.
  func judgeEnd(at page: PageView, oldestSeen: Timestamp) -> EndVerdict {
    let gap = gap(through: page)
    if let gap, !explains(gap, at: page) {
      return .uncounted(missing: gap.missing)
    }
    if oldestSeen < page.oldest ?? .earliest {
      return .ends(.unproven(.shrinkingEnd(from: nil, to: page.pagination.count)))
    }
    guard let total = page.pagination.count, let size = size(of: page) else {
      // A list that was cut ends with a full page. A whole list can too, and without a count nothing distinguishes them.
      let isFull = page.records.count >= self.size ?? 0
      return .ends(isFull ? .unproven(.unconfirmedEnd(page: page.number)) : .endOfList)
    }
    let places = (page.number - 1) * size + page.records.count
    guard total == places else { return .ends(.unproven(.unreconciled(expected: total, found: places))) }
    if let gap, lost(missing: gap.missing) > 0 {
      return .ends(.unproven(.shrinkingEnd(from: largestCount, to: total)))
    }
    return .ends(ListCount.isRound(total) ? .unproven(.roundCount(total)) : .endOfList)
  }

  /// Whether a count is 1,000, 2,000, 5,000, 10,000 and so on: lists are cut at such counts.
  static func isRound(_ count: Int) -> Bool {
    var rest = count
    while rest >= 10, rest % 10 == 0 { rest /= 10 }
    return count >= 1_000 && [1, 2, 5].contains(rest)
  }

  // MARK: - Pages

  /// The number of the last page, by the latest count; nil without a count.
  var lastPage: Int? {
    guard let size, let total = lastCount, size > 0 else { return nil }
    return (total + size - 1) / size
  }

  /// Whether nothing follows the page: it is not full, and its own fields say that it is the last. A page that is full, or
  /// whose answer does not report the length of the list, proves nothing.
  func isLast(_ page: PageView) -> Bool {
    guard let size = size(of: page), page.records.count < size else { return false }
    if page.pagination.count != nil { return isLastByCount(page) }
    return page.pagination.pageTotal.map { page.number >= $0 } ?? false
  }

  /// Whether the page reaches to the end of the list by its own count.
  func isLastByCount(_ page: PageView) -> Bool {
    guard let count = page.pagination.count, let size = size(of: page) else { return false }
    return page.number * size >= count
  }

  /// The least number of records on the page by its own fields; nil if they do not give it.
  func due(on page: PageView) -> Int? {
    guard let count = page.pagination.count, let size = size(of: page) else { return nil }
    return min(size, max(0, count - (page.number - 1) * size))
  }

  private func size(of page: PageView) -> Int? { page.pagination.pageSize ?? size }
}
