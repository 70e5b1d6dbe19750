/// The events that an answer's pages are cut from: indices into an `EventStore`, listed newest first.
package struct EventList: Sendable, Hashable {
  private enum Members: Hashable {
    case range(Range<Int>)
    case indices([Int])
  }

  private var members: Members
  /// Whether the list begins with the oldest.
  package var isAscending = false

  /// The events of a range of the store.
  package init(_ range: Range<Int>) {
    self.members = .range(range)
  }

  /// Some events of the store; the indices oldest first.
  package init(_ indices: [Int]) {
    self.members = .indices(indices)
  }

  package var count: Int {
    switch members {
    case .range(let range): range.count
    case .indices(let indices): indices.count
    }
  }

  /// The indices in the store of the events at these places of the list.
  package func indices(at places: Range<Int>) -> [Int] {
    places.map { place in
      let fromOldest = isAscending ? place : count - 1 - place
      return switch members {
      case .range(let range): range.lowerBound + fromOldest
      case .indices(let indices): indices[fromOldest]
      }
    }
  }

  /// Leaves out the events whose index in the store lies below this one.
  mutating func drop(before index: Int) {
    switch members {
    case .range(let range):
      members = .range(max(range.lowerBound, index)..<max(range.upperBound, index))
    case .indices(let indices): members = .indices(indices.filter { $0 >= index })
    }
  }

  /// Keeps the events whose index in the store fits.
  package mutating func keep(where isKept: (Int) -> Bool) {
    members = .indices(indices.filter(isKept))
  }

  /// Keeps only so many of the events that are listed first.
  package mutating func keep(first limit: Int) {
    guard limit < count else { return }
    let kept = indices
    members = .indices(Array(isAscending ? kept.prefix(limit) : kept.suffix(limit)))
  }

  /// Changes the order, or what is listed, even twice; `change` gets the indices oldest first.
  package mutating func reorder(_ change: (inout [Int]) -> Void) {
    var indices = indices
    change(&indices)
    members = .indices(indices)
  }

  private var indices: [Int] {
    switch members {
    case .range(let range): Array(range)
    case .indices(let indices): indices
    }
  }
}
