import AuditRecord
import CloudsmithEmulator
import TestSupport

/// An inconsistency of the API during one run: the list contradicts itself or hides events.
struct APIInconsistency {
  /// The events of the log that some request of the run did not show.
  enum Hidden: Sendable {
    case nothing
    /// Of the events in the log, this many of those written last, if the list of some answer lacks them.
    case newest(Int)
    /// Any of them.
    case any
  }

  var name: String
  var behaviours: [any Behaviour]
  var hidden = Hidden.nothing
  /// Whether `Date` differs from the time of the simulation.
  var hasOtherClock = false
  /// The requests that are answered from a thinned list.
  var thinned: RequestRange?

  /// Whether some of it can be such that no client detects it, which then depends on the run.
  var isObserved: Bool {
    if case .newest = hidden { return true }
    return name == "erased" || thinned != nil
  }

  var usesReplicas: Bool { name.hasPrefix("copies") }

  static func some(_ random: inout SeededRandom) -> APIInconsistency {
    let seed = random.next()
    let first = Int.random(in: 1...5, using: &random)
    let later = RequestRange(from: first)
    switch Int.random(in: 0..<13, using: &random) {
    case 0, 1:
      let lag = Int.random(in: 1...9, using: &random)
      let choice = random.pick([
        LaggingReplica.Choice.inTurn, .random(seed: seed), .listed([1, 0]), .listed([0, 0, 1]),
      ])
      return APIInconsistency(
        name: "copies \(lag) \(choice)",
        behaviours: [LaggingReplica([.events(0), .events(lag)], choice: choice)],
        hidden: .newest(lag))
    case 2:
      let lag = Int.random(in: 1...9, using: &random)
      // No client can detect what the last page of a replica hides, because no page follows it.
      return APIInconsistency(
        name: "copies with one count",
        behaviours: [
          LaggingReplica(
            [.events(0), .events(lag)], choice: random.pick([.inTurn, .listed([1, 0])]), sharesCount: true)
        ], hidden: .any)
    case 3: return APIInconsistency(name: "cached count", behaviours: [CachedCount(.forever)])
    case 4:
      return APIInconsistency(
        name: "cached count", behaviours: [CachedCount(.answers(Int.random(in: 2...4, using: &random)))])
    case 5:
      return APIInconsistency(
        name: "empty", behaviours: [EmptyList(during: later, fields: random.pick(EmptyList.Fields.allCases))],
        hidden: .any)
    case 6:
      return APIInconsistency(
        name: "thinned \(later)",
        behaviours: [ThinnedList(to: .every(Int.random(in: 2...5, using: &random)), during: later)],
        hidden: .any, thinned: later)
    case 7:
      return APIInconsistency(
        name: "cut \(later)",
        behaviours: [
          CutList(
            to: Int.random(in: 0...30, using: &random), growingBy: random.pick([0, 0, 3, 10]), during: later)
        ], hidden: .any)
    case 8:
      return APIInconsistency(
        name: "erased",
        behaviours: [ErasedEvents(chance: 0.2, random.pick(ErasedEvents.Place.allCases), seed: seed)])
    case 9:
      return APIInconsistency(
        name: "stray",
        behaviours: [MisplacedEvents(Int.random(in: 1...2, using: &random), ofNewest: 40, seed: seed)],
        hidden: .any)
    case 10: return APIInconsistency(name: "no fields", behaviours: [PaginationFields.absent])
    case 11:
      let steps = [
        DateField.Step(
          beforeRequest: Int.random(in: 1...4, using: &random), by: .hours(-random.pick([0.5, 30])))
      ]
      return APIInconsistency(
        name: "clock",
        behaviours: [
          DateField(
            ahead: .zero - .hours(random.pick([0, 0, 2, 50])), steps: random.once(in: 2) ? steps : [])
        ],
        hasOtherClock: true)
    default:
      return APIInconsistency(
        name: "deep pages refused",
        behaviours: [
          DeepPageLimit(
            .pages(Int.random(in: 1...4, using: &random)),
            refusal: random.pick([.status(400), .status(404), .status(422), .empty]))
        ])
    }
  }
}
