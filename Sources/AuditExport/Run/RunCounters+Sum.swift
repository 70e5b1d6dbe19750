import AuditArchive
import AuditRecord

extension RunCounters {
  /// Adds the counters of a later commit of the same run.
  mutating func add(_ later: RunCounters) {
    window = window ?? later.window
    // Of a run that did several, the most particular.
    timeFilter = ["filter", "seek"].first { $0 == timeFilter || $0 == later.timeFilter } ?? later.timeFilter
    filterVerdict = later.filterVerdict ?? filterVerdict
    requests += later.requests
    retries += later.retries
    secondsWaited += later.secondsWaited
    eventsReceived += later.eventsReceived
    rowsAdded += later.rowsAdded
    duplicates += later.duplicates
    lateEvents += later.lateEvents
    conflictingEvents += later.conflictingEvents
    vanishedEvents = max(vanishedEvents, later.vanishedEvents)
    quarantined += later.quarantined
    flattening.add(later.flattening)
    complete = later.complete
  }
}
