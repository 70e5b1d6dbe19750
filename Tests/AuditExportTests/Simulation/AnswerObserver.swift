import AuditRecord
import CloudsmithEmulator
import Synchronization

/// Watches the answers of one run that reach the client. Changes nothing. It comes after all other behaviours.
struct AnswerObserver: Behaviour {
  /// What no client can detect in the answers.
  final class Findings: Sendable {
    fileprivate let movedUp = Mutex<Set<String>>([])
    fileprivate let unlisted = Mutex<Set<String>>([])
    fileprivate let isAnyWhole = Mutex(false)

    /// The uuids of events that moved up between two answers to the same query although the list did not become shorter: events
    /// above them were erased, and as many were inserted. Such an event may pass the edge of a page unseen.
    var hiddenByErasure: Set<String> { movedUp.withLock(\.self) }
    /// The uuids of events in the log that the list of some answer does not have on any page.
    var unlistedEvents: Set<String> { unlisted.withLock(\.self) }
    /// Whether no answer came from the whole list.
    var areAllThinned: Bool { !isAnyWhole.withLock(\.self) }
  }

  let findings = Findings()
  /// The requests that are answered from a thinned list.
  private var thinned: RequestRange?
  private var isThinned = false
  /// The list that the request is answered from, as arrival numbers, newest first; nil if it reaches no list.
  private var list: [Int]?
  private var uuids: [String] = []
  /// The uuids of all events in the log.
  private var logged: Set<String> = []
  /// The places of the events, by arrival number, in the last answer to each query.
  private var places: [String: [Int: Int]] = [:]

  init(thinned: RequestRange?) {
    self.thinned = thinned
  }

  mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    isThinned = thinned?.contains(context) ?? false
    list = nil
  }

  mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    let indices = list.indices(at: 0..<list.count)
    self.list = indices.map { log.events.arrival($0) }
    uuids = indices.map { Self.uuid(of: $0, in: log) }
    logged = Set((0..<log.events.count).map { Self.uuid(of: $0, in: log) })
  }

  private static func uuid(of index: Int, in log: EmulatedLog) -> String {
    String(decoding: log.events.record(index), as: UTF8.self).split(separator: "\"").dropFirst(3).first
      .map { String($0) } ?? ""
  }

  mutating func deliver(_ response: inout EmulatedResponse, for context: RequestContext) {
    guard let list, response.isWhole, response.status == 200 || response.status == 404 else { return }
    // The client refuses an answer that is of another page.
    guard response.headers["X-Pagination-Page"].map({ $0 == String(context.page) }) ?? true else { return }
    if !isThinned { findings.isAnyWhole.withLock { $0 = true } }
    findings.unlisted.withLock { $0.formUnion(logged.subtracting(uuids)) }
    let query = context.request.parameter("query") ?? ""
    if let before = places[query], list.count >= before.count {
      for (place, arrival) in list.enumerated() where place < before[arrival] ?? 0 {
        findings.movedUp.withLock { _ = $0.insert(uuids[place]) }
      }
    }
    places[query] = Dictionary(zip(list, list.indices)) { first, _ in first }
  }
}
