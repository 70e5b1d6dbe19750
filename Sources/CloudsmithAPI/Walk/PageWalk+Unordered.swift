import AuditRecord

/// Lists that are not newest first.
///
/// Such a list does not show where the window is, so all of it is read. It is complete if as many distinct records were
/// received as it counts.
extension PageWalk {
  /// Starts over at the first page.
  mutating func beginUnordered() {
    isNewestFirst = false
    firstPage = 1
    phase = .down
    seam = nil
    open = nil
    isResuming = false
    passes = 0
    known = 0
    uncounted = (0, 0)
    all = []
    next = .read(page: 1)
  }

  /// New records push others down but do not hide them. So everything above a page has been received, except what the list
  /// grew by.
  mutating func receiveUnordered(_ page: PageView) {
    if page.number == 1 { count.begin(with: page) }
    count.add(page)
    for record in page.records { all.insert(record.identity) }
    seam = Seam(below: page)
    if let size = count.size {
      let missing = (page.number - 1) * size + page.records.count - all.count
      if missing > 0, !count.explains(ListCount.Gap(missing: missing, newcomers: 0), at: page) {
        return readUnorderedAgain(page, missing)
      }
    }
    doubt = nil
    if count.isLast(page) { return reachEnd(at: page) }
    next = .read(page: page.number + 1)
  }

  /// Compares the records received with the list's count.
  mutating func reachUnorderedEnd(at page: PageView) {
    guard let total = page.pagination.count else { return finish(.endOfList) }
    if all.count != total { return readUnorderedAgain(page, total - all.count) }
    if let largest = count.largestCount, all.count < largest {
      return finish(.unproven(.shrinkingEnd(from: largest, to: total)))
    }
    finish(ListCount.isRound(total) ? .unproven(.roundCount(total)) : .endOfList)
  }

  private mutating func readUnorderedAgain(_ page: PageView, _ missing: Int) {
    let reason = IncompleteReason.uncounted(page: page.number, missing: missing)
    doubt = reason
    uncounted.passes += 1
    pagesReread += 1
    if uncounted.passes > PageWalk.passLimit { return finish(.unproven(reason)) }
    // Rereading finds records that moved. If there are more records than the list counts, some are gone: start over.
    if missing < 0 { all = [] }
    next = .read(page: missing < 0 || uncounted.passes % 3 == 0 ? 1 : max(1, page.number - uncounted.passes))
  }
}
