import AuditArchive
import AuditRecord
import CloudsmithAPI

/// The way of a run through the windows of its plan.
extension ExportRun {
  /// Fetches the windows of the plan, newest first, and commits their days.
  mutating func fetchWindows(in span: Window) async throws {
    committer.counters.window = span
    var reason: IncompleteReason?
    do {
      let windows = settings.timeFilter == .walk ? [span] : committer.plan.wanted.intervals.reversed()
      for window in windows where !committer.pending.isProven(window) {
        reason = try await fetch(window) ?? reason
        if committer.evidence.isNothingVisible || committer.evidence.reason != nil { break }
      }
    } catch let error as APIError {
      // Whatever stops the run, what was received is kept.
      try await committer.commitIncomplete()
      throw error
    }
    if let reason = committer.evidence.reason ?? reason {
      try await committer.commitIncomplete()
      outcome = .incomplete(reason)
    }
    try await committer.finish(isWhole: reason == nil)
  }

  /// Fetches a window and commits its days as they become complete. Where the archive already holds rows of the window, or
  /// they are to be replaced, all days are committed at the end: events may be missing, and that must be known before
  /// anything is claimed.
  ///
  /// - Returns: why the rest is not claimed; nil if the window is complete.
  private mutating func fetch(_ window: Window) async throws -> IncompleteReason? {
    let isReplacement = committer.plan.replaced != nil
    let isHeld = isReplacement || !committer.evidence.rereads.intersection(window).isEmpty
    var proven = Coverage()
    // Where a walk reached the end of the list, events that it does not show are gone.
    var seen = Coverage()
    if settings.timeFilter == .filter {
      proven = try await fetchFiltered(window, commits: !isHeld)
      if isReplacement { proven = try await fetchFilteredAgain(proven) }
    }
    var reason: IncompleteReason?
    for rest in proven.gaps(in: window).reversed() {
      let page = try await seek(rest)
      var walk = try await walk(page, rest, commits: !isHeld)
      if walk.isEmpty { return try await concludeFromEmptyList() }
      // Rows are dropped only if two complete readings do not show them.
      if isReplacement, walk.reason == nil { walk = try await self.walk(page, rest, commits: false) }
      if let complete = walk.complete { proven.insert(rest.intersection(complete)) }
      if walk.hasSeenEnd { seen.insert(rest) }
      guard let end = walk.reason else { continue }
      if walk.refutes { committer.evidence.refute(rest, because: end) }
      reason = end
      guard settings.timeFilter == .auto, end.isReachable, !isReplacement else { continue }
      for gap in proven.gaps(in: rest) {
        for part in try await fetchFiltered(gap, commits: !isHeld).intervals { proven.insert(part) }
      }
      if proven.contains(rest) { reason = nil }
    }
    guard isHeld else { return reason }
    if !isReplacement {
      for part in proven.intervals { seen.insert(part) }
      try await lookForArchived(in: seen, of: window)
    }
    guard !isReplacement || proven.contains(window) else { return reason }
    for part in proven.intervals.reversed() { try await committer.commitComplete(part) }
    return reason
  }

  /// Checks that the list still shows the archived rows of `seen`. Reads the window once more if too many are missing.
  private mutating func lookForArchived(in seen: Coverage, of window: Window) async throws {
    try await committer.compareArchive(in: seen)
    if committer.evidence.areTooManyMissing {
      let missing = committer.evidence.missing.count
      observe(.rereading(.vanished(missing: missing, of: committer.evidence.expected)))
      _ = try await walk(try await seek(window), window, commits: false)
    }
    committer.evidence.concludeFromMissing()
    committer.counters.vanishedEvents = committer.evidence.missing.count
  }

  /// An account that may not read the log gets an empty list too.
  private mutating func concludeFromEmptyList() async throws -> IncompleteReason? {
    // A list that showed events a moment ago is not empty.
    if committer.evidence.oldestShown < .latest {
      return .shrinkingEnd(from: head?.pagination.count, to: 0)
    }
    committer.evidence.noteEmptyList()
    defer { fetcher.countRequests(&committer.counters) }
    if committer.evidence.reason == nil, try await fetcher.isLogReadable() {
      committer.evidence.noteAccess()
    }
    if let reason = committer.evidence.reason { return reason }
    if !committer.evidence.isNothingVisible {
      try await committer.commitComplete(Window(from: .earliest, to: .latest))
    }
    return nil
  }

