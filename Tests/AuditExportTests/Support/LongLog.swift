import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import HTTP
import Synchronization
import Testing

/// A log of so many events that none is kept: event `index` (0 is the newest) is at `newest - step * index`. It answers
/// like the emulator, and counts what it is asked for and shows.
final class LongLog: APITransport {
  struct Seen: Sendable {
    var requests = 0
    /// Which events of each day were shown.
    var events: [Day: Set<Int>] = [:]
  }

  let count: Int
  let newest: Timestamp
  let step: TimeSpan
  let filter: TimeFilter
  let seen = Mutex(Seen())
  /// The number of the request at which the connection breaks for good.
  let end = Mutex(Int.max)

  init(count: Int, newest: Timestamp, step: TimeSpan, filter: TimeFilter = .exact) {
    self.count = count
    self.newest = newest
    self.step = step
    self.filter = filter
  }

  func time(_ index: Int) -> Timestamp { newest - step * index }

  func events(in window: Window) -> Int { max(0, notBefore(window.from) - notBefore(window.to)) }

  /// How many events are at `bound` or after it.
  private func notBefore(_ bound: Timestamp) -> Int {
    min(count, max(0, Int((newest - bound).microseconds.flooredDivision(by: step.microseconds).quotient) + 1))
  }

  private func range(_ comparison: TimeComparison) -> Range<Int> {
    let next = comparison.bound + TimeSpan(microseconds: 1)
    return switch comparison.relation {
    case .from: 0..<notBefore(comparison.bound)
    case .after: 0..<notBefore(next)
    case .before: notBefore(comparison.bound)..<count
    case .through: notBefore(next)..<count
    case .at: notBefore(next)..<notBefore(comparison.bound)
    }
  }

  private func range(_ expression: QueryExpression) throws(TransportFault) -> Range<Int> {
    switch expression {
    case .everything: return 0..<count
    case .time(let comparison): return range(comparison)
    case .and(let one, let other): return try range(one).clamped(to: range(other))
    case .text, .not, .or: throw .undecodable("a query that the test does not know")
    }
  }

  func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    let request = EmulatedRequest(target: request.target)
    let number = seen.withLock { seen in
      seen.requests += 1
      return seen.requests
    }
    if number >= end.withLock(\.self) { throw .cancelled }
    guard let page = request.parameter("page").flatMap({ Int($0) }),
      let size = request.parameter("page_size").flatMap({ Int($0) }),
      let query = QueryParser.parse(request.parameter("query") ?? "", filter: filter, now: newest)
    else { return APIResponse(status: 400) }
    let list = try range(query)
    let first = list.lowerBound + (page - 1) * size
    guard first < list.upperBound || page == 1 else { return APIResponse(status: 404) }
    let shown = first..<min(list.upperBound, first + size)
    let fields = [
      ("X-Pagination-Count", list.count), ("X-Pagination-Page", page), ("X-Pagination-PageSize", size),
      ("X-Pagination-PageTotal", (list.count + size - 1) / size),
    ]
    seen.withLock { seen in
      for index in shown { seen.events[Day(containing: time(index)), default: []].insert(index) }
    }
    let records = shown.map { #"{"uuid":"e-\#(time($0).microseconds)","event_at":"\#(time($0))"}"# }
    return APIResponse(
      status: 200, headers: HeaderFields(list.isEmpty ? [] : fields.map { ($0.0, String($0.1)) }),
      body: Array("[\(records.joined(separator: ","))]".utf8))
  }
}
