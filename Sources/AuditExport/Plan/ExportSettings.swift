package import AuditRecord

/// The settings of one run. Made once from options, environment and config file; a run never changes them.
package struct ExportSettings: Sendable {
  /// Which events to fetch.
  package enum Request: Hashable, Sendable {
    /// All gaps in coverage up to now, and the lookback. A fresh archive begins at `backfillStart`, or now if it is nil; an
    /// earlier start extends an existing archive backwards.
    case incremental(backfillStart: Timestamp?)
    /// Exactly this window. With `replace`, archived rows that the API no longer shows are dropped.
    case window(Window, replace: Bool)
  }

  /// How a run reaches a window below newer events.
  package enum TimeFilter: String, Hashable, Sendable, CaseIterable {
    /// Seek; use the API's own time filter only where the API refuses pages far down the list.
    case auto
    /// Use the API's own time filter while its answers agree with each other, else seek.
    case filter
    /// Find the first page of the window by binary search.
    case seek
    /// Read everything that is newer.
    case walk
  }

  /// The defaults of the settings.
  package enum Default {
    package static let lookback = TimeSpan.hours(24)
    package static let settle = TimeSpan.minutes(10)
    /// The default of the command. `ExportSettings` itself records every run by default.
    package static let quietCommitInterval = TimeSpan.hours(1)
    package static let retention = TimeSpan.days(365)
    package static let timeFilter = TimeFilter.auto
    package static let pageSize = 500
    package static let maxConcurrentRequests = 1
    /// 256 MiB.
    package static let memoryLimit = 256 << 20
    /// 64 MiB.
    package static let commitTextLimit = 64 << 20
  }

  /// Which events to fetch.
  package var request: Request
  /// How far back from the newest covered instant each incremental run reads again, to find events that were written late.
  package var lookback = Default.lookback
  /// The settle window: events newer than this may still arrive, so they are not claimed as covered.
  package var settle = Default.settle
  /// An incremental run that changes only the end of the coverage is recorded if the newest commit is at least this old.
  package var quietCommitInterval = TimeSpan.zero
  /// How long the API keeps events. Nothing older is claimed as covered.
  package var retention = Default.retention
  /// Whether a replacement may drop more than half of the rows that the archive holds of its window.
  package var allowsMassRemoval = false
  /// Whether only days that are over are exported.
  package var wholeDays = false
  /// A search term, sent with every request: the archive holds only matching events. Fixed for the life of the archive.
  package var query: String?
  /// The columns to redact, and the key; nil to store all values as received. Must be that of the writer's source.
  package var redaction: Redaction?
  /// How to reach a window below newer events.
  package var timeFilter = Default.timeFilter
  /// Events per page, 1 to 500.
  package var pageSize = Default.pageSize
  /// The most requests in flight at once, at least 1.
  package var maxConcurrentRequests = Default.maxConcurrentRequests
  /// Approximate bytes of memory for rows of incomplete days. Rows beyond it are spilled to the disk until their day is
  /// complete.
  package var memoryLimit = Default.memoryLimit
  /// Bytes of rows as text that may be staged before they are committed. See `CommitSchedule`.
  package var commitTextLimit = Default.commitTextLimit
  /// How many archived days to convert to another format at a time. Does not change the files.
  package var conversionWidth = 1

  package init(request: Request) {
    self.request = request
  }
}
