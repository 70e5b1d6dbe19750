import AuditRecord
import CloudsmithEmulator
import TestSupport

/// Inserts events while the log is read. Their number is limited, or a walk of small pages would never end.
struct ConcurrentEvents: Behaviour {
  let ledger: Ledger
  /// The probability of another event before each request.
  let chance: Double
  var random: SeededRandom
  /// How many more events happen.
  var left: Int

  mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    while left > 0, Double.random(in: 0..<1, using: &random) < chance {
      left -= 1
      ledger.happen(at: context.time, in: &log, &random)
    }
  }
}

/// Faults of the API or a proxy that a retry can recover from.
struct TransientFaults: Behaviour {
  /// The probability of a fault at each request.
  let chance: Double
  var random: SeededRandom
  private var fault = Fault.none

  init(chance: Double, random: SeededRandom) {
    self.chance = chance
    self.random = random
  }

  private enum Fault: CaseIterable {
    case none, refusal, wait, page, nonsense, object, cut, otherPage, pastTheEnd, nothing
  }

  mutating func intercept(_ context: RequestContext) -> EmulatedResponse? {
    let isDue = Double.random(in: 0..<1, using: &random) < chance
    fault = isDue ? random.pick(Fault.allCases) : .none
    let isFirst = context.request.parameter("page") == "1"
    switch fault {
    case .refusal:
      return EmulatedResponse(
        status: random.pick([408, 425, 429, 500, 502, 503, 504, 520]), detail: "Simulated.")
    case .wait:
      var response = EmulatedResponse(status: random.pick([429, 503]), detail: "Simulated.")
      response.headers["Retry-After"] = String(random.pick([0, 1, 60, 3_600, 5_400]))
      return response
    case .page: return EmulatedResponse(status: 502, body: Array("<html>Bad gateway</html>".utf8))
    case .nonsense: return EmulatedResponse(json: Array(#"[{"uuid": "cut off"#.utf8))
    case .object: return EmulatedResponse(json: Array(#"{"detail": "no array"}"#.utf8))
    case .pastTheEnd: return isFirst ? nil : EmulatedResponse(status: 404, detail: "Invalid page.")
    case .nothing: return isFirst ? nil : EmulatedResponse(json: Array("[]".utf8))
    case .none, .cut, .otherPage: return nil
    }
  }

  mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    if case .otherPage = fault { response.headers["X-Pagination-Page"] = "77" }
  }

  mutating func deliver(_ response: inout EmulatedResponse, for context: RequestContext) {
    if case .cut = fault { response.delivery.cutAfter = response.body.count / 2 }
  }
}