  // MARK: - Seek and walk

  /// The page from which a walk sees all of the window.
  private mutating func seek(_ window: Window) async throws -> Int {
    if settings.timeFilter == .walk { return 1 }
    var seek = PageSeek(before: window.to)
    while case .read(let number) = seek.next {
      if number == 1, let head {
        seek.receive(head)
        continue
      }
      switch try await read(number) {
      case .page(let page): seek.receive(page)
      case .pastTheEnd, .refused: seek.receivePastTheEnd()
      }
    }
    guard case .found(let page) = seek.next else { return 1 }
    return page
  }

  /// Walks through a window.
  ///
  /// - Parameter commits: whether days are committed as they become complete.
  private mutating func walk(_ first: Int, _ window: Window, commits: Bool) async throws -> PageWalk {
    let oldest = committer.evidence.oldestShown
    var walk =
      first == 1
      ? PageWalk(downTo: window.from, seen: head, oldestSeen: oldest)
      : PageWalk(from: first, before: window.to, downTo: window.from, seen: head, oldestSeen: oldest)
    var reread = 0
    var pagesLeft = 0
    defer { fetcher.stop() }
    while case .read(let number) = walk.next {
      // Planning or seeking may have just read this page.
      let answer: PageAnswer<PageView> =
        if let held, held.number == number { .page(held) } else {
          try await read(number, expecting: pagesLeft)
        }
      held = nil
      let isWalk = walk.firstPage == 1
      committer.counters.timeFilter = isWalk ? committer.counters.timeFilter ?? "walk" : "seek"
      switch answer {
      case .page(let page):
        walk.receive(page)
        // Pages in doubt are read again one by one, each after the answer to the one before.
        pagesLeft = walk.doubt == nil ? page.pagesLeft(downTo: window.from) - 1 : 0
        report(page.number, page.pagination, reached: walk.completeFrom, window)
      case .pastTheEnd: walk.receivePastTheEnd()
      case .refused: walk.receiveRefusal()
      }
      if let doubt = walk.doubt, walk.pagesReread > reread {
        reread = walk.pagesReread
        observe(.rereading(doubt))
      }
      if commits, let complete = walk.complete, !walk.isEmpty {
        try await committer.commitComplete(complete)
      }
    }
    return walk
  }

  /// Reads a page and collects its rows.
  private mutating func read(_ number: Int, expecting more: Int = 0) async throws -> PageAnswer<PageView> {
    switch try await fetcher.answer(to: number, expecting: more, counting: &committer.counters) {
    case .page(let page):
      let view = try await committer.collect(page)
      held = view
      return .page(view)
    case .pastTheEnd: return .pastTheEnd
    case .refused: return .refused
    }
  }

  /// Reports how far a walk has come.
  func report(_ page: Int, _ pagination: Pagination, reached: Timestamp?, _ span: Window) {
    observe(
      .page(
        ExportEvent.Progress(
          page: page, pagesInList: pagination.pageTotal, events: fetcher.eventsReceived, reached: reached,
          span: span)))
  }
}

extension PageWalk {
  /// Why the walk could not show the window to be complete; nil if it could, or goes on.
  fileprivate var reason: IncompleteReason? {
    if case .finished(.unproven(let reason)) = next { reason } else { nil }
  }

  /// Whether the walk reached what looks like the end of the list.
  fileprivate var hasSeenEnd: Bool {
    switch next {
    case .finished(.endOfList), .finished(.unproven(.shrinkingEnd)), .finished(.unproven(.unconfirmedEnd)),
      .finished(.unproven(.roundCount)), .finished(.unproven(.unreconciled)):
      true
    case .read, .finished: false
    }
  }
}

extension IncompleteReason {
  /// Whether the time filter may still reach older events.
  fileprivate var isReachable: Bool {
    switch self {
    case .endedEarly, .refused, .roundCount, .short, .unconfirmedEnd: true
    case .overlap, .uncounted, .headDiffers, .shrinkingEnd, .listShrank, .outrun, .pageSizeChanged,
      .unreconciled, .filterFailed, .vanished, .replacementTooLarge, .replacementUncounted:
      false
    }
  }
}
