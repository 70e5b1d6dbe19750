package import AuditRecord

/// Decides which page to read next, and how far down the list is known to be complete.
///
/// The list is newest first and shifts while it is read: an event that arrives pushes every older one down by one. So
/// pages are read in increasing order only, which can repeat records but not skip them, and the seam between two pages
/// is checked: they must overlap by exactly what the list has grown (`X-Pagination-Count`). Where they do not, both
/// pages are read again until a pass agrees, or the walk ends as unproven.
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
    /// Pages overlap by another number of records than the list grew by; nil where the answer gave no count.
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

  /// How often a seam is read again before the walk gives it up.
  package static let passLimit = 8

  private let start: Timestamp
  private let end: Timestamp
  /// Where the walk began; what is on the pages before it is not of its window.
  package private(set) var firstPage: Int
  /// The page whose lower edge is the seam in question.
  private var above: PageView?
  private var passes = 0
  /// Pages in a row that ended no lower than the one before.
  private var standstill = 0
  /// Whether the page above has been read again and showed nothing that had not been received before.
  private var isRereadClean = false
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
    guard let above else { return begin(with: page) }
    if page.number == above.number { return rereadAbove(page) }
    if let before = above.pagination.pageSize, let now = page.pagination.pageSize, before != now {
      return finish(.unproven(.pageSizeChanged(from: before, to: now)))
    }

    let seam = Seam(above: above, below: page)
    if !seam.keepsOrder || !page.isNewestFirst { isNewestFirst = false }
    if !isNewestFirst, firstPage > 1 { return beginAnew() }
    if seam.holds(isRereadClean: isRereadClean) {
      accept(page)
    } else {
      reread(because: .overlap(page: page.number, expected: seam.growth, found: seam.overlap))
    }
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
    above = nil
    next = .read(page: 1)
  }

  private mutating func goBack() {
    firstPage -= 1
    next = .read(page: firstPage)
  }

  /// Takes a 404 or an empty page for the page that `next` asked for.
  package mutating func receivePastTheEnd() {
    guard case .read(let asked) = next else { return }
    guard let above, asked > above.number else {
      // The very first page, or one that was there a moment ago.
      if above != nil { return finish(.unproven(.endedEarly(page: asked))) }
      return firstPage == 1 ? reachEnd() : goBack()
    }
    let saysMore = above.pagination.pageTotal != nil || above.pagination.count != nil
    if above.isLast || !saysMore {
      reachEnd()
    } else {
      reread(because: .endedEarly(page: asked))
    }
  }

  // MARK: - The seam

  private mutating func askAgain(because reason: Doubt) {
    doubt = reason
    passes += 1
    pagesReread += 1
    if passes > PageWalk.passLimit { finish(.unproven(reason)) }
  }

  private mutating func reread(because reason: Doubt) {
    guard let above else { return }
    doubt = reason
    passes += 1
    if passes > PageWalk.passLimit { return finish(.unproven(reason)) }
    pagesReread += 2
    next = .read(page: above.number)
  }

  private mutating func rereadAbove(_ page: PageView) {
    guard let before = above else { return }
    isRereadClean = page.records.allSatisfy { record in
      before.knows(record) || record.time.map { $0 > before.newest } ?? false
    }
    above = page.remembering(before)
    if case .endedEarly = doubt, page.isLast { return reachEnd() }
    next = .read(page: page.number + 1)
  }

  private mutating func accept(_ page: PageView) {
    if !page.isNewestFirst { isNewestFirst = false }
    standstill =
      above.map { ($0.oldest ?? .latest) <= (page.oldest ?? .latest) } ?? false ? standstill + 1 : 0
    if standstill > PageWalk.standstillLimit, isNewestFirst {
      return finish(.unproven(.outrun(page: page.number)))
    }
    passes = 0
    doubt = nil
    isRereadClean = false
    let before = above
    above = before.map { page.continuing($0) } ?? page
    if page.isLast { return reachEnd() }
    // Only the page after it shows that the last event of a page stands where it belongs. And the events of that very
    // instant may go on overleaf.
    if isNewestFirst, let oldest = before?.oldest {
      let proven = Timestamp(microseconds: oldest.microseconds + 1)
      completeFrom = min(completeFrom ?? proven, proven)
      if oldest < start { return finish(.reachedStart) }
    } else if !isNewestFirst {
      completeFrom = nil
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
