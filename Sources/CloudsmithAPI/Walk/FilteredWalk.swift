import AuditRecord

/// Decides which page of a filtered list to read next, and whether all of the list has been received.
///
/// The list of an old span does not move. So its pages are read from first to last, and the distinct records on them
/// must be as many as the list counts. If they are not, because a server orders ties anew for every request, all
/// pages are read again, and what they show is put together. A count that changes begins it anew.
///
/// No input or output: a page goes in (`receive`), `next` says what to do.
package struct FilteredWalk: Sendable {
  package private(set) var next: PageWalk.Step = .read(page: 1)

  /// Pages received.
  package private(set) var pages = 0

  /// How often the list is read before the walk gives it up.
  package static let passLimit = 5

  private var passes = 1
  /// What the list counts; nil until it has told.
  private var expected: Int?
  /// What was received since the count last changed.
  private var received: Set<IdentityHash> = []

  package init() {}

  package mutating func receive(_ page: PageView) {
    guard case .read(let asked) = next else { return }
    pages += 1
    // An empty list says nothing of itself.
    guard let count = page.pagination.count ?? (page.records.isEmpty ? (asked == 1 ? 0 : expected) : nil)
    else {
      return finish(.unproven(.unreconciled(expected: nil, found: page.records.count)))
    }
    if let expected, expected != count {
      self.expected = nil
      received = []
      return readAnew(expected: count)
    }
    expected = count
    for record in page.records { received.insert(record.identity) }
    // No list has more pages than records, whatever its fields say.
    let isLast = page.isLast || page.records.isEmpty || asked >= count
    if isLast { reconcile() } else { next = .read(page: asked + 1) }
  }

  /// Takes a 404 for the page that `next` asked for.
  package mutating func receivePastTheEnd() {
    guard case .read = next else { return }
    reconcile()
  }

  private mutating func reconcile() {
    guard received.count != expected else { return finish(.endOfList) }
    let found = received.count
    // More than there are: the list has changed without a word.
    if found > expected ?? 0 { received = [] }
    readAnew(expected: expected, found: found)
  }

  private mutating func readAnew(expected: Int?, found: Int = 0) {
    passes += 1
    next = .read(page: 1)
    if passes > FilteredWalk.passLimit { finish(.unproven(.unreconciled(expected: expected, found: found))) }
  }

  private mutating func finish(_ ending: PageWalk.Ending) {
    next = .finished(ending)
  }
}
