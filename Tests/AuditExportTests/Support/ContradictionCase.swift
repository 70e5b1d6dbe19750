import AuditExport
import AuditRecord
import CloudsmithEmulator
import Testing

/// A way in which the API contradicts itself, and how a run that meets it has to end.
struct ContradictionCase: Sendable, CustomTestStringConvertible {
  enum Ending: Sendable {
    /// The contradiction can be reconciled: the run is complete.
    case complete
    /// It cannot: the run is incomplete and claims no more than what is archived.
    case incomplete
    /// Either, if all claimed events are archived and a complete run has claimed everything that was shown throughout.
    case honest

    func matches(_ outcome: ExportSummary.Outcome) -> Bool {
      switch (self, outcome) {
      case (.complete, .complete), (.incomplete, .incomplete), (.honest, .complete), (.honest, .incomplete):
        true
      case (.honest, .stoppedByAPI): true
      default: false
      }
    }
  }

  /// How far a run has to read to meet the contradiction.
  enum Reach: Sendable {
    case anywhere
    /// From the newest event on.
    case top
    /// From the newest event to the end of the list.
    case end
  }

  var name: String
  var ends: Ending
  var reach: Reach
  /// How many events the log has, over the twenty days before the run.
  var events = 1_000
  var ties = 1
  var pageSize = 100
  var behaviours: [any Behaviour]
  /// Whether the next run, without the behaviours, is complete.
  var recovers = true
  var testDescription: String { name }

  init(
    _ name: String, ends: Ending = .honest, reach: Reach = .anywhere, events: Int = 1_100, ties: Int = 1,
    pageSize: Int = 100,
    recovers: Bool = true, _ behaviours: any Behaviour...
  ) {
    self.name = name
    self.ends = ends
    self.reach = reach
    self.events = events
    self.ties = ties
    self.pageSize = pageSize
    self.recovers = recovers
    self.behaviours = behaviours
  }
}

/// Many events at once, before one request.
struct Burst: Behaviour {
  let events: Int
  let request: Int
  private var number = 0

  init(_ events: Int, beforeRequest request: Int) {
    self.events = events
    self.request = request
  }

  mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    number += 1
    guard number == request else { return }
    for _ in 0..<events { log.insertGenerated(at: context.time) }
  }
}

/// Several events leave the log at once, before one request.
struct Loss: Behaviour {
  /// The places in the list of all events, from 0.
  let places: Range<Int>
  let request: Int
  private var number = 0

  init(_ places: Range<Int>, beforeRequest request: Int = 1) {
    self.places = places
    self.request = request
  }

  mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    number += 1
    guard number == request else { return }
    let newest = log.events.count - 1
    for place in places where place <= newest { log.erase(newest - place) }
  }
}
