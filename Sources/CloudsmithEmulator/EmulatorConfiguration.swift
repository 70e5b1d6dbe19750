package import AuditRecord

/// What the emulator serves, to whom, and how badly.
package struct EmulatorConfiguration: Sendable {
  package enum Events: Sendable {
    case none
    /// Made up: of every log its own.
    case generated(Generation)
    /// Files of JSON arrays, newest first, served by every log.
    case files([String])
    /// The same, from memory: one JSON text per record, newest first.
    case records([[UInt8]])
  }

  package enum Access: String, Sendable, CaseIterable {
    case granted
    /// 402.
    case planWithoutAuditLog
    /// 403.
    case forbidden
  }

  package static let demoKey = "emulator-demo-key"

  package var logs: [LogName]
  package var events = Events.none
  /// Events and faults follow from it.
  package var seed: UInt64 = 1
  package var apiKey = EmulatorConfiguration.demoKey
  /// Whose identity tokens are exchanged for bearer tokens; nil: nobody's.
  package var identity: TrustedIdentity?
  /// Takes every request as nobody's, as was observed of keys in a scheme that the real server cannot read.
  package var dropsKeys = false
  package var access = Access.granted
  /// Requests per `rateWindow`; nil is no limit, and no fields about it. The default is that of a Pro plan.
  package var rateLimit: Int? = 10_800
  package var rateWindow = TimeSpan.hours(1)
  package var timeFilter = TimeFilter.exact
  package var defaultPageSize = 30
  package var maximumPageSize = 500
  /// In the order in which they see each request.
  package var behaviours: [any Behaviour] = []
  /// Whether every answer of a server tells the time of its clock (`Date`), unless a behaviour does.
  package var tellsTime = false
  /// Whether `/emulator/…` answers.
  package var answersAboutItself = true

  package init(logs: [LogName]) {
    self.logs = logs
  }
}
