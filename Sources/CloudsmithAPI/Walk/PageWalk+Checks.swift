import AuditRecord

/// Reconciliation of counts, and the checks before a walk ends.
extension PageWalk {
  // MARK: - Counts

  /// The count of a page does not fit: events are missing above it, or there are too many. Reads the head of the list, and
  /// then pages again, from farther above each time.
  ///
  /// - Parameter count: the count of the list that the page tells.
  mutating func uncount(_ page: Int, missing: Int, of count: Int? = nil) {
    if missing > 0, let count { unsettled = max(unsettled ?? 0, count) }
    doubt = .uncounted(page: page, missing: missing)
    uncounted.page = max(uncounted.page, page)
    uncounted.passes += 1
    pagesReread += 1
    guard uncounted.passes <= PageWalk.countPassLimit, pagesReread <= 60 + 2 * page else {
      return finish(.unproven(.uncounted(page: page, missing: missing)))
    }
    // Every other time only that page: the fewer pages are read, the fewer events arrive meanwhile.
    let back = uncounted.passes % 2 == 1 ? 0 : 1 << (uncounted.passes / 2 - 1)
    let from = max(firstPage, page - back)
    if firstPage == 1, from > 1 {
      phase = .look(ListCount.Look(), page: from)
      next = .read(page: 1)
    } else {
      resume(at: from)
    }
  }

  /// Goes on from a page that was read before, or from one above it: the one after the last accepted page whose edge is known.
  mutating func resume(at asked: Int) {
    edges.removeAll { $0.above.number >= asked }
    seam = asked > firstPage ? edges.last : nil
    let page = seam.map { $0.above.number + 1 } ?? asked
    phase = .down
    count.rewind(to: page)
    open = nil
    passes = 0
    known = 0
    // On the first page everything is counted again.
    isResuming = page > firstPage
    next = .read(page: page)
  }

  /// Takes a page of the head, read to find missing events.
  mutating func receiveLook(_ page: PageView, _ before: ListCount.Look, _ resume: Int) {
    var look = before
    count.look(&look, at: page)
    if look.isWhole || count.isLast(page) || page.number >= resume { return endLook(look, resume) }
    phase = .look(look, page: resume)
    next = .read(page: page.number + 1)
  }

  mutating func endLook(_ look: ListCount.Look, _ page: Int) {
    // If the look does not explain the missing events, they still show when the walk goes on.
    _ = count.finish(look)
    resume(at: page)
  }

  // MARK: - The end

  /// Judges the end of the list at its last page.
  mutating func reachEnd(at page: PageView) {
    guard isNewestFirst else { return reachUnorderedEnd(at: page) }
    switch count.judgeEnd(at: page, oldestSeen: oldestSeen) {
    case .uncounted(let missing): uncount(page.number, missing: missing, of: page.pagination.count)
    case .ends(let ending): close(ending)
    }
  }

  /// Checks the last page and then the head again before the walk ends.
  mutating func close(_ ending: Ending) {
    guard isNewestFirst else { return finish(ending) }
    doubt = nil
    passes = 0
    if case .unproven = ending, seam == nil { return finish(ending) }
    guard let last = seam?.above.number, last > firstPage else { return lookOnce(ending) }
    phase = .lastAgain(ending)
    next = .read(page: last)
  }

  mutating func receiveLastAgain(_ page: PageView, _ ending: Ending) {
    guard page.isNewestFirst else { return beginUnordered() }
    count.add(page)
    if let gap = count.gap(above: page), !count.explains(gap, at: page) {
      return uncount(page.number, missing: gap.missing, of: page.pagination.count)
    }
    lookOnce(ending)
  }

  /// Checks the head of the list before the walk ends. A walk that did not begin there skips the check.
  private mutating func lookOnce(_ ending: Ending) {
    guard firstPage == 1 else { return finish(ending) }
    phase = .lastLook(ListCount.Look(), ending)
    next = .read(page: 1)
  }

  mutating func receiveLastLook(_ page: PageView, _ before: ListCount.Look, _ ending: Ending) {
    guard seam != nil else { return resume(at: 1) }
    guard page.isNewestFirst else { return beginUnordered() }
    var look = before
    count.look(&look, at: page)
    if look.isWhole || count.isLast(page) { return endLastLook(look, ending) }
    phase = .lastLook(look, ending)
    next = .read(page: page.number + 1)
  }

  /// An empty list is read twice. A list that has become empty is not the one that was read.
  mutating func receiveEmptyHead(_ ending: Ending) {
    if isEmpty { finish(ending) } else { askAgain(because: .headDiffers(missing: 1)) }
  }

  mutating func endLastLook(_ look: ListCount.Look, _ ending: Ending) {
    let unexplained = count.finish(look)
    guard unexplained > 0 else { return finish(ending) }
    let reason = IncompleteReason.headDiffers(missing: unexplained)
    doubt = reason
    pagesReread += 1
    looks += 1
    if looks > PageWalk.lookLimit { return finish(.unproven(reason)) }
    resume(at: 1)
  }

  /// Ends the walk. A large loss of events outweighs an ending that refutes no claim.
  mutating func finish(_ ending: Ending) {
    next = .finished(ending)
    if case .unproven(let reason) = ending, reason.refutesClaims { return }
    if let (before, now) = count.loss { next = .finished(.unproven(.listShrank(from: before, to: now))) }
  }
}
