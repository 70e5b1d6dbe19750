import AuditRecord

/// The lower edge of the pages read, and whether an event can have been missed between it and the next page.
///
/// Pages are read downwards, and new events push all others down. So every event older than the last instant of a page
/// is on the next page or below, and every newer event has been shown. Only events of that very instant can be on neither
/// page, because the server may order them differently in every answer.
///
/// These events are counted. The instant is whole when as many of its events have been received, in any reading, as it
/// takes places on the pages from its first to its last. Growth between the readings makes the number of places too large,
/// never too small. No I/O.
struct Seam {
  enum Verdict {
    case holds
    /// The instant continues on the next page and can be judged where it ends.
    case goesOn
    /// At least this many events of the instant are missing.
    case open(missing: Int)
    /// The list became shorter. The two answers may come from two copies of it, one of which lags behind.
    case shrank
  }

  /// The page read last.
  private(set) var above: PageView
  /// The page on which the instant begins.
  private(set) var firstPage: Int
  /// The time of the page's last event; nil if no time on the page could be read.
  private let instant: Timestamp?
  /// Events of the instant that any reading has shown.
  private var received: Set<IdentityHash> = []
  /// The records at the places of the instant, page by page.
  private(set) var places: [IdentityHash] = []
  /// Records without a readable time, page by page. Each may belong to the instant and take a place.
  private var unreadable: [IdentityHash] = []

  /// The edge below a page, when nothing above it matters any more.
  init(below page: PageView) {
    above = page
    firstPage = page.number
    instant = page.oldest
    if let instant { places = page.identities(at: instant) }
    received.formUnion(places)
    unreadable = page.identities(at: nil)
  }

  /// The edge below a page whose own seam holds. If all events of the page are of one instant, the instant may begin on the page
  /// above, at a record without a readable time that the server lists among them: counting then begins with that record.
  init(below page: PageView, following earlier: Seam?) {
    self.init(below: page)
    guard let earlier, page.newest == page.oldest else { return }
    let trailing = earlier.above.records.reversed().prefix { $0.time == nil }.map(\.identity)
    guard !trailing.isEmpty else { return }
    firstPage = earlier.above.number
    unreadable = trailing + unreadable
  }

  /// The edge below the first page of the instant, read again. Counting starts over if the list became shorter: an event
  /// received before may be gone, and would hide one that was never shown.
  init(below page: PageView, after earlier: Seam) {
    self.init(below: page)
    if instant == earlier.instant, earlier.growth(to: page) ?? 0 >= 0 { received.formUnion(earlier.received) }
  }

  var receivedCount: Int { received.count }

  /// Places of the instant without an event received.
  var missing: Int { places.count - received.count + unreadable.count - Set(unreadable).count }

  /// By how much the list grew from the page above to `page`; nil without counts.
  func growth(to page: PageView) -> Int? {
    guard let before = above.pagination.count, let now = page.pagination.count else { return nil }
    return now - before
  }

  /// Whether the page continues the one above it, or repeats part of it.
  func keepsOrder(_ page: PageView) -> Bool {
    guard let instant, page.newest > instant, page.overlap(with: above) == 0 else { return true }
    // Growth by about a page brings back events from above the upper page. But the instant always stands between newer and
    // older events, and the list pushes no newer event further down than it grew.
    let isBetween = page.oldest ?? .latest >= instant || !page.identities(at: instant).isEmpty
    let newer = page.records.count { $0.time ?? .earliest > instant }
    let allowed = growth(to: page).map { $0 - above.identities(at: instant).count } ?? .max
    return isBetween && newer <= allowed
  }

  /// Whether a page that is read again joins the pages above it: it begins above the instant. A page
  /// that begins within the instant may have moved up past some of its events.
  func joins(_ page: PageView) -> Bool {
    page.newest > instant ?? .earliest
  }

  /// Judges the page after `above`, in a list that is newest first.
  mutating func judge(_ page: PageView) -> Verdict {
    if let growth = growth(to: page), growth < 0 { return .shrank }
    // A page that begins above the instant shows its beginning at least.
    guard let instant, page.newest <= instant else { return .holds }
    let here = page.identities(at: instant)
    received.formUnion(here)
    places += here
    unreadable += page.identities(at: nil)
    if page.oldest == instant, !page.isLast { return .goesOn }
    return missing > 0 ? .open(missing: missing) : .holds
  }

  /// Whether a second reading of the page above explains why `page` left the edge open. If that page moved down by as much
  /// as the list grew, all new events arrived above it, and the places counted are too many by the growth between the first
  /// two readings.
  func isExplained(by reread: PageView, after page: PageView) -> Bool {
    guard firstPage == above.number, let growth = growth(to: page), growth > 0 else { return false }
    guard let all = self.growth(to: reread), reread.shift(since: above) == all else { return false }
    return missing <= growth
  }

  /// The edge below a page on which the instant continues.
  func continued(by page: PageView) -> Seam {
    var seam = self
    seam.above = page
    return seam
  }
}
