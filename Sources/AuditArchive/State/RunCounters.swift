package import AuditRecord

/// What a run did since its previous commit. The counters of all commits can be summed.
package struct RunCounters: Hashable, Sendable {
  /// The window that the run exports; nil if it fetched nothing.
  package var window: Window?
  /// How the run reached old events: `walk`, `seek` or `filter`; nil if it fetched nothing.
  package var timeFilter: String?
  /// What the API's time filter was measured to do, such as `exact`; nil, and not written, if it was not measured.
  package var filterVerdict: String?
  /// Requests sent, including retries and followed redirects.
  package var requests = 0
  /// Requests that repeat a failed one.
  package var retries = 0
  /// Time spent on pacing, on backoff and on the server's request. Written with milliseconds.
  package var secondsWaited = 0.0
  /// Records received, including repeated and unreadable ones.
  package var eventsReceived = 0
  /// Rows that were new to the archive.
  package var rowsAdded = 0
  /// Received events that the archive, or this run, already had.
  package var duplicates = 0
  /// Rows added to time that was already covered.
  package var lateEvents = 0
  /// Events that the API now reports differently; the archive keeps its version.
  package var conflictingEvents = 0
  /// Archived rows of a re-read window that the API no longer shows; the archive keeps them.
  package var vanishedEvents = 0
  /// Records added to quarantine. Set by the commit.
  package var quarantined = 0
  /// What flattening changed in the received records.
  package var flattening = FlatteningCounts()
  /// Whether the run is complete with this commit.
  package var complete = false
  /// Whether the commit is a fence, which changes only the number: the run took over the lease from a run that did not release it.
  package var tookOver = false

  package init() {}
}

extension RunCounters: Codable {
  private enum CodingKeys: String, CodingKey {
    case window
    case timeFilter = "time_filter"
    case filterVerdict = "filter_verdict"
    case requests, retries
    case secondsWaited = "seconds_waited"
    case eventsReceived = "events_received"
    case rowsAdded = "rows_added"
    case duplicates
    case lateEvents = "late_events"
    case conflictingEvents = "conflicting_events"
    case vanishedEvents = "vanished_events"
    case quarantined
    case unexpectedTypes = "unexpected_types"
    case unknownFields = "unknown_fields"
    case nulReplaced = "nul_replaced"
    case loneSurrogatesReplaced = "lone_surrogates_replaced"
    case missingUUID = "missing_uuid"
    case truncatedTimes = "truncated_times"
    case leapSeconds = "leap_seconds"
    case complete
    case tookOver = "took_over"
  }

  /// The counters that every record has.
  private static let counters: [(CodingKeys, any (WritableKeyPath<RunCounters, Int> & Sendable))] = [
    (.requests, \.requests), (.retries, \.retries), (.eventsReceived, \.eventsReceived),
    (.rowsAdded, \.rowsAdded), (.duplicates, \.duplicates), (.lateEvents, \.lateEvents),
    (.conflictingEvents, \.conflictingEvents), (.quarantined, \.quarantined),
    (.unexpectedTypes, \.flattening.unexpectedTypes), (.nulReplaced, \.flattening.nulReplaced),
    (.missingUUID, \.flattening.missingUUID), (.truncatedTimes, \.flattening.truncatedTimes),
  ]

  /// The counters that records of early builds do not have, and whether a 0 is written.
  private static let laterCounters: [(CodingKeys, any (WritableKeyPath<RunCounters, Int> & Sendable), Bool)] =
    [
      (.loneSurrogatesReplaced, \.flattening.loneSurrogates, true),
      (.vanishedEvents, \.vanishedEvents, false),
      (.leapSeconds, \.flattening.leapSeconds, false),
    ]

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(window, forKey: .window)
    try record.encode(timeFilter, forKey: .timeFilter)
    try record.encodeIfPresent(filterVerdict, forKey: .filterVerdict)
    try record.encode((secondsWaited * 1_000).rounded() / 1_000, forKey: .secondsWaited)
    for (key, counter) in Self.counters { try record.encode(self[keyPath: counter], forKey: key) }
    for (key, counter, isZeroWritten) in Self.laterCounters where isZeroWritten || self[keyPath: counter] > 0
    {
      try record.encode(self[keyPath: counter], forKey: key)
    }
    try record.encode(flattening.unknownFields, forKey: .unknownFields)
    try record.encode(complete, forKey: .complete)
    if tookOver { try record.encode(true, forKey: .tookOver) }
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    window = try record.decode(Window?.self, forKey: .window)
    timeFilter = try record.decode(String?.self, forKey: .timeFilter)
    filterVerdict = try record.decodeIfPresent(String.self, forKey: .filterVerdict)
    secondsWaited = try record.decode(Double.self, forKey: .secondsWaited)
    guard (0...Double(Count.most)).contains(secondsWaited) else {
      throw record.corrupted(.secondsWaited, "\(secondsWaited) seconds is not a possible wait")
    }
    for (key, counter) in Self.counters {
      self[keyPath: counter] = try record.decode(Count.self, forKey: key).wrappedValue
    }
    for (key, counter, _) in Self.laterCounters where record.contains(key) {
      self[keyPath: counter] = try record.decode(Count.self, forKey: key).wrappedValue
    }
    let unknown = try record.decode([String: Int].self, forKey: .unknownFields)
    guard unknown.values.allSatisfy({ (0...Count.most).contains($0) }) else {
      throw record.corrupted(.unknownFields, "it has a count that is negative or impossibly large")
    }
    // `…` counts the names beyond the limit, so it comes last.
    for name in unknown.keys.sorted(by: { $1 == "…" || $0 != "…" && $0 < $1 }) {
      flattening.addUnknownField(name, unknown[name, default: 0])
    }
    complete = try record.decode(Bool.self, forKey: .complete)
    tookOver = try record.decodeIfPresent(Bool.self, forKey: .tookOver) ?? false
  }
}
