package import AuditRecord

/// What a run was asked to do, resolved once.
package struct ExportSettings: Sendable {
  /// Which events to fetch.
  package enum Request: Hashable, Sendable {
    /// What coverage lacks up to now, and the lookback; `backfillStart` is where a fresh archive begins.
    case incremental(backfillStart: Timestamp?)
    /// Exactly this window; with `replace` the API's word counts, and what it no longer shows is dropped.
    case window(Window, replace: Bool)

    /// What of it lies in the future; nil when nothing does.
    package func future(now: Timestamp) -> Timestamp? {
      let latest =
        switch self {
        case .incremental(let start): start ?? .earliest
        case .window(let window, _): window.to
        }
      return latest > now + ExportSummary.clockTolerance ? latest : nil
    }
  }

  /// How to reach a window that lies below newer events.
  package enum TimeFilter: String, Hashable, Sendable, CaseIterable {
    /// By seeking; by the API's own filter only where that refuses pages far down the list.
    case auto
    /// By the API's own filter, if its answers agree with each other; else by seeking.
    case filter
    /// By a binary search over the pages.
    case seek
    /// By reading everything that is newer.
    case walk
  }

  package var request: Request
  /// How far back from the newest covered instant every run reads again, for events that were written late.
  package var lookback: TimeSpan = .hours(24)
  /// How much of the newest edge is left to the next run.
  package var settle: TimeSpan = .minutes(10)
  /// How long the API keeps events; nothing older is claimed as covered.
  package var retention: TimeSpan = ExportSettings.retention
  package static let retention = TimeSpan.days(365)
  /// Lets a replacement drop more than half of the rows that the archive holds of its window.
  package var allowsMassRemoval = false
  /// Export only days that are over.
  package var wholeDays = false
  /// A search term that every request carries: the archive then holds only what it finds.
  package var query: String?
  package var timeFilter = TimeFilter.auto
  /// Events a page, 1 to 500.
  package var pageSize = 500
  /// Requests in flight at once, from 1.
  package var maxConcurrentRequests = 1
  /// Bytes of memory that rows in hand may take, about; what is more goes to the disk until its day is complete.
  package var memoryLimit = 256 << 20
  /// Bytes of rows as text that are staged at most before they are committed.
  package var commitTextLimit = CommitSchedule.textLimit

  package init(request: Request) {
    self.request = request
  }
}
