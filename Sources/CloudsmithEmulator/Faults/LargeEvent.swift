/// Makes some events so large that the answers with them pass a limit.
package struct LargeEvent: Behaviour {
  /// One event, by the place from 0 that it has in the list of all events at the first request.
  package struct Size: Sendable, Hashable {
    package var place: Int
    package var bytes: Int

    package init(place: Int, bytes: Int) {
      self.place = place
      self.bytes = bytes
    }
  }

  private var sizes: [Size]

  package init(_ sizes: [Size]) {
    self.sizes = sizes
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    let newest = log.events.count - 1
    for size in sizes where size.place >= 0 && size.place <= newest {
      log.enlarge(newest - size.place, to: size.bytes)
    }
    sizes = []
  }
}
