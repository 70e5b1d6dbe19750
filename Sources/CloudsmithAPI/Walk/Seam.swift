import AuditRecord

/// The lower edge of what has been read, and whether an event can have slipped through between it and the next page.
///
/// Pages are read downwards, and new events push all others down. So everything older than the instant at which a page
/// ends stands on the next page or below, and everything newer has been shown: only events of that very instant can
/// stand on neither page, where the server puts them in another order on every request. They are counted: the instant
/// is whole when as many of its events have been received, in whatever reading, as it has been seen to take places on
/// the pages from its first to its last. Growth between the readings makes the places one sees too many, never too few.
struct Seam {
  enum Verdict {
    case holds
    /// The instant has not ended yet: it can be judged on the page where it does.
    case goesOn
    /// So many events of the instant, or more, are not accounted for.
    case open(missing: Int)
    /// The list became shorter: the two answers may come from copies of it, of which one lags behind.
    case shrank
  }

  /// The page read last.
  private(set) var above: PageView
  /// The page on which the instant begins.
  let firstPage: Int
  /// When the last event of the page happened; nil where no time on it could be read.
  private let instant: Timestamp?
  /// Events of the instant that any reading showed.
  private var received: Set<IdentityHash> = []
  /// What stood at the places of the instant, page by page.
  private(set) var places: [IdentityHash] = []
  /// Records without a readable time, page by page. Each can be of the instant, for all one knows, and take a place.
  private var unreadable: [IdentityHash] = []

  /// The edge of a page where nothing above matters any more.
  init(below page: PageView) {
    above = page
    firstPage = page.number
    instant = page.oldest
    if let instant { places = page.identities(at: instant) }
    received.formUnion(places)
    unreadable = page.identities(at: nil)
  }

  /// The edge of the first page of the instant, read again. If the list became shorter since, what was received before may be gone,
  /// and would stand in for an event that was never shown: then counting starts again.
  init(below page: PageView, after earlier: Seam) {
    self.init(below: page)
    if instant == earlier.instant, earlier.growth(to: page) ?? 0 >= 0 { received.formUnion(earlier.received) }
  }

  var receivedCount: Int { received.count }

  /// Places seen that nothing received accounts for.
  var missing: Int { places.count - received.count + unreadable.count - Set(unreadable).count }

  func growth(to page: PageView) -> Int? {
    guard let before = above.pagination.count, let now = page.pagination.count else { return nil }
    return now - before
  }

  /// Whether the page goes on where the one above it ends, or repeats part of what came before.
  func keepsOrder(_ page: PageView) -> Bool {
    guard let instant, page.newest > instant, page.overlap(with: above) == 0 else { return true }
    // Growth by about a page brings back what is from before the upper page. But whatever comes in, the instant stands
    // between what is newer and what is older, and nothing newer than it is pushed down further than the list grew.
    let isBetween = page.oldest ?? .latest >= instant || !page.identities(at: instant).isEmpty
    let newer = page.records.count { $0.time ?? .earliest > instant }
    let allowed = growth(to: page).map { $0 - above.identities(at: instant).count } ?? .max
    return isBetween && newer <= allowed
  }

  /// Whether a page that is read again joins what was read above it: it shows part of what it showed before, or goes on above that.
  func joins(_ page: PageView) -> Bool {
    page.overlap(with: above) > 0 || page.newest >= above.newest
  }

  /// Judges the page after `above`, in a list that is newest first.
  mutating func judge(_ page: PageView) -> Verdict {
    if let growth = growth(to: page), growth < 0 { return .shrank }
    // A page that begins above the instant shows all of it, or its beginning.
    guard let instant, page.newest <= instant else { return .holds }
    let here = page.identities(at: instant)
    received.formUnion(here)
    places += here
    unreadable += page.identities(at: nil)
    if page.oldest == instant, !page.isLast { return .goesOn }
    return missing > 0 ? .open(missing: missing) : .holds
  }

  /// Whether an edge that was left open by `page` is accounted for, now that the page above has been read again: where
  /// it has moved down by all that the list grew, all growth came in above, and the places counted are too many by what
  /// the list grew between the first two readings.
  func isExplained(by reread: PageView, after page: PageView) -> Bool {
    guard firstPage == above.number, let growth = growth(to: page), growth > 0 else { return false }
    guard let all = self.growth(to: reread), reread.shift(since: above) == all else { return false }
    return missing <= growth
  }

  /// The edge below a page that goes on with the instant.
  func continued(by page: PageView) -> Seam {
    var seam = self
    seam.above = page
    return seam
  }
}
