/// Lists the oldest event first: the order of the list is observed, not promised.
package struct AscendingOrder: Behaviour {
  package init() {}

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn) {
    list.isAscending = true
  }
}
