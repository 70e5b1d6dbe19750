package import AuditRecord

/// Decides which page to read next, and how far down the list is known to be complete.
///
/// The list is newest first and shifts while it is read: an event that arrives pushes every older one down by one. So
/// pages are read in increasing order only, which can repeat records but not skip them. Two checks follow each page: the
/// seam to the page above it (`Seam`), and the number of events that the list has above it (`ListCount`). Where one of
/// them fails, pages are read again until it holds, or the walk ends as unproven.
///
/// A walk ends where it began: its last page is read once more, and then the head of the list, until a page shows an event
/// that is known. An end of the list has to be proven too.
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
    /// Completeness below `complete` could not be shown.
    case unproven(IncompleteReason)
  }

  /// What the page that is read next is for.
  private enum Phase {
    case down
    /// The head of the list, because events are missing above `page`; the walk then goes on from `page`.
    case look(ListCount.Look, page: Int)
    /// The last page, and then the head, before the walk ends so.
    case lastAgain(Ending)
    case lastLook(ListCount.Look, Ending)
  }

  package private(set) var next: Step

  /// False once a page was not newest first: then only the end of the list proves anything.
  package private(set) var isNewestFirst = true
  /// Whether the list showed no record at all.
  package private(set) var isEmpty = true
  /// Pages that were read again because of a doubt.
  package private(set) var pagesReread = 0
  /// Where the walk began; what is on the pages before it is not of its window.
  package private(set) var firstPage: Int
  /// What keeps the walk from going on, while pages are read again.
  package private(set) var doubt: IncompleteReason?

  /// How many pages in a row may show nothing older before the walk gives up.
  package static let standstillLimit = 200
  /// How often the same place is read again, without anything new coming to light, before the walk gives it up.
  package static let passLimit = 12
  /// How often pages are read again because of one page's count.
  package static let countPassLimit = 20
  /// Answers that a walk takes beside eight for each page; a list that needs more contradicts itself for ever.
  static let answerLimit = 400
  /// How many answers in a row must say that the page after a full one is not there. A gateway can say so too.
  package static let endAnswersNeeded = 4
  /// How often all is read again because the head contradicts it.
  package static let lookLimit = 4
  /// Proven pages below a claim that is made while the walk goes on: contradictions show soon after what they contradict.
  package static let trail = 2

  private let start: Timestamp
  private let end: Timestamp
  /// The oldest event that pages read before the walk have shown.
  private let oldestSeen: Timestamp
  private var phase = Phase.down
  private var count = ListCount()
  /// The lower edge of what has been read; nil at the first page, and where the walk resumes.
  private var seam: Seam?
  private var isResuming = false
  /// The page after the seam that did not close it; nil unless the seam is being read again.
  private var open: (page: PageView, missing: Int?)?
  /// Readings of the same place since one showed something new.
  private var passes = 0
  /// How many events of the seam's instant had been received at the pass before.
  private var known = 0
  /// The deepest page whose count did not fit, and how often pages were read again because of it.
  private var uncounted = (page: 0, passes: 0)
  /// How often everything was read again because of what the head shows.
  private var looks = 0
  /// Pages in a row that ended no lower than the one before.
  private var standstill = 0
  private var answers = 0
  /// The farthest page asked for.
  private var deepest = 0
  /// How often the page after the end was asked for.
  private var endAnswers = 0
  /// From where on the list is complete, after each page; the last is the lowest.
  private var proven: [Timestamp] = []
  /// The oldest instant of the first page: what is newer is claimed at the end only.
  private var headEnd = Timestamp.earliest
  /// All records received, where the list is in no order.
  private var all: Set<IdentityHash> = []

  /// A walk from the head of the list down to `start`.
  package init(downTo start: Timestamp, seen: PageView? = nil, oldestSeen: Timestamp = .latest) {
    self.init(from: 1, before: .latest, downTo: start, seen: seen, oldestSeen: oldestSeen)
  }

  /// A walk through `[start, end)` that begins at a page found by `PageSeek`. Should that page begin below `end`, the
  /// walk goes back to the one before it.
  ///
  /// - Parameters:
  ///   - seen: a page that was read before the walk; the list had as many events as its answer says.
  ///   - oldestSeen: the oldest event that pages read before the walk have shown. The list does not end above it.
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

  /// The window of which every event that the list held has been received; nil while nothing is known. While the walk goes
  /// on it leaves out the newest events and the last pages: what contradicts them may still come.
  package var complete: Window? {
    let top = firstPage == 1 ? Timestamp.latest : end
    guard case .finished(let ending) = next else {
      guard proven.count > PageWalk.trail else { return nil }
      let from = proven[proven.count - 1 - PageWalk.trail]
      return from < headEnd ? Window(from: from, to: firstPage == 1 ? min(headEnd, top) : end) : nil
    }
    if refutes { return nil }
    if ending == .endOfList { return Window(from: .earliest, to: top) }
    return proven.last.flatMap { $0 < top ? Window(from: $0, to: top) : nil }
  }

  /// Down to where the list is known to be complete, as far as nothing has contradicted it yet; nil while nothing is known.
  package var completeFrom: Timestamp? {
    if case .finished(.endOfList) = next { return .earliest }
    return isNewestFirst ? proven.last : nil
  }

  /// Whether the walk ended with evidence against what it had shown to be complete before.
  package var refutes: Bool {
    guard case .finished(.unproven(let reason)) = next else { return false }
    // Events that disappeared above a page pull others over its edge: those that are lost may be among what was claimed.
    if case .shrinkingEnd = reason, count.hasSurplus { return true }
    return reason.refutesClaims || !isNewestFirst
  }

  // MARK: - Answers

  /// Takes the answer to the page that `next` asked for.
  package mutating func receive(_ page: PageView) {
    guard case .read(let asked) = next, answered(asked) else { return }
    if !page.records.isEmpty { isEmpty = false }
    count.note(page.pagination.count)
    if let due = due(on: page), page.records.count < due {
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

  /// Takes a 404 or an empty page for the page that `next` asked for.
  package mutating func receivePastTheEnd() {
    guard case .read(let asked) = next, answered(asked) else { return }
    receiveEnd(asked)
  }

  private mutating func receiveEnd(_ asked: Int) {
    switch phase {
    case .down: break
    case .look(let look, let resume): return endLook(look, resume)
    case .lastAgain(let ending): return uncount(asked, missing: 0, closing: ending)
    case .lastLook(let look, let ending):
      return asked == 1 ? receiveEmptyHead(ending) : endLastLook(look, ending)
    }
    guard let seam else {
      if isResuming { return resume(at: max(firstPage, asked - 1)) }
      if firstPage > 1 { return goBack() }
      return isEmpty ? close(.endOfList) : finish(.unproven(.shrinkingEnd(from: count.largestCount, to: 0)))
    }
    let above = seam.above
    // A page that was there a moment ago.
    guard asked > above.number else { return askAgain(because: .endedEarly(page: asked)) }
    let saysMore =
      above.pagination.count != nil
      ? !isLastByCount(above) : above.pagination.pageTotal.map { above.number < $0 } ?? false
    if saysMore { return reread(above, nil, because: .endedEarly(page: asked)) }
    // The page above is full, and a count can be stale: then nothing but these answers says that the list ends.
    endAnswers += 1
    if endAnswers < PageWalk.endAnswersNeeded { return }
    // The instant of the last event ends here, and nothing below shows that it is whole.
    if isNewestFirst, seam.missing > 0 {
      return reread(above, nil, because: overlap(above, found: seam.missing))
    }
    reachEnd(at: above)
  }

  /// Takes note that the API refuses the page that `next` asked for, and would refuse it again.
  package mutating func receiveRefusal() {
    guard case .read(let asked) = next else { return }
    // What is refused while the walk is being checked leaves it unchecked.
    if case .down = phase {
      close(.unproven(.refused(page: asked)))
    } else {
      finish(.unproven(.headDiffers(missing: 0)))
    }
  }

  /// Counts an answer; false when there were so many that the walk gives up.
  private mutating func answered(_ page: Int) -> Bool {
    answers += 1
    deepest = max(deepest, page)
    guard answers > PageWalk.answerLimit + 8 * (deepest - firstPage) else { return true }
    finish(
      .unproven(
        doubt.map { $0.refutesClaims ? $0 : .uncounted(page: page, missing: 0) } ?? .outrun(page: page)))
    return false
  }

  // MARK: - Downwards

  private mutating func receiveDown(_ page: PageView) {
    endAnswers = 0
    guard isNewestFirst else { return receiveUnordered(page) }
    guard page.isNewestFirst else { return beginUnordered() }
    guard var seam else { return begin(with: page) }
    if let size = count.size, let now = page.pagination.pageSize, size != now {
      return finish(.unproven(.pageSizeChanged(from: size, to: now)))
    }
    count.add(page)
    if open != nil { return readAgain(page, of: seam) }
    // Before pages that are read later add to what was received.
    let missing = count.missing(above: page)
    // Without a count, nothing else says that a page is short.
    if seam.above.pagination.count == nil, let size = count.size, seam.above.records.count < size {
      let found = seam.above.records.count
      return reread(page, missing, because: .short(page: seam.above.number, expected: size, found: found))
    }
    if !seam.keepsOrder(page) { return beginUnordered() }
    let verdict = seam.judge(page)
    self.seam = seam
    switch verdict {
    case .holds: accept(page, missing)
    case .goesOn: goOn(to: page, seam.continued(by: page))
    case .shrank:
      reread(page, missing, because: overlap(page, found: page.overlap(with: seam.above)))
    case .open(let repeated): reread(page, missing, because: overlap(page, found: repeated))
    }
  }

  private mutating func begin(with page: PageView) {
    if isResuming {
      count.add(page)
      return accept(page, count.missing(above: page))
    }
    if firstPage > 1, page.newest < end { return goBack() }
    count.begin(with: page)
    count.add(page)
    headEnd = page.oldest ?? .earliest
    accept(page, count.missing(above: page))
  }

  private mutating func goBack() {
    firstPage -= 1
    next = .read(page: firstPage)
  }

  /// Nothing is missing between the page and the one above it; whether anything is missing at all, its rank tells.
  private mutating func accept(_ page: PageView, _ missing: Int?) {
    if let missing, !count.explains(missing, at: page) {
      return uncount(page.number, missing: missing)
    }
    count.accept(page, missing: missing)
    if page.number >= uncounted.page { uncounted = (0, 0) }
    isResuming = false
    passes = 0
    known = 0
    doubt = nil
    open = nil
    goOn(to: page, Seam(below: page))
  }

  private mutating func goOn(to page: PageView, _ edge: Seam) {
    let before = seam?.above.oldest
    seam = edge
    standstill = before.map { $0 <= page.oldest ?? .latest } ?? false ? standstill + 1 : 0
    if standstill > PageWalk.standstillLimit { return close(.unproven(.outrun(page: page.number))) }
    // Only the page after it shows that the last event of a page stands where it belongs. And the events of that very
    // instant may go on overleaf. A page that ends above the one before it shows nothing of the kind: what stands between them
    // has come in since, or the two are from different copies of the list.
    if let before, page.oldest ?? .earliest <= before {
      let from = Timestamp(microseconds: before.microseconds + 1)
      if from < proven.last ?? .latest { proven.append(from) }
      if before < start { return close(.reachedStart) }
    }
    if isLast(page) { return reachEnd(at: page) }
    next = .read(page: page.number + 1)
  }

  /// The last page, by the latest count.
  private var lastCounted: Int? {
    guard let size = count.size, let total = count.lastCount, size > 0 else { return nil }
    return (total + size - 1) / size
  }

  // MARK: - The seam

  private mutating func askAgain(because reason: IncompleteReason) {
    doubt = reason
    passes += 1
    pagesReread += 1
    if passes > PageWalk.passLimit { giveUp(reason) }
  }

  private mutating func giveUp(_ reason: IncompleteReason) {
    // What fails while the walk is being checked leaves it unchecked.
    guard case .down = phase else { return finish(.unproven(.headDiffers(missing: 0))) }
    // The last page of the list lacks records that are counted: nothing says that they are missing just there.
    if case .short(let page, let expected, let found) = reason, found > 0, page == lastCounted {
      return finish(.unproven(.uncounted(page: page, missing: expected - found)))
    }
    close(.unproven(reason))
  }

  /// Reads the seam again, from the page on which its instant begins.
  private mutating func reread(_ page: PageView, _ missing: Int?, because reason: IncompleteReason) {
    guard let seam else { return }
    if seam.receivedCount > known, known > 0 { passes = 0 }
    known = seam.receivedCount
    doubt = reason
    passes += 1
    if passes > PageWalk.passLimit { return close(.unproven(reason)) }
    pagesReread += 1
    open = (page, missing)
    next = .read(page: seam.firstPage)
  }

  private func overlap(_ page: PageView, found: Int) -> IncompleteReason {
    .overlap(page: page.number, expected: seam?.growth(to: page), found: found)
  }

  /// Takes the page on which the seam's instant begins once more.
  private mutating func readAgain(_ page: PageView, of seam: Seam) {
    if case .endedEarly = doubt, isLast(page) {
      open = nil
      self.seam = Seam(below: page, after: seam)
      return reachEnd(at: page)
    }
    // Where the list became shorter, the page may have moved up past what stood between it and the one above.
    if page.number > firstPage, let growth = seam.growth(to: page), growth < 0, !seam.joins(page) {
      return goUp(from: page, by: -growth)
    }
    if let open, seam.isExplained(by: page, after: open.page) { return accept(open.page, open.missing) }
    self.seam = Seam(below: page, after: seam)
    open = nil
    next = .read(page: page.number + 1)
  }

  /// Reads on from as far above as the list became shorter by: there the page joins what was read.
  private mutating func goUp(from page: PageView, by places: Int) {
    let pages = places / max(1, count.size ?? 1) + 1
    doubt = overlap(page, found: 0)
    uncounted.page = max(uncounted.page, page.number)
    uncounted.passes += 1
    pagesReread += 1
    guard uncounted.passes <= PageWalk.countPassLimit else {
      return finish(.unproven(.uncounted(page: page.number, missing: 0)))
    }
    resume(at: max(firstPage, page.number - pages))
  }

  // MARK: - The count

  /// Events are missing above a page, or there are too many: reads the head, and then again what was read, from ever
  /// farther above.
  private mutating func uncount(_ page: Int, missing: Int, closing: Ending? = nil) {
    doubt = .uncounted(page: page, missing: missing)
    uncounted.page = max(uncounted.page, page)
    uncounted.passes += 1
    pagesReread += 1
    guard uncounted.passes <= PageWalk.countPassLimit, pagesReread <= 60 + 2 * page else {
      return finish(.unproven(.uncounted(page: page, missing: missing)))
    }
    // Every other time that very page, for what arrives meanwhile gets in the way the less is read.
    let back = uncounted.passes % 2 == 1 ? 0 : 1 << (uncounted.passes / 2 - 1)
    let from = max(firstPage, page - back)
    if firstPage == 1, from > 1 {
      phase = .look(ListCount.Look(), page: from)
      next = .read(page: 1)
    } else {
      resume(at: from)
    }
  }

  private mutating func resume(at page: Int) {
    phase = .down
    count.rewind(to: page)
    seam = nil
    open = nil
    passes = 0
    known = 0
    // From the first page on everything is counted again.
    isResuming = page > firstPage
    next = .read(page: page)
  }

  private mutating func receiveLook(_ page: PageView, _ before: ListCount.Look, _ resume: Int) {
    var look = before
    count.look(&look, at: page)
    if look.isWhole || isLast(page) || page.number >= resume { return endLook(look, resume) }
    phase = .look(look, page: resume)
    next = .read(page: page.number + 1)
  }

  private mutating func endLook(_ look: ListCount.Look, _ page: Int) {
    // What the look does not explain shows when the walk goes on.
    _ = count.finish(look)
    resume(at: page)
  }

  // MARK: - The end

  private func isLastByCount(_ page: PageView) -> Bool {
    guard let count = page.pagination.count, let size = size(of: page) else { return false }
    return page.number * size >= count
  }

  private func size(of page: PageView) -> Int? { page.pagination.pageSize ?? count.size }

  /// Whether nothing follows: the page is not full, and its own count says so too. A page that is full, or whose answer
  /// does not say how long the list is, proves nothing.
  private func isLast(_ page: PageView) -> Bool {
    guard let size = size(of: page), page.records.count < size else { return false }
    if page.pagination.count != nil { return isLastByCount(page) }
    return page.pagination.pageTotal.map { page.number >= $0 } ?? false
  }

  /// How many records the page must have at least by its own fields; nil where they do not say.
  private func due(on page: PageView) -> Int? {
    guard let count = page.pagination.count, let size = size(of: page) else { return nil }
    return min(size, max(0, count - (page.number - 1) * size))
  }

  private mutating func reachEnd(at page: PageView) {
    guard isNewestFirst else { return reachUnorderedEnd(at: page) }
    if let missing = count.missing(through: page), !count.explains(missing, at: page) {
      return uncount(page.number, missing: missing)
    }
    if oldestSeen < page.oldest ?? .earliest {
      return close(.unproven(.shrinkingEnd(from: nil, to: page.pagination.count)))
    }
    guard let total = page.pagination.count, let size = size(of: page) else {
      // A list that is cut ends with a full page. So can a list that is whole, and there is nothing that tells.
      let isFull = page.records.count >= count.size ?? 0
      return close(isFull ? .unproven(.unconfirmedEnd(page: page.number)) : .endOfList)
    }
    let places = (page.number - 1) * size + page.records.count
    guard total == places else { return close(.unproven(.unreconciled(expected: total, found: places))) }
    if let missing = count.missing(through: page), count.lost(missing: missing) > 0 {
      return close(.unproven(.shrinkingEnd(from: count.largestCount, to: total)))
    }
    if PageWalk.isRound(total) { return close(.unproven(.roundCount(total))) }
    close(.endOfList)
  }

  /// 1,000 and 5,000, 10,000, 20,000 and the like: where lists are cut that could go on.
  static func isRound(_ count: Int) -> Bool {
    var rest = count
    while rest >= 10, rest % 10 == 0 { rest /= 10 }
    return count >= 1_000 && [1, 2, 5].contains(rest)
  }

  /// Before the walk ends: the last page is read again, and then the head.
  private mutating func close(_ ending: Ending) {
    guard isNewestFirst else { return finish(ending) }
    doubt = nil
    passes = 0
    if case .unproven = ending, seam == nil { return finish(ending) }
    guard let last = seam?.above.number, last > firstPage else { return lookOnce(ending) }
    phase = .lastAgain(ending)
    next = .read(page: last)
  }

  private mutating func receiveLastAgain(_ page: PageView, _ ending: Ending) {
    guard page.isNewestFirst else { return beginUnordered() }
    count.add(page)
    if let missing = count.missing(above: page), !count.explains(missing, at: page) {
      return uncount(page.number, missing: missing)
    }
    lookOnce(ending)
  }

  private mutating func lookOnce(_ ending: Ending) {
    guard firstPage == 1 else { return finish(ending) }
    phase = .lastLook(ListCount.Look(), ending)
    next = .read(page: 1)
  }

  private mutating func receiveLastLook(_ page: PageView, _ before: ListCount.Look, _ ending: Ending) {
    guard seam != nil else { return resume(at: 1) }
    guard page.isNewestFirst else { return beginUnordered() }
    var look = before
    count.look(&look, at: page)
    if look.isWhole || isLast(page) { return endLastLook(look, ending) }
    phase = .lastLook(look, ending)
    next = .read(page: page.number + 1)
  }

  /// A list that is empty is looked at twice; one that has become empty is not the list that was read.
  private mutating func receiveEmptyHead(_ ending: Ending) {
    if isEmpty { finish(ending) } else { askAgain(because: .headDiffers(missing: 1)) }
  }

  private mutating func endLastLook(_ look: ListCount.Look, _ ending: Ending) {
    let unexplained = count.finish(look)
    guard unexplained > 0 else { return finish(ending) }
    let reason = IncompleteReason.headDiffers(missing: unexplained)
    doubt = reason
    pagesReread += 1
    looks += 1
    if looks > PageWalk.lookLimit { return finish(.unproven(reason)) }
    resume(at: 1)
  }

  private mutating func finish(_ ending: Ending) {
    next = .finished(ending)
    if case .unproven(let reason) = ending, reason.refutesClaims { return }
    if let (before, now) = count.loss { next = .finished(.unproven(.listShrank(from: before, to: now))) }
  }

  // MARK: - A list in no order

  /// Nothing says where in such a list the window is: all of it has to be read, from the beginning.
  private mutating func beginUnordered() {
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

  /// What is inserted can push records down past the next page, but not hide them: so everything above a page was received,
  /// but for what the list grew by.
  private mutating func receiveUnordered(_ page: PageView) {
    if page.number == 1 { count.begin(with: page) }
    count.add(page)
    for record in page.records { all.insert(record.identity) }
    seam = Seam(below: page)
    if let size = count.size {
      let missing = (page.number - 1) * size + page.records.count - all.count
      if missing > 0, !count.explains(missing, at: page) { return readUnorderedAgain(page, missing) }
    }
    doubt = nil
    if isLast(page) { return reachEnd(at: page) }
    next = .read(page: page.number + 1)
  }

  private mutating func reachUnorderedEnd(at page: PageView) {
    guard let total = page.pagination.count else { return finish(.endOfList) }
    if all.count != total { return readUnorderedAgain(page, total - all.count) }
    if let largest = count.largestCount, all.count < largest {
      return finish(.unproven(.shrinkingEnd(from: largest, to: total)))
    }
    finish(PageWalk.isRound(total) ? .unproven(.roundCount(total)) : .endOfList)
  }

  private mutating func readUnorderedAgain(_ page: PageView, _ missing: Int) {
    let reason = IncompleteReason.uncounted(page: page.number, missing: missing)
    doubt = reason
    uncounted.passes += 1
    pagesReread += 1
    if uncounted.passes > PageWalk.passLimit { return finish(.unproven(reason)) }
    // A record that stands at another place each time is found in time. More records than are counted: some are gone.
    if missing < 0 { all = [] }
    next = .read(page: missing < 0 || uncounted.passes % 3 == 0 ? 1 : max(1, page.number - uncounted.passes))
  }
}
