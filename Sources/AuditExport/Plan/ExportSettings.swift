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

  /// The defaults of the settings.
  package enum Default {
    package static let lookback = TimeSpan.hours(24)
    package static let settle = TimeSpan.minutes(10)
    package static let retention = TimeSpan.days(365)
    package static let timeFilter = TimeFilter.auto
    package static let pageSize = 500
    package static let maxConcurrentRequests = 1
    package static let memoryLimit = 256 << 20
  }

  package var request: Request
  /// How far before the newest covered instant every run reads again, for events that were written late.
  package var lookback = Default.lookback
  /// Events newer than this are left to the next run.
  package var settle = Default.settle
  /// How long the API keeps events. Nothing older counts as covered.
  package var retention = Default.retention
  /// Lets a replacement drop more than half of the rows that the archive holds of its window.
  package var allowsMassRemoval = false
  /// Export only days that are over.
  package var wholeDays = false
  /// A search term that every request carries. The archive then holds only what it finds.
  package var query: String?
  package var timeFilter = Default.timeFilter
  /// Events per page, 1 to 500.
  package var pageSize = Default.pageSize
  /// Requests in flight at once, at least 1.
  package var maxConcurrentRequests = Default.maxConcurrentRequests
  /// Bytes of memory for rows that are not committed yet, approximately. Beyond it, they go to disk until their day is complete.
  package var memoryLimit = Default.memoryLimit
  /// Bytes of rows as text that are staged at most before they are committed.
  package var commitTextLimit = CommitSchedule.textLimit

  package init(request: Request) {
    self.request = request
  }
}
