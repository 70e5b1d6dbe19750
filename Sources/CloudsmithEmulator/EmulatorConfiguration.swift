package import AuditRecord

/// What the emulator serves, to whom, and with which faults.
package struct EmulatorConfiguration: Sendable {
  /// Where the events come from.
  package enum Events: Sendable {
    case none
    /// Generated events; each log has its own.
    case generated(Generation)
    /// Files that hold JSON arrays, newest event first. Every log serves the same events.
    case files([String])
    /// The same from memory: one JSON text per record, newest first.
    case records([[UInt8]])
  }

  /// What the API allows the owner of the key.
  package enum Access: String, Sendable, CaseIterable {
    case granted
    /// 402.
    case planWithoutAuditLog
    /// 403.
    case forbidden
  }

  /// The key that is accepted by default.
  package static let demoKey = "emulator-demo-key"

  /// The logs of organizations and repositories that are served.
  package var logs: [LogName]
  /// The events that every log has at first.
  package var events = Events.none
  /// Seeds the generated events.
  package var seed: UInt64 = 1
  /// The key that is accepted.
  package var apiKey = EmulatorConfiguration.demoKey
  /// How many further keys are accepted: `apiKey`, a hyphen and a number from 1. All may read every log.
  package var furtherKeys = 0
  /// The identity token that is exchanged for bearer tokens; nil refuses every exchange.
  package var identity: TrustedIdentity?
  /// Treats every request as anonymous, as the real server was observed to do with keys that it cannot read.
  package var dropsKeys = false
  /// What the API allows the owner of the key.
  package var access = Access.granted
  /// Requests per `rateWindow`; nil means no limit and no `X-RateLimit-*` fields. The default is that of a Pro plan.
  package var rateLimit: Int? = 10_800
  /// The window of `rateLimit`.
  package var rateWindow = TimeSpan.hours(1)
  /// How times in a query are interpreted.
  package var timeFilter = TimeFilter.exact
  /// The page size of requests without one, in events.
  package var defaultPageSize = 30
  /// Larger page sizes are reduced to this one without an error.
  package var maximumPageSize = 500
  /// Called in this order for each request.
  package var behaviours: [any Behaviour] = []
  /// Whether a server adds `Date` to responses that have none.
  package var sendsDate = false
  /// Whether the endpoints below `/emulator/` exist.
  package var servesOwnEndpoints = true

  package init(logs: [LogName]) {
    self.logs = logs
  }

  /// The number of an accepted key; 0 for `apiKey`. nil for any other text.
  func number(ofKey text: String) -> Int? {
    if text == apiKey { return 0 }
    guard furtherKeys > 0, text.hasPrefix(apiKey + "-"), let number = Int(text.dropFirst(apiKey.count + 1)),
      (1...furtherKeys).contains(number), text == "\(apiKey)-\(number)"
    else { return nil }
    return number
  }
}
