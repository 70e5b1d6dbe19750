import AuditRecord

/// Compares how many events a list has above an instant with how many of them were received.
///
/// In a list that is newest first, the rank of the first event of an instant is the number of events that are newer. Less
/// the distinct newer events that were received, this is the number of events that are there and were not received
/// (`missing`). Whether pages seem to fit together plays no part in it: a page from a copy of the list that lags behind
/// fits, and hides events all the same.
///
/// Missing events are explained by what the list grew since its head was read last; events too many by what was seen to
/// disappear. Nothing else explains anything.
///
/// Memory: the events of the last few pages and of the first ones; of all others, one mark a page.
struct ListCount: Sendable {
  /// What was received above an instant, by the page on which the instant begins.
  private struct Mark {
    var page: Int
    var instant: Timestamp
    var received: Int
  }

  /// Records on a page; nil before the first page.
  private(set) var size: Int?
  /// Places above the walk's first page, and events that looks at the head have found.
  private var offset = 0
  /// Of the pages accepted, from above.
  private var marks: [Mark] = []
  /// The mark below which the events received are known one by one; the top where none is.
  private var floor = Mark(page: 0, instant: .latest, received: 0)
  /// Received at or below the floor.
  private var recent: [IdentityHash: Timestamp] = [:]
  /// Events that looks at the head have found; they are part of `offset`.
  private var arrived: Set<IdentityHash> = []
  /// The events of the first pages.
  private var head: [IdentityHash: Timestamp] = [:]
  /// What the list counted when its head was read last.
  private var countAtHead: Int?
  /// The largest count seen, and the last.
  private(set) var largestCount: Int?
  private(set) var lastCount: Int?
  /// Events that are known to have disappeared while the list was read.
  private var removed = 0
  /// Events that the last look no longer showed on the first pages.
  private var hidden: Set<IdentityHash> = []
  /// Of those, the ones that a walk begun anew no longer counts, and has not met again.
  private var forgotten: Set<IdentityHash> = []
  /// The most that was missing since the head was read last.
  private var mostMissing = 0

  /// Whether the list had fewer events above some page than were received: events above it disappeared, and pulled those below up.
  private(set) var hasSurplus = false

  /// Accepted pages whose events are known one by one.
  private static let pagesKept = 3

  // MARK: - Pages

  /// The first page of the walk, from which everything is counted.
  mutating func begin(with page: PageView) {
    size = page.pagination.pageSize ?? size ?? page.records.count
    offset = page.number == 1 ? 0 : (page.number - 1) * (size ?? 0)
    marks = []
    floor = Mark(page: 0, instant: .latest, received: 0)
    recent = [:]
    arrived = []
    head = [:]
    forgotten.formUnion(hidden)
    hidden = []
    countAtHead = page.pagination.count
    mostMissing = 0
  }

  /// Takes the events of a page, whichever page that is.
  mutating func add(_ page: PageView) {
    note(page.pagination.count)
    if !forgotten.isEmpty { forgotten.subtract(page.records.map(\.identity)) }
    for (identity, time) in page.timedIdentities where time <= floor.instant && !arrived.contains(identity) {
      if recent[identity] == nil { recent[identity] = time }
    }
    if page.number <= ListCount.pagesKept {
      for (identity, time) in page.timedIdentities where head[identity] == nil { head[identity] = time }
    }
  }

  /// How many events newer than the oldest instant of the page were not received; nil where the page does not tell.
  func missing(above page: PageView) -> Int? {
    guard let instant = page.oldest, page.isNewestFirst, page.newest > instant, instant <= floor.instant,
      let rank = rank(page.place(of: instant), on: page)
    else { return nil }
    return rank - offset - received(above: instant)
  }

  /// As `missing`, of everything that the list has down to the end of the page.
  func missing(through page: PageView) -> Int? {
    rank(page.records.count, on: page).map { $0 - offset - floor.received - recent.count }
  }

  /// Whether growth explains what is missing, or a loss what is there too much.
  func explains(_ missing: Int, at page: PageView) -> Bool {
    guard let growth = growth(to: page) else { return missing <= 0 && missing >= -removed }
    return missing <= max(0, growth) && missing >= min(0, growth) - removed
  }

