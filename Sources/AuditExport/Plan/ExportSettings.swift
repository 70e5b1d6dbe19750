package import AuditRecord

/// What a run was asked to do, resolved once.
package struct ExportSettings: Sendable {
  /// Which events to fetch.
  package enum Request: Hashable, Sendable {
    /// What coverage lacks up to now, and the lookback; `backfillStart` is where a fresh archive begins.
    case incremental(backfillStart: Timestamp?)
    /// Exactly this window; with `replace` the API's word counts, and what it no longer shows is dropped.
    case window(Window, replace: Bool)
  }

  /// How to reach a window that lies below newer events.
  package enum TimeFilter: String, Hashable, Sendable, CaseIterable {
    /// By the filter where measuring it can save requests and shows that it works, else by seeking.
    case auto
    /// By the API's own filter, if that is measured to work; else by seeking.
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

  package init(request: Request) {
    self.request = request
  }
}
