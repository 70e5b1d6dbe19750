/// What a mistyped word probably means.
package enum Nearest {
  /// The word that takes the fewest changes, of a third of its letters at most; else the only one that has the mistyped word in
  /// it. nil when none is near.
  package static func to(_ word: String, among words: [String]) -> String? {
    let typed = Array(word.lowercased())
    let near =
      words
      .map { ($0, changes(from: typed, to: Array($0.lowercased()))) }
      .filter { $0.1 <= max(1, $0.0.count / 3) && $0.1 < typed.count }
      .min { $0.1 < $1.1 }
    if let near { return near.0 }
    let part = String(typed.drop { $0 == "-" })
    let around = words.filter { part.count > 3 && $0.lowercased().contains(part) }
    return around.count == 1 ? around[0] : nil
  }

  /// ` Did you mean 'seek'?`, to stand after a sentence; empty when none is near, or when the word is one of them.
  package static func hint(for word: String, among words: [String]) -> String {
    words.contains(word) ? "" : to(word, among: words).map { " Did you mean '\($0)'?" } ?? ""
  }

  /// How many letters have to be put in, left out, replaced, or changed with their neighbour.
  private static func changes(from word: [Character], to other: [Character]) -> Int {
    var rows = [Array(0...other.count)]
    for (i, letter) in word.enumerated() {
      var row = [i + 1]
      for (j, wanted) in other.enumerated() {
        var least = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (letter == wanted ? 0 : 1))
        if i > 0, j > 0, letter == other[j - 1], word[i - 1] == wanted {
          least = min(least, rows[i - 1][j - 1] + 1)
        }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[word.count][other.count]
  }
}
