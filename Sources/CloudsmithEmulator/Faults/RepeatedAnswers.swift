/// Lists some events twice, or not at all, at one border of pages: always the same ones.
///
/// Every page after it is shifted by as many events, as from a cache that was filled at another time.
package struct RepeatedAnswers: Behaviour {
  private let page: Int
  private let count: Int
  private let isCounted: Bool
  private var found: Int?

  /// - Parameters:
  ///   - page: the last page that stands where it should, from 1.
  ///   - count: how many of its last events the next page begins with; when negative, how many are skipped there.
  ///   - isCounted: whether the count tells what is listed; else it tells how many events there are.
  package init(after page: Int, count: Int, isCounted: Bool = false) {
    self.page = page
    self.count = count
    self.isCounted = isCounted
  }

  package mutating func prepare(_ log: inout EmulatedLog, for turn: Turn) {
    found = nil
  }

  package mutating func arrange(_ list: inout EventList, of log: EmulatedLog, for turn: Turn) {
    found = list.count
    let isAscending = list.isAscending
    list.reorder { indices in
      let listed = isAscending ? indices : indices.reversed()
      let border = page * turn.pageSize
      guard border < listed.count else { return }
      let rest = min(listed.count, max(0, border - count))
      let shifted = Array(listed[..<border] + listed[rest...])
      indices = isAscending ? shifted : shifted.reversed()
    }
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    if !isCounted, let found { response.tell(count: found) }
  }
}
