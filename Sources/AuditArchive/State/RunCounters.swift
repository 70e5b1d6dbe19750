package import AuditRecord

/// What a run did since its previous commit, so that the counters of all commits can be summed.
package struct RunCounters: Hashable, Sendable {
  /// The window that the run is after; nil when it fetched nothing.
  package var window: Window?
  /// How old events were reached: `walk`, `seek` or `filter`; nil when nothing was fetched.
  package var timeFilter: String?
  /// What the API's time filter was measured to do, such as `exact`; nil, and not written, when it was not measured.
  package var filterVerdict: String?
  package var requests = 0
  package var retries = 0
  /// For the pace, for retries and because the server said so. Written in milliseconds.
  package var secondsWaited = 0.0
  package var eventsReceived = 0
  /// Rows that the archive did not have.
  package var rowsAdded = 0
  /// Events received that the archive, or this run, had already.
  package var duplicates = 0
  /// Rows added to a time that was covered before.
  package var lateEvents = 0
  /// Events that the API now tells otherwise than the archive; the archive's stay.
  package var conflictingEvents = 0
  /// Archived rows of a span that was read again and that the API no longer shows; they stay.
  package var vanishedEvents = 0
  /// Records stored in quarantine that were not there before. The commit counts them.
  package var quarantined = 0
  package var flattening = FlatteningCounts()
  /// Whether the run had, with this commit, all that it was after.
  package var complete = false
  /// Whether the commit changes nothing but the number: the run took the log over from one that did not give it back.
  package var tookOver = false

  package init() {}

  /// What can be read back; sums of such stay numbers.
  private static let most = Double(1 << 44)
}

extension RunCounters: Codable {
  enum CodingKeys: String, CodingKey {
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

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(window, forKey: .window)
    try record.encode(timeFilter, forKey: .timeFilter)
    try record.encodeIfPresent(filterVerdict, forKey: .filterVerdict)
    try record.encode(requests, forKey: .requests)
    try record.encode(retries, forKey: .retries)
    try record.encode((secondsWaited * 1_000).rounded() / 1_000, forKey: .secondsWaited)
    try record.encode(eventsReceived, forKey: .eventsReceived)
    try record.encode(rowsAdded, forKey: .rowsAdded)
    try record.encode(duplicates, forKey: .duplicates)
    try record.encode(lateEvents, forKey: .lateEvents)
    try record.encode(conflictingEvents, forKey: .conflictingEvents)
    if vanishedEvents > 0 { try record.encode(vanishedEvents, forKey: .vanishedEvents) }
    try record.encode(quarantined, forKey: .quarantined)
    try record.encode(flattening.unexpectedTypes, forKey: .unexpectedTypes)
    try record.encode(flattening.unknownFields, forKey: .unknownFields)
    try record.encode(flattening.nulReplaced, forKey: .nulReplaced)
    try record.encode(flattening.loneSurrogates, forKey: .loneSurrogatesReplaced)
    try record.encode(flattening.missingUUID, forKey: .missingUUID)
    try record.encode(flattening.truncatedTimes, forKey: .truncatedTimes)
    if flattening.leapSeconds > 0 { try record.encode(flattening.leapSeconds, forKey: .leapSeconds) }
    try record.encode(complete, forKey: .complete)
    if tookOver { try record.encode(true, forKey: .tookOver) }
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    window = try record.optionalWindow(forKey: .window)
    timeFilter = try record.decode(String?.self, forKey: .timeFilter)
    filterVerdict = try record.decodeIfPresent(String.self, forKey: .filterVerdict)
    requests = try record.count(forKey: .requests)
    retries = try record.count(forKey: .retries)
    secondsWaited = try record.decode(Double.self, forKey: .secondsWaited)
    guard (0...Self.most).contains(secondsWaited) else {
      throw record.corrupted(.secondsWaited, "\(secondsWaited) seconds is not a possible wait")
    }
    eventsReceived = try record.count(forKey: .eventsReceived)
    rowsAdded = try record.count(forKey: .rowsAdded)
    duplicates = try record.count(forKey: .duplicates)
    lateEvents = try record.count(forKey: .lateEvents)
    conflictingEvents = try record.count(forKey: .conflictingEvents)
    if record.contains(.vanishedEvents) { vanishedEvents = try record.count(forKey: .vanishedEvents) }
    quarantined = try record.count(forKey: .quarantined)
    flattening.unexpectedTypes = try record.count(forKey: .unexpectedTypes)
    let unknown = try record.decode([String: Int].self, forKey: .unknownFields)
    guard unknown.values.allSatisfy({ (0...Int(Self.most)).contains($0) }) else {
      throw record.corrupted(.unknownFields, "it has a count that is negative or impossibly large")
    }
    // `…` counts the names beyond the limit, and so comes last.
    for name in unknown.keys.sorted(by: { $1 == "…" || $0 != "…" && $0 < $1 }) {
      flattening.addUnknownField(name, unknown[name, default: 0])
    }
    flattening.nulReplaced = try record.count(forKey: .nulReplaced)
    if record.contains(.loneSurrogatesReplaced) {  // the first versions did not write it
      flattening.loneSurrogates = try record.count(forKey: .loneSurrogatesReplaced)
    }
    flattening.missingUUID = try record.count(forKey: .missingUUID)
    flattening.truncatedTimes = try record.count(forKey: .truncatedTimes)
    if record.contains(.leapSeconds) { flattening.leapSeconds = try record.count(forKey: .leapSeconds) }
    complete = try record.decode(Bool.self, forKey: .complete)
    tookOver = try record.decodeIfPresent(Bool.self, forKey: .tookOver) ?? false
  }
}
