/// Line and column, from 1. A column is a character (a Unicode scalar); a byte order mark is none.
package struct YAMLPlace: Hashable, Sendable {
  package let line: Int
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// Why a text is not the YAML that is wanted.
package struct YAMLFault: Error, Hashable {
  /// nil: of the whole.
  package let place: YAMLPlace?
  /// One line without a full stop.
  package let words: String

  package init(_ place: YAMLPlace? = nil, _ words: String) {
    self.place = place
    self.words = words
  }

  package init(words: String) { self.init(nil, words) }
}
