import AuditRecord

/// The border between two pages read one after the other, and whether a record can have slipped through it.
///
/// Say the list moved down by *g* records between the two answers. The upper page then ends *g* records below the
/// start of the lower one, so they overlap by *g*, unless the server put events of one instant in another order:
/// then one of them can be on both pages, and another on neither.
struct Seam {
  /// Records of the lower page that the upper one, or a page before it, had shown.
  let overlap: Int
  /// By how many records the list grew between the two answers (below 0: it shrank); nil where a count is missing.
  let growth: Int?
  /// Whether the lower page goes on where the upper one ends, or above that.
  let keepsOrder: Bool
  /// Whether the lower page begins with events newer than the last of the upper one. All events of that last instant,
  /// in whatever order, are then inside what both pages show.
  let reachesAbove: Bool

  init(above: PageView, below: PageView) {
    if let before = above.pagination.count, let now = below.pagination.count {
      growth = now - before
    } else {
      growth = nil
    }
    // Growth by a page or more brings back pages from before the upper one, which it does not know.
    let comesFromBefore = above.isNewestFirst && (growth ?? 0) >= below.records.count
    var overlap = 0
    var firstNew: Timestamp?
    for record in below.records {
      let isNewer = record.time.map { $0 > above.newest } ?? false
      if above.knows(record) || (isNewer && comesFromBefore) {
        overlap += 1
      } else if firstNew == nil {
        firstNew = record.time
      }
    }
    self.overlap = overlap
    if let oldest = above.oldest {
      keepsOrder = overlap > 0 || (firstNew ?? oldest) <= oldest
      reachesAbove = overlap > 0 && below.isNewestFirst && above.isNewestFirst && below.newest > oldest
    } else {
      keepsOrder = true
      reachesAbove = false
    }
  }

  /// Whether nothing can be missing between the pages.
  ///
  /// - Parameter isRereadClean: the upper page was read once more and showed nothing new.
  func holds(isRereadClean: Bool) -> Bool {
    if reachesAbove { return true }
    // Less overlap than growth is no loss: the rest was written further down and is still to be read. Of a list that
    // shrank between the two answers nothing is known: they may come from two copies of it, one of which lags behind.
    if let growth { return growth >= 0 && overlap <= growth }
    return overlap == 0 && isRereadClean
  }
}
