import AuditRecord

/// Which of four depths stands for a count: each a quarter of the days that have events, so that one loud day does not leave
/// all others pale.
struct DepthScale {
  /// The highest count of the depths 1, 2 and 3; above them is 4.
  private let bounds: [Int]
  private let least: Int
  private let most: Int

  init(_ counts: [Int]) {
    let sorted = counts.filter { $0 > 0 }.sorted()
    least = sorted.first ?? 0
    most = sorted.last ?? 0
    bounds = sorted.isEmpty ? [] : [1, 2, 3].map { sorted[max(0, sorted.count * $0 / 4 - 1)] }
  }

  /// 0 for none, else 1 to 4.
  func depth(_ count: Int) -> Int {
    guard count > 0 else { return 0 }
    if least == most { return 3 }
    return 1 + bounds.count { count > $0 }
  }

  /// What each depth that is used stands for, such as `12–40`.
  var ranges: [(depth: Int, words: String)] {
    guard most > 0 else { return [] }
    if least == most { return [(3, "\(most.grouped) events")] }
    let edges = [least - 1] + bounds + [most]
    let used = (1...4).filter { edges[$0] > edges[$0 - 1] }
    return used.map { depth in
      let (from, to) = (edges[depth - 1] + 1, edges[depth])
      let words = from == to ? from.grouped : "\(from.grouped)–\(to.grouped)"
      return (depth, depth == used.first ? "\(words) events" : words)
    }
  }
}
