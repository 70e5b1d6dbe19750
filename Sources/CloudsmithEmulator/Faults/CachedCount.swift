package import AuditRecord

/// Tells the count, and the number of pages, from a cache, for each query its own.
package struct CachedCount: Behaviour {
  /// How long a count is kept.
  package enum Lifetime: Sendable, Hashable {
    /// For so many answers, the one that it was counted for among them.
    case answers(Int)
    case span(TimeSpan)
    case forever
  }

  private struct Entry {
    var count: Int
    var answers = 0
    var time: Timestamp
  }

  private let lifetime: Lifetime
  private var entries: [String: Entry] = [:]

  package init(_ lifetime: Lifetime) {
    self.lifetime = lifetime
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    guard response.status == 200, let count = response.toldCount else { return }
    let query = turn.request.parameter("query") ?? ""
    var entry = entries[query] ?? Entry(count: count, time: turn.time)
    if isOver(entry, at: turn.time) { entry = Entry(count: count, time: turn.time) }
    entry.answers += 1
    entries[query] = entry
    response.tell(count: entry.count)
  }

  private func isOver(_ entry: Entry, at now: Timestamp) -> Bool {
    switch lifetime {
    case .answers(let limit): entry.answers >= limit
    case .span(let span): now >= entry.time + span
    case .forever: false
    }
  }
}
