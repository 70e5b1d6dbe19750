package import AuditRecord

/// Decides which page to read next, and how far down the list is known to be complete.
///
/// The list is newest first and shifts while it is read: an event that arrives pushes every older one down by one. So
/// pages are read in increasing order only, which can repeat records but not skip them, and the seam between two pages
/// is checked (`Seam`). Where it does not hold, its pages are read again until it does, or the walk ends as unproven.
///
/// No input or output: a page goes in (`receive`), `next` says what to do.
package struct PageWalk: Sendable {
  /// What to do next.
  package enum Step: Hashable, Sendable {
    case read(page: Int)
    case finished(Ending)
  }

  /// How a walk ends.
  package enum Ending: Hashable, Sendable {
    /// Every event since the instant asked for has been received.
    case reachedStart
    /// The list has been read to its end.
    case endOfList
    /// Completeness below `completeFrom` could not be shown.
    case unproven(Doubt)
  }

  /// Why the walk does not trust what it has read.
  package enum Doubt: Hashable, Sendable {
    /// A page repeats more than the list grew by, or the list became shorter; nil where the answer gave no count.
    case overlap(page: Int, expected: Int?, found: Int)
    /// The list ended before the page that the page before it had announced.
    case endedEarly(page: Int)
    /// A page has another number of records than its own count and size say.
    case short(page: Int, expected: Int, found: Int)
    /// The list grew by a page or more before each of many requests, so that nothing older came into sight.
    case outrun(page: Int)
    /// The page size in force changed while the list was read.
    case pageSizeChanged(from: Int, to: Int)
    /// Read through the time filter, again and again, the list did not have the distinct records that it counts; nil
    /// where the answer gave no count.
    case unreconciled(expected: Int?, found: Int)
    /// The time filter, which had been found to work, is refused or not answered.
    case filterFailed
  }

  package private(set) var next: Step

  /// Every event from this instant up to the walk's upper end that the list held has been received; nil while nothing
  /// is known.
  package private(set) var completeFrom: Timestamp?

  /// False once a page was not newest first: then only the end of the list proves anything.
  package private(set) var isNewestFirst = true

  /// Pages that were read again because of a doubt.
  package private(set) var pagesReread = 0

  /// How many pages in a row may show nothing older before the walk gives up.
  package static let standstillLimit = 200

  /// How often a seam is read again, without anything new coming to light, before the walk gives it up.
  package static let passLimit = 12

  private let start: Timestamp
  private let end: Timestamp
  /// Where the walk began; what is on the pages before it is not of its window.
  package private(set) var firstPage: Int
  /// The lower edge of what has been read.
  private var seam: Seam?
  /// The page after the seam that did not close it; nil unless the seam is being read again.
  private var open: PageView?
  /// Readings of the seam since one showed something new.
  private var passes = 0
  /// How many events of the seam's instant had been received, and what stood at its places, at the pass before.
  private var known = 0
  private var shown: [IdentityHash] = []
  /// Passes in a row that showed the very same, while the list did not grow.
  private var samePasses = 0
  /// Pages in a row that ended no lower than the one before.
  private var standstill = 0
  /// What keeps the walk from going on, while a seam is read again.
  package private(set) var doubt: Doubt?

  /// A walk from the head of the list down to `start`.
  package init(downTo start: Timestamp) {
    self.init(from: 1, before: .latest, downTo: start)
  }

  /// A walk through `[start, end)` that begins at a page found by `PageSeek`. Should that page begin below `end`, the
  /// walk goes back to the one before it.
  package init(from page: Int, before end: Timestamp, downTo start: Timestamp) {
    self.start = start
    self.end = end
    firstPage = page
    next = .read(page: page)
  }

  /// Takes the answer to the page that `next` asked for.
  package mutating func receive(_ page: PageView) {
    guard case .read = next else { return }
    if let due = page.recordsDue, page.records.count != due {
      return askAgain(because: .short(page: page.number, expected: due, found: page.records.count))
    }
    if page.records.isEmpty { return receivePastTheEnd() }
    guard var seam else { return begin(with: page) }
    if open != nil { return readAgain(page, of: seam) }
    if let before = seam.above.pagination.pageSize, let now = page.pagination.pageSize, before != now {
      return finish(.unproven(.pageSizeChanged(from: before, to: now)))
    }
    if !seam.keepsOrder(page) || !page.isNewestFirst { isNewestFirst = false }
    guard isNewestFirst else { return receiveUnordered(page, below: seam) }

    let verdict = seam.judge(page)
    self.seam = seam
    switch verdict {
    case .holds: accept(page)
    case .goesOn: goOn(to: page, seam.continued(by: page))
    case .shrank: reread(page, page.overlap(with: seam.above))
    case .open(let missing): reread(page, missing)
    }
  }

  /// In a list in no order, what is inserted can push records down past the next page, but not hide them.
  private mutating func receiveUnordered(_ page: PageView, below seam: Seam) {
    if firstPage > 1 { return beginAnew() }
    let overlap = page.overlap(with: seam.above)
    let growth = seam.growth(to: page) ?? 0
    if growth >= 0, overlap <= growth { accept(page) } else { reread(page, overlap) }
  }

  private mutating func begin(with page: PageView) {
    if firstPage == 1 { return accept(page) }
    guard page.isNewestFirst else { return beginAnew() }
    if page.newest < end { goBack() } else { accept(page) }
  }

  /// Nothing says where in such a list the window is: all of it has to be read.
  private mutating func beginAnew() {
    isNewestFirst = false
    firstPage = 1
    seam = nil
    open = nil
    next = .read(page: 1)
  }

  private mutating func goBack() {
    firstPage -= 1
    next = .read(page: firstPage)
  }

  /// Takes a 404 or an empty page for the page that `next` asked for.
  package mutating func receivePastTheEnd() {
    guard case .read(let asked) = next else { return }
    guard let seam else { return firstPage == 1 ? reachEnd() : goBack() }
    // A page that was there a moment ago.
    guard asked > seam.above.number else { return askAgain(because: .endedEarly(page: asked)) }
    let above = seam.above
    let saysMore = above.pagination.pageTotal != nil || above.pagination.count != nil
    if above.isLast || !saysMore { return reachEnd() }
    reread(above, because: .endedEarly(page: asked))
  }

  // MARK: - The seam

  private mutating func askAgain(because reason: Doubt) {
    doubt = reason
    passes += 1
    pagesReread += 1
    if passes > PageWalk.passLimit { finish(.unproven(reason)) }
  }

  /// Reads the seam again, from the page on which its instant begins.
  private mutating func reread(_ page: PageView, because reason: Doubt) {
    guard let seam else { return }
    if seam.receivedCount > known, known > 0 { passes = 0 }
    known = seam.receivedCount
    doubt = reason
    passes += 1
    if passes > PageWalk.passLimit { return finish(.unproven(reason)) }
    pagesReread += 1
    open = page
    next = .read(page: seam.firstPage)
  }

  private mutating func reread(_ page: PageView, _ repeated: Int) {
    guard let seam else { return }
    let growth = seam.growth(to: page)
    samePasses = !shown.isEmpty && seam.places == shown && growth == 0 ? samePasses + 1 : 0
    // A server that shows one record at two places, whatever moves around it, has it there twice.
    if samePasses == PageWalk.passLimit { return accept(page) }
    shown = seam.places
    reread(page, because: .overlap(page: page.number, expected: growth, found: repeated))
  }

  /// Takes the page on which the seam's instant begins once more.
  private mutating func readAgain(_ page: PageView, of seam: Seam) {
    if case .endedEarly = doubt, page.isLast { return reachEnd() }
    if let open, seam.isExplained(by: page, after: open) { return accept(open) }
    self.seam = Seam(below: page, after: seam)
    open = nil
    next = .read(page: page.number + 1)
  }

  /// Nothing is missing above the page.
  private mutating func accept(_ page: PageView) {
    passes = 0
    known = 0
    shown = []
    samePasses = 0
    doubt = nil
    open = nil
    goOn(to: page, Seam(below: page))
  }

  private mutating func goOn(to page: PageView, _ edge: Seam) {
    if !page.isNewestFirst { isNewestFirst = false }
    let before = seam?.above.oldest
    seam = edge
    standstill = before.map { $0 <= page.oldest ?? .latest } ?? false ? standstill + 1 : 0
    if standstill > PageWalk.standstillLimit, isNewestFirst {
      return finish(.unproven(.outrun(page: page.number)))
    }
    if page.isLast { return reachEnd() }
    // Only the page after it shows that the last event of a page stands where it belongs. And the events of that very
    // instant may go on overleaf.
    if !isNewestFirst {
      completeFrom = nil
    } else if let before {
      let proven = Timestamp(microseconds: before.microseconds + 1)
      completeFrom = min(completeFrom ?? proven, proven)
      if before < start { return finish(.reachedStart) }
    }
    next = .read(page: page.number + 1)
  }

  private mutating func reachEnd() {
    completeFrom = .earliest
    finish(.endOfList)
  }

  private mutating func finish(_ ending: Ending) {
    next = .finished(ending)
  }
}
