import AuditRecord

/// Lists the oldest event first. The order of the real list is observed, not documented.
package struct AscendingOrder: Behaviour {
  package init() {}

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    list.isAscending = true
  }
}

/// Lists events with equal times in another order on each request, like a database that sorts by time alone.
package struct ShuffledTies: Behaviour {
  private var random: SplitMix64

  package init(seed: UInt64) {
    self.random = SplitMix64(seed: seed)
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    list.reorder { indices in
      var start = 0
      while start < indices.count {
        let time = log.events.time(indices[start])
        var end = start + 1
        while end < indices.count, log.events.time(indices[end]) == time { end += 1 }
        for place in start..<end { indices.swapAt(place, place + random.below(end - place)) }
        start = end
      }
    }
  }
}

/// Lists some events deeper than their time implies. The rest of the list is newest first.
package struct MisplacedEvents: Behaviour {
  /// An event that moves from one position to a deeper one. Positions count from 0 in the list of all events at the first
  /// request. The event stays behind the same neighbour while the list grows.
  package struct Move: Sendable, Hashable {
    package var from: Int
    package var to: Int

    package init(from: Int, to: Int) {
      self.from = from
      self.to = to
    }
  }

  private let moves: [Move]
  private var requests: RequestRange
  private var isActive = false
  /// The arrival numbers of each moved event and of the neighbour that it is listed behind; nil before the first request.
  private var pairs: [(event: Int, neighbour: Int)]?

  package init(_ moves: [Move], during requests: RequestRange = .always) {
    self.moves = moves
    self.requests = requests
  }

  /// Moves events at random positions among the newest `length` events, which must be at least 2.
  package init(_ count: Int, ofNewest length: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    self.init(
      (0..<count).map { _ in
        let from = random.below(length - 1)
        return Move(from: from, to: from + 1 + random.below(length - from - 1))
      })
  }

  package mutating func prepare(_ log: inout EmulatedLog, for context: RequestContext) {
    isActive = requests.contains(context)
    guard pairs == nil else { return }
    let newest = log.events.count - 1
    pairs = moves.filter { $0.from >= 0 && $0.from < $0.to && $0.to <= newest }.map { move in
      (log.events.arrival(newest - move.from), log.events.arrival(newest - move.to))
    }
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for context: RequestContext) {
    guard isActive, let pairs else { return }
    list.reorder { indices in
      for (event, neighbour) in pairs {
        guard let event = log.events.index(ofArrival: event),
          let neighbour = log.events.index(ofArrival: neighbour),
          let place = indices.firstIndex(of: event)
        else { continue }
        indices.remove(at: place)
        indices.insert(event, at: indices.firstIndex { $0 >= neighbour } ?? indices.endIndex)
      }
    }
  }
}
