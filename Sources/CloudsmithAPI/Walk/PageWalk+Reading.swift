import AuditRecord

/// The way down the list, and the seams between its pages.
extension PageWalk {
  // MARK: - Down the list

  /// Takes the next page down the list: checks its seam and its count.
  mutating func receiveDown(_ page: PageView) {
    endAnswers = 0
    guard isNewestFirst else { return receiveUnordered(page) }
    guard page.isNewestFirst else { return beginUnordered() }
    guard var seam else { return begin(with: page) }
    if let size = count.size, let now = page.pagination.pageSize, size != now {
      return finish(.unproven(.pageSizeChanged(from: size, to: now)))
    }
    count.add(page)
    if open != nil { return readAgain(page, of: seam) }
    // Counted now, before later pages add to the events received.
    let gap = count.gap(above: page)
    // Without a count, nothing else says that a page is short.
    if seam.above.pagination.count == nil, let size = count.size, seam.above.records.count < size {
      let found = seam.above.records.count
      return reread(page, gap, because: .short(page: seam.above.number, expected: size, found: found))
    }
    // An edge from which the walk goes on may be old: growth at the head and expiry at the end have moved the page down since.
    if !isResuming, !seam.keepsOrder(page) { return beginUnordered() }
    let verdict = seam.judge(page)
    self.seam = seam
    switch verdict {
    case .holds: accept(page, gap)
    case .goesOn: goOn(to: page, seam.continued(by: page))
    case .shrank:
      reread(page, gap, because: overlap(page, found: page.overlap(with: seam.above)))
    case .open(let repeated): reread(page, gap, because: overlap(page, found: repeated))
    }
  }

  private mutating func begin(with page: PageView) {
    if isResuming {
      // Without an edge nothing shows whether events are hidden between the pages.
      if count.hasShrunk(before: page) { return resume(at: firstPage) }
      count.add(page)
      return accept(page, count.gap(above: page))
    }
    if firstPage > 1, page.newest < end { return goBack() }
    edges = []
    count.begin(with: page)
    count.add(page)
    headEnd = page.oldest ?? .earliest
    accept(page, count.gap(above: page))
  }

  /// Begins a page higher, because the page found begins below the window.
  mutating func goBack() {
    firstPage -= 1
    // From page 1 on, claims reach to the head, and what pages further down have proven does not.
    if firstPage == 1 { proven = [] }
    next = .read(page: firstPage)
  }

  /// Takes a page whose seam holds, if its count fits too.
  private mutating func accept(_ page: PageView, _ gap: ListCount.Gap?) {
    if let gap, !count.explains(gap, at: page) {
      return uncount(page.number, missing: gap.missing, of: page.pagination.count)
    }
    if gap != nil, page.pagination.count ?? .max >= unsettled ?? 0 { unsettled = nil }
    count.accept(page, gap)
    if page.number >= uncounted.page { uncounted = (0, 0) }
    passes = 0
    known = 0
    doubt = nil
    open = nil
    let edge = Seam(below: page, following: seam)
    edges.removeAll { $0.above.number >= page.number }
    edges.append(edge)
    if edges.count > PageWalk.edgesKept { edges.removeFirst() }
    goOn(to: page, edge)
  }

  /// Moves the lower edge to `page`, proves what it proves, and asks for the next page.
  private mutating func goOn(to page: PageView, _ edge: Seam) {
    // A page that was read again proves nothing more of the page before it. Nor does the walk end there: it would look for new events
    // in the same order as before, and could meet as many each time.
    let before = isResuming ? nil : seam?.above.oldest
    isResuming = false
    seam = edge
    standstill = before.map { $0 <= page.oldest ?? .latest } ?? false ? standstill + 1 : 0
    if standstill > PageWalk.standstillLimit { return close(.unproven(.outrun(page: page.number))) }
    // Only the next page proves the page before it: events of the page's last instant may continue there. A page that ends
    // above the one before it proves nothing: the events between them arrived since, or the two pages are from different
    // copies of the list.
    if let before, page.oldest ?? .earliest <= before {
      let from = Timestamp(microseconds: before.microseconds + 1)
      if from < proven.last ?? .latest { proven.append(from) }
      if before < start { return close(.reachedStart) }
    }
    if count.isLast(page) { return reachEnd(at: page) }
    next = .read(page: page.number + 1)
  }

  // MARK: - Seams

  /// Asks for the same page again, because its answer contradicts itself.
  mutating func askAgain(because reason: IncompleteReason) {
    doubt = reason
    passes += 1
    pagesReread += 1
    if passes > PageWalk.passLimit { giveUp(reason) }
  }

  private mutating func giveUp(_ reason: IncompleteReason) {
    // A walk whose checks fail stays unchecked.
    guard case .down = phase else { return finish(.unproven(.headDiffers(missing: 0))) }
    // If the last page lacks records that are counted, they may be missing anywhere.
    if case .short(let page, let expected, let found) = reason, found > 0, page == count.lastPage {
      return finish(.unproven(.uncounted(page: page, missing: expected - found)))
    }
    close(.unproven(reason))
  }

  /// Reads the seam again, from the page on which its instant begins.
  ///
  /// - Parameter gap: above `page` when it was read.
  mutating func reread(_ page: PageView, _ gap: ListCount.Gap?, because reason: IncompleteReason) {
    guard let seam else { return }
    if seam.receivedCount > known, known > 0 { passes = 0 }
    known = seam.receivedCount
    doubt = reason
    passes += 1
    if passes > PageWalk.passLimit { return close(.unproven(reason)) }
    pagesReread += 1
    open = (page, gap)
    next = .read(page: seam.firstPage)
  }

  func overlap(_ page: PageView, found: Int) -> IncompleteReason {
    .overlap(page: page.number, expected: seam?.growth(to: page), found: found)
  }

  /// Takes the page on which the seam's instant begins, read again.
  private mutating func readAgain(_ page: PageView, of seam: Seam) {
    if case .endedEarly = doubt, count.isLast(page) {
      open = nil
      self.seam = Seam(below: page, after: seam)
      return reachEnd(at: page)
    }
    // If the list became shorter, the page may have moved up past events that no page has shown.
    if let growth = seam.growth(to: page), growth < 0, !seam.joins(page) {
      unsettled = max(unsettled ?? 0, seam.above.pagination.count ?? 0)
      if page.number > firstPage { return goUp(from: page, by: -growth) }
      // The walk starts over, also if it was going on from an edge.
      open = nil
      self.seam = nil
      isResuming = false
      return begin(with: page)
    }
    if let open, seam.isExplained(by: page, after: open.page) { return accept(open.page, open.gap) }
    self.seam = Seam(below: page, after: seam)
    open = nil
    next = .read(page: page.number + 1)
  }

  /// Goes on as many places higher as the list became shorter. There the page joins those that were read.
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
}
