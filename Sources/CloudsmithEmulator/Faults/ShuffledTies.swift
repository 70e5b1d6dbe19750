import AuditRecord

/// Lists events of one instant in another order on every request, as a database does that sorts by time alone.
package struct ShuffledTies: Behaviour {
  private var random: SplitMix64

  package init(seed: UInt64) {
    self.random = SplitMix64(seed: seed)
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn) {
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
