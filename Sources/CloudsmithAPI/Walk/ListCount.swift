import AuditRecord

/// Compares the number of events that a list has above an instant with the number received.
///
/// In a list that is newest first, the rank of the first event of an instant is the number of newer events. The rank less
/// the distinct newer events received is the number of events that were not received (`missing`). This check does not
/// depend on how pages fit together: a page from a copy of the list that lags behind fits, and hides events all the same.
///
/// Only two things explain a difference: growth of the list since its head was read last explains missing events, less the
/// arrived events that were received, and events that were seen to disappear explain a surplus.
///
/// Memory: the events of the first and the last few pages, and one mark for each other page. No I/O.
struct ListCount: Sendable {
  /// The number of events received above an instant, and the page on which the instant begins.
  private struct Mark {
    var page: Int
    var instant: Timestamp
    /// Without newcomers.
    var received: Int
    /// The count of the list when the page was read.
    var count: Int?
  }

  /// How far the events received differ from those that the list has above a place.
  struct Gap: Sendable {
    /// The events that were not received; negative if there are more than the list has.
    var missing: Int
    /// The events received by then that arrived since the head was read last.
    var newcomers: Int
  }

  /// Records on a page; nil before the first page.
  private(set) var size: Int?
  /// Places above the walk's first page, plus the events that looks at the head have found.
  private var offset = 0
  /// The marks of accepted pages, from the top.
  private var marks: [Mark] = []
  /// The mark from which on events are known one by one. At first, the top of the list.
  private var floor = Mark(page: 0, instant: .latest, received: 0)
  /// The events received at or below the floor.
  private var recent: [IdentityHash: Timestamp] = [:]
  /// Events that looks at the head have found. They are part of `offset`.
  private var arrived: Set<IdentityHash> = []
  /// The events of the first pages, without newcomers.
  private var head: [IdentityHash: Timestamp] = [:]
  /// Events that arrived while the list was read and were received from a page below their place.
  private var newcomers: [IdentityHash: Timestamp] = [:]
  /// How many of `newcomers` were received since the head was read last.
  private var newcomersSinceHead = 0
  /// The times strictly between these were on the first page, all of them, when the head was read last.
  private var shownAtHead: (above: Timestamp, below: Timestamp) = (.latest, .latest)
  /// The count of the list when its head was read last.
  private var countAtHead: Int?
  /// The largest count seen.
  private(set) var largestCount: Int?
  /// The latest count seen.
  private(set) var lastCount: Int?
  /// Events that disappeared while the list was read.
  private var removed = 0
  /// Events that the last look no longer showed on the first pages.
  private var hidden: Set<IdentityHash> = []
  /// Those of `hidden` that a walk which started over does not count and has not met again.
  private var forgotten: Set<IdentityHash> = []
  /// The most events that must have arrived since the head was read last: those missing above a page and the newcomers.
  private var mostArrived = 0

  /// Whether the list had fewer events above some page than were received: events disappeared, and pulled others up.
  private(set) var hasSurplus = false

  /// The number of accepted pages whose events are known one by one.
  private static let pagesKept = 3

  // MARK: - Pages

  /// Starts counting at the first page of the walk.
  mutating func begin(with page: PageView) {
    size = page.pagination.pageSize ?? size ?? page.records.count
    offset = page.number == 1 ? 0 : (page.number - 1) * (size ?? 0)
    marks = []
    floor = Mark(page: 0, instant: .latest, received: 0)
    recent = [:]
    arrived = []
    head = Dictionary(page.timedIdentities.lazy.map { ($0.identity, $0.time) }) { $1 }
    newcomers = [:]
    newcomersSinceHead = 0
    shownAtHead = (page.oldest ?? .latest, page.number == 1 ? .latest : page.newest)
    forgotten.formUnion(hidden)
    hidden = []
    countAtHead = page.pagination.count
    mostArrived = 0
  }

