import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Testing

/// One behaviour of the API, and the documented outcome of a run that meets it.
struct BehaviourCase: Sendable, CustomTestStringConvertible {
  enum Ending: Sendable {
    /// The archive is exact, whatever the API did.
    case complete
    /// Complete, or the list could not be shown to be.
    case completeOrIncomplete
    /// The API kept failing until the tries were used up.
    case unavailable
    case waitTooLong
    case refusedForSafety

    func matches(_ outcome: ExportSummary.Outcome) -> Bool {
      switch (self, outcome) {
      case (.complete, .complete), (.completeOrIncomplete, .complete), (.completeOrIncomplete, .incomplete),
        (.unavailable, .stoppedByAPI(.unavailable)), (.waitTooLong, .stoppedByAPI(.waitTooLong)),
        (.refusedForSafety, .stoppedByAPI(.unsafe)):
        true
      default: false
      }
    }
  }

  var name: String
  var ends: Ending
  /// So many events in a row share a time.
  var ties = 1
  var pageSize = 30
  var configure: @Sendable (inout EmulatorConfiguration) -> Void
  var testDescription: String { name }

  init(
    _ name: String, ends: Ending = .complete, ties: Int = 1, pageSize: Int = 30,
    _ behaviours: any Behaviour...,
    configure: @escaping @Sendable (inout EmulatorConfiguration) -> Void = { _ in }
  ) {
    self.name = name
    self.ends = ends
    self.ties = ties
    self.pageSize = pageSize
    self.configure = { configuration in
      configuration.behaviours = behaviours
      configure(&configuration)
    }
  }
}
