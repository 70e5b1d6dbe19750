package import AuditRecord

/// Decides which page to read next, and how far down the list is known to be complete.
///
/// The list is newest first and shifts while it is read: each new event pushes all older ones down by one place. So pages
/// are read in increasing order, which can repeat records but not skip them. Two checks follow each page:
/// * the seam to the page above it (`Seam`), and
/// * the number of events that the list has above it (`ListCount`).
///
/// If a check fails, pages are read again until it holds, or the walk ends as unproven. Before a walk ends, it reads its
/// last page again, and then the head of the list until a page shows a known event. The end of a list needs proof too
/// (`ListCount.judgeEnd`).
///
/// No I/O: answers go in (`receive`, `receivePastTheEnd`, `receiveRefusal`), and `next` says what to do. The walk is split
/// by thought: this file takes answers, `+Reading` goes down the list, `+Checks` reconciles counts and ends, `+Unordered`
/// reads lists that are in no order.
package struct PageWalk: Sendable {
  /// What to do next.
  package enum Step: Hashable, Sendable {
    case read(page: Int)
    case finished(Ending)
  }

  /// How a walk ends.
  package enum Ending: Hashable, Sendable {
    /// Every event since the requested start has been received.
    case reachedStart
    /// The list has been read to its end.
    case endOfList
    /// The list could not be shown to be complete below `complete`.
    case unproven(IncompleteReason)
  }

  /// Why the next page is read.
  enum Phase {
    case down
    /// To find events that are missing above `page`, at the head of the list. The walk then goes on from `page`.
    case look(ListCount.Look, page: Int)
    /// To check the last page again before the walk ends this way.
    case lastAgain(Ending)
    /// To check the head of the list before the walk ends this way.
    case lastLook(ListCount.Look, Ending)
  }

  /// What to do next. Once it is `.finished`, the walk takes no more answers.
  package internal(set) var next: Step

  /// False once a page was not newest first. Then only the end of the list proves anything.
  package internal(set) var isNewestFirst = true
  /// Whether the list has shown no record so far.
  package internal(set) var isEmpty = true
  /// How many pages were read again because a check failed.
  package internal(set) var pagesReread = 0
  /// The page on which the walk began. Pages before it hold no event of the window.
  package internal(set) var firstPage: Int
  /// The failed check, while pages are read again.
  package internal(set) var doubt: IncompleteReason?

  /// The most pages in a row that show nothing older, before the walk gives up.
  package static let standstillLimit = 200
  /// The most readings of one place that show nothing new, before the walk gives up.
  package static let passLimit = 12
  /// The most times that pages are read again because of one page's count.
  package static let countPassLimit = 20
  /// The most answers that a walk takes, besides eight per page. A list that needs more never stops contradicting itself.
  static let answerLimit = 400
  /// How many answers in a row must say that no page follows a full one: a gateway may answer so by mistake.
  package static let endAnswersNeeded = 4
  /// The most times that everything is read again because the head of the list contradicts it.
  package static let lookLimit = 4
  /// The number of accepted pages whose edges are kept.
  static let edgesKept = 4
  /// The number of proven pages that must follow a page before it is claimed. A contradiction shows within a few pages.
  package static let trail = 2

  let start: Timestamp
  let end: Timestamp
  /// The oldest event that pages read before the walk have shown.
  let oldestSeen: Timestamp
  var phase = Phase.down
  var count = ListCount()
  /// The lower edge of the pages read; nil before the first page, and where the walk resumes.
  var seam: Seam?
  /// The edges below the pages accepted last, from the top.
  var edges: [Seam] = []
  /// Whether the next page is one that was read before, on which the walk goes on.
  var isResuming = false
  /// The page that did not close the seam, and the gap above it; nil unless the seam is being read again.
  var open: (page: PageView, gap: ListCount.Gap?)?
  /// Readings of the same place since one of them showed something new.
  var passes = 0
  /// Events of the seam's instant that had been received at the previous pass.
  var known = 0
  /// The deepest page whose count did not fit, and how often pages were read again because of it.
  var uncounted = (page: 0, passes: 0)
  /// The largest count of an answer that contradicted the pages read, until an answer that counts no fewer fits them. A copy of the
  /// list that lags behind counts fewer, and cannot settle what another copy has shown.
  var unsettled: Int?
  /// How often everything was read again because the head contradicted it.
  var looks = 0
  /// Pages in a row that ended no lower than the one before.
  var standstill = 0
  private var answers = 0
  /// The deepest page asked for.
  private var deepest = 0
  /// Answers in a row that say that no page follows.
  var endAnswers = 0
  /// The instant from which the list is complete, after each page. The last one is the oldest.
  var proven: [Timestamp] = []
  /// The oldest instant of the first page. Newer events are claimed only when the walk ends.
  var headEnd = Timestamp.earliest
  /// All records received of a list in no order.
  var all: Set<IdentityHash> = []

  /// A walk from the head of the list down to `start`. For parameters see the other initialiser.
  package init(downTo start: Timestamp, seen: PageView? = nil, oldestSeen: Timestamp = .latest) {
    self.init(from: 1, before: .latest, downTo: start, seen: seen, oldestSeen: oldestSeen)
  }

  /// A walk through `[start, end)` that begins at a page found by `PageSeek`. If that page begins below `end`, the walk
  /// goes back one page.
  ///
  /// - Parameters:
  ///   - seen: a page that was read before the walk. Its answer counts as a count of the list.
  ///   - oldestSeen: the oldest event that earlier pages have shown. The list cannot end above it.
  package init(
    from page: Int, before end: Timestamp, downTo start: Timestamp, seen: PageView? = nil,
    oldestSeen: Timestamp = .latest
  ) {
    self.start = start
    self.end = end
    self.oldestSeen = oldestSeen
    count.note(seen?.pagination.count)
    firstPage = page
    next = .read(page: page)
  }

  /// The window of which every event has been received; nil while nothing is known, or the counts of answers contradict each
  /// other. During the walk it leaves out the newest events and the last pages, because an answer may still contradict them.
  package var complete: Window? {
    let top = firstPage == 1 ? Timestamp.latest : end
    guard case .finished(let ending) = next else {
      guard proven.count > PageWalk.trail, unsettled == nil else { return nil }
      let from = proven[proven.count - 1 - PageWalk.trail]
      return from < headEnd ? Window(from: from, to: firstPage == 1 ? min(headEnd, top) : end) : nil
    }
    if refutes { return nil }
    if ending == .endOfList { return Window(from: .earliest, to: top) }
    return proven.last.flatMap { $0 < top ? Window(from: $0, to: top) : nil }
  }

  /// The instant from which the list is known to be complete; nil while nothing is known. For progress only:
  /// a later answer may contradict it.
  package var completeFrom: Timestamp? {
    if case .finished(.endOfList) = next { return .earliest }
    return isNewestFirst ? proven.last : nil
  }

  /// Whether the walk ended with evidence against windows that it had shown to be complete.
  package var refutes: Bool {
    guard case .finished(.unproven(let reason)) = next else { return false }
    // Events that disappear above a page pull others over its edge, so claimed events may be among those that were missed.
    if case .shrinkingEnd = reason, count.hasSurplus { return true }
    return reason.refutesClaims || !isNewestFirst
  }

  // MARK: - Answers

  /// Takes the page that `next` asked for.
  package mutating func receive(_ page: PageView) {
    guard case .read(let asked) = next, answered(asked) else { return }
    if !page.records.isEmpty { isEmpty = false }
    count.note(page.pagination.count)
    if let due = count.due(on: page), page.records.count < due {
      return askAgain(because: .short(page: page.number, expected: due, found: page.records.count))
    }
    if let size = page.pagination.pageSize ?? count.size, page.records.count > size {
      return askAgain(because: .short(page: page.number, expected: size, found: page.records.count))
    }
    if page.records.isEmpty { return receiveEnd(asked) }
    switch phase {
    case .down: receiveDown(page)
    case .look(let look, let resume): receiveLook(page, look, resume)
    case .lastAgain(let ending): receiveLastAgain(page, ending)
    case .lastLook(let look, let ending): receiveLastLook(page, look, ending)
    }
  }

  /// Takes a 404 for the page that `next` asked for. An empty page counts as one.
  package mutating func receivePastTheEnd() {
    guard case .read(let asked) = next, answered(asked) else { return }
    receiveEnd(asked)
  }

  mutating func receiveEnd(_ asked: Int) {
    switch phase {
    case .down: break
    case .look(let look, let resume): return endLook(look, resume)
    case .lastAgain: return uncount(asked, missing: 0)
    case .lastLook(let look, let ending):
      return asked == 1 ? receiveEmptyHead(ending) : endLastLook(look, ending)
    }
    guard let seam else {
      if isResuming { return resume(at: max(firstPage, asked - 1)) }
      if firstPage > 1 { return goBack() }
      return isEmpty ? close(.endOfList) : finish(.unproven(.shrinkingEnd(from: count.largestCount, to: 0)))
    }
    let above = seam.above
    // The page was there a moment ago.
    guard asked > above.number else { return askAgain(because: .endedEarly(page: asked)) }
    let saysMore =
      above.pagination.count != nil
      ? !count.isLastByCount(above) : above.pagination.pageTotal.map { above.number < $0 } ?? false
    if saysMore { return reread(above, nil, because: .endedEarly(page: asked)) }
    // The page above is full and a count can be stale, so only these answers say that the list ends.
    endAnswers += 1
    if endAnswers < PageWalk.endAnswersNeeded { return }
    // No page below shows whether the instant of the last event is whole.
    if isNewestFirst, seam.missing > 0 {
      return reread(above, nil, because: overlap(above, found: seam.missing))
    }
    reachEnd(at: above)
  }

  /// Takes a final refusal of the page that `next` asked for.
  package mutating func receiveRefusal() {
    guard case .read(let asked) = next else { return }
    // A walk whose checks are refused stays unchecked.
    if case .down = phase {
      close(.unproven(.refused(page: asked)))
    } else {
      finish(.unproven(.headDiffers(missing: 0)))
    }
  }

  /// Counts an answer. False if there were so many that the walk gives up.
  mutating func answered(_ page: Int) -> Bool {
    answers += 1
    deepest = max(deepest, page)
    guard answers > PageWalk.answerLimit + 8 * (deepest - firstPage) else { return true }
    finish(
      .unproven(
        doubt.map { $0.refutesClaims ? $0 : .uncounted(page: page, missing: 0) } ?? .outrun(page: page)))
    return false
  }
}