  /// Takes the events of any page.
  mutating func add(_ page: PageView) {
    note(page.pagination.count)
    if !forgotten.isEmpty { forgotten.subtract(page.records.map(\.identity)) }
    for record in page.records {
      guard let time = record.time, isNew(record.identity, at: time) else { continue }
      newcomers[record.identity] = time
      newcomersSinceHead += 1
    }
    for (identity, time) in page.timedIdentities where time <= floor.instant && !arrived.contains(identity) {
      if recent[identity] == nil, newcomers[identity] == nil { recent[identity] = time }
    }
    if page.number <= ListCount.pagesKept {
      for (identity, time) in page.timedIdentities where head[identity] == nil && newcomers[identity] == nil {
        head[identity] = time
      }
    }
  }

  /// Whether an event has arrived since the head was read: it is in a part of the list that the pages read have shown as a whole,
  /// and they did not show it.
  private func isNew(_ identity: IdentityHash, at time: Timestamp) -> Bool {
    let isKnown =
      head[identity] != nil || recent[identity] != nil || newcomers[identity] != nil
      || arrived.contains(identity)
    guard !isKnown, time < shownAtHead.below else { return false }
    // Events between the first page and the floor are not known one by one.
    return time > shownAtHead.above || (time <= floor.instant && time > marks.last?.instant ?? .latest)
  }

  /// The events newer than the page's oldest instant that were not received; nil if the page does not show it.
  func gap(above page: PageView) -> Gap? {
    guard let instant = page.oldest, page.isNewestFirst, page.newest > instant, instant <= floor.instant,
      let rank = rank(page.place(of: instant), on: page)
    else { return nil }
    let above = newcomers.count { $0.value > instant }
    return Gap(missing: rank - offset - received(above: instant) - above, newcomers: newcomersSinceHead)
  }

  /// The events down to the end of the page that were not received; nil without a page size.
  func gap(through page: PageView) -> Gap? {
    let received = floor.received + recent.count + newcomers.count
    return rank(page.records.count, on: page).map {
      Gap(missing: $0 - offset - received, newcomers: newcomersSinceHead)
    }
  }

  /// Whether growth explains missing events, or a loss explains a surplus. Events that arrived and were received do not explain
  /// others that are missing.
  func explains(_ gap: Gap, at page: PageView) -> Bool {
    guard let growth = growth(to: page) else { return gap.missing <= 0 && gap.missing >= -removed }
    return gap.missing <= max(0, growth - gap.newcomers) && gap.missing >= min(0, growth) - removed
  }

  /// Makes the page the lower edge of the pages read.
  ///
  /// - Parameter gap: as it was when the page was read.
  mutating func accept(_ page: PageView, _ gap: Gap?) {
    if let gap, gap.missing > 0 { mostArrived = max(mostArrived, gap.missing + gap.newcomers) }
    if let gap, gap.missing < 0 { hasSurplus = true }
    guard let instant = page.oldest, page.isNewestFirst, page.newest > instant, instant <= floor.instant,
      instant < marks.last?.instant ?? .latest
    else { return }
    let received = received(above: instant)
    marks.append(
      Mark(page: page.number, instant: instant, received: received, count: page.pagination.count))
    guard marks.count > ListCount.pagesKept else { return }
    let lower = marks[marks.count - 1 - ListCount.pagesKept]
    guard lower.instant < floor.instant else { return }
    floor = lower
    // `filter` would hash every event that stays, on each page.
    for identity in recent.compactMap({ $0.value > floor.instant ? $0.key : nil }) { recent[identity] = nil }
  }

  /// Forgets the counts from a page on, so that it can be read again. Events received stay received.
  mutating func rewind(to page: Int) {
    marks.removeAll { $0.page >= page }
    if let last = marks.last {
      if floor.page >= page { floor = last }
    } else {
      floor = Mark(page: 0, instant: .latest, received: 0)
    }
    mostArrived = 0
  }