  /// Takes the page as the lower edge of what has been read.
  ///
  /// - Parameter missing: as it was when the page was read.
  mutating func accept(_ page: PageView, missing: Int?) {
    mostMissing = max(mostMissing, missing ?? 0)
    if let missing, missing < 0 { hasSurplus = true }
    guard let instant = page.oldest, page.isNewestFirst, page.newest > instant, instant <= floor.instant,
      instant < marks.last?.instant ?? .latest
    else { return }
    marks.append(Mark(page: page.number, instant: instant, received: received(above: instant)))
    guard marks.count > ListCount.pagesKept else { return }
    let lower = marks[marks.count - 1 - ListCount.pagesKept]
    guard lower.instant < floor.instant else { return }
    floor = lower
    recent = recent.filter { $0.value <= floor.instant }
  }

  /// Forgets what was counted from a page on, so that it can be read again; what was received stays received.
  mutating func rewind(to page: Int) {
    marks.removeAll { $0.page >= page }
    if let last = marks.last {
      if floor.page >= page { floor = last }
    } else {
      floor = Mark(page: 0, instant: .latest, received: 0)
    }
    mostMissing = 0
  }

  // MARK: - The head

  /// What the first pages, read again, tell.
  struct Look: Sendable {
    /// Events that were not on the first pages before.
    var arrived: [IdentityHash: Timestamp] = [:]
    var shown: Set<IdentityHash> = []
    var oldest = Timestamp.latest
    var count: Int?
    /// Whether a page has shown an event known before; then nothing below it is new.
    var isWhole = false
  }

  /// Takes one of the first pages, read again.
  func look(_ look: inout Look, at page: PageView) {
    look.count = page.pagination.count ?? look.count
    look.oldest = min(look.oldest, page.oldest ?? .latest)
    let lowest = marks.last?.instant ?? .earliest
    for (identity, time) in page.timedIdentities {
      look.shown.insert(identity)
      if head[identity] != nil {
        look.isWhole = true
      } else if time > lowest {
        look.arrived[identity] = time
      }
    }
  }

  /// How many events the look contradicts what was read before by; zero when all is explained, and then the look counts
  /// as the beginning.
  mutating func finish(_ look: Look) -> Int {
    let arrived = look.arrived.count
    let growth = look.count.flatMap { now in countAtHead.map { now - $0 } }
    let unfound = mostMissing - max(arrived, growth ?? 0)
    let lost = growth.map { max(0, arrived - $0) }
    hidden = Set(head.lazy.filter { $0.value > look.oldest && !look.shown.contains($0.key) }.map(\.key))
    // Events that are gone from the head can have been erased, or the answer is from a copy that lags behind: it is not
    // believed, and the walk that begins anew forgets them.
    let unexplained = max(unfound, hidden.count)
    guard unexplained <= 0 else { return unexplained }
    offset += arrived
    for identity in look.arrived.keys where self.arrived.insert(identity).inserted { recent[identity] = nil }
    removed += lost ?? 0
    countAtHead = look.count ?? countAtHead
    mostMissing = 0
    head.merge(look.arrived) { $1 }
    note(look.count)
    return 0
  }

  // MARK: - Counting

  /// How many events disappeared from the list without having been received: by how much it shrank, less what was received
  /// and is gone.
  func lost(missing: Int) -> Int {
    guard let largestCount, let lastCount else { return 0 }
    return largestCount - lastCount + min(0, missing) - forgotten.count
  }

  /// What the list counted at most and what it counts now, where more than one event in ten disappeared: expiry does
  /// not do that while a list is read. nil where nothing of the kind was seen.
  var loss: (before: Int, now: Int)? {
    guard let largestCount, let lastCount, (largestCount - lastCount) * 10 > largestCount else { return nil }
    return (largestCount, lastCount)
  }

  /// Takes note of how many events an answer says that there are.
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

  /// - Parameter instant: at or below the floor.
  private func received(above instant: Timestamp) -> Int {
    floor.received + recent.count { $0.value > instant }
  }
}