  /// Whether the list became shorter since the page above this one was accepted, and this one does not begin above the end of that
  /// page.
  func hasShrunk(before page: PageView) -> Bool {
    guard let mark = marks.last, let before = mark.count, let now = page.pagination.count else {
      return false
    }
    return now < before && page.newest <= mark.instant
  }

  // MARK: - The head

  /// The first pages, read again.
  struct Look: Sendable {
    /// Events that the first pages did not show before.
    var arrived: [IdentityHash: Timestamp] = [:]
    var shown: Set<IdentityHash> = []
    var oldest = Timestamp.latest
    var count: Int?
    /// The times strictly between these are on its first page.
    var firstPage = (above: Timestamp.latest, below: Timestamp.latest)
    /// Whether a page has shown a known event. Then everything below it is known.
    var isWhole = false
  }

  /// Takes one of the first pages, read again.
  func look(_ look: inout Look, at page: PageView) {
    if look.shown.isEmpty { look.firstPage = (page.oldest ?? .latest, .latest) }
    look.count = page.pagination.count ?? look.count
    look.oldest = min(look.oldest, page.oldest ?? .latest)
    let lowest = marks.last?.instant ?? .earliest
    for (identity, time) in page.timedIdentities {
      look.shown.insert(identity)
      if head[identity] != nil || newcomers[identity] != nil {
        look.isWhole = true
      } else if time > lowest {
        look.arrived[identity] = time
      }
    }
  }

  /// Ends a look at the head.
  ///
  /// - Returns: how many events it contradicts. If zero, the look replaces the earlier reading of the head.
  mutating func finish(_ look: Look) -> Int {
    let arrived = look.arrived.count + newcomersSinceHead
    let growth = look.count.flatMap { now in countAtHead.map { now - $0 } }
    let unfound = mostArrived - max(arrived, growth ?? 0)
    let lost = growth.map { max(0, arrived - $0) }
    let known = [head, newcomers].joined().lazy
    hidden = Set(known.filter { $0.value > look.oldest && !look.shown.contains($0.key) }.map(\.key))
    // Events that are gone from the head may have been erased, or the answer comes from a copy that lags behind. So it is not
    // believed, and a walk that starts over forgets them.
    let unexplained = max(unfound, hidden.count)
    guard unexplained <= 0 else { return unexplained }
    offset += look.arrived.count
    // The walk counts them again.
    forgotten.subtract(look.arrived.keys)
    for identity in look.arrived.keys where self.arrived.insert(identity).inserted { recent[identity] = nil }
    removed += lost ?? 0
    countAtHead = look.count ?? countAtHead
    shownAtHead = look.firstPage
    newcomersSinceHead = 0
    mostArrived = 0
    head.merge(look.arrived) { $1 }
    note(look.count)
    return 0
  }

  // MARK: - Counting

  /// The number of events that disappeared before they were received: the loss of the list, less the received events that
  /// are gone.
  func lost(missing: Int) -> Int {
    guard let largestCount, let lastCount else { return 0 }
    return largestCount - lastCount + min(0, missing) - forgotten.count
  }

  /// The largest and the latest count, if more than one event in ten disappeared; else nil. Expiry does not remove so many
  /// while a list is read.
  var loss: (before: Int, now: Int)? {
    guard let largestCount, let lastCount, (largestCount - lastCount) * 10 > largestCount else { return nil }
    return (largestCount, lastCount)
  }

  /// Notes the count of an answer.
  mutating func note(_ count: Int?) {
    guard let count else { return }
    largestCount = max(largestCount ?? 0, count)
    lastCount = count
  }

  /// By how much the list grew since its head was read last.
  private func growth(to page: PageView) -> Int? {
    guard let before = countAtHead, let now = page.pagination.count else { return nil }
    return now - before
  }

  private func rank(_ place: Int, on page: PageView) -> Int? {
    size.map { (page.number - 1) * $0 + place }
  }

  /// The events received above an instant, without newcomers.
  ///
  /// - Parameter instant: at or below the floor.
  private func received(above instant: Timestamp) -> Int {
    floor.received + recent.count { $0.value > instant }
  }
}
