/// The characters of a text, and the position of the next one to read.
struct YAMLCursor {
  private let characters: [Unicode.Scalar]
  private(set) var position = 0
  private(set) var line = 1
  private var lineStart = 0

  /// - Throws: If the text has a control character, or a character that is a line break in YAML 1.1 but not in 1.2 (5.4).
  init(_ text: String) throws(YAMLError) {
    let all = Array(text.unicodeScalars)
    var characters: [Unicode.Scalar] = []
    characters.reserveCapacity(all.count)
    var (line, lineStart) = (1, 0)
    for (index, character) in all.enumerated() {
      switch character.value {
      case 0xFEFF where index == 0: lineStart = 1
      case 0x0D where index + 1 < all.count && all[index + 1] == "\n": continue
      case 0x0A: (line, lineStart) = (line + 1, index + 1)
      case 0x09, 0x20...0x7E, 0xA0...0x2027, 0x202A...0xFEFE, 0xFF00...0xFFFD, 0x10000...: break
      default:
        let number = String(character.value, radix: 16, uppercase: true)
        let zeros = String(repeating: "0", count: max(0, 4 - number.count))
        throw YAMLError(
          YAMLPosition(line: line, column: index - lineStart + 1),
          "control characters are not allowed: found U+\(zeros)\(number)")
      }
      if character != "\u{FEFF}" { characters.append(character) }
    }
    self.characters = characters
  }

  // MARK: - At the position

  /// The character at the position. NUL at the end, because no accepted text contains it.
  var current: Unicode.Scalar { character(at: position) }
  var next: Unicode.Scalar { character(at: position + 1) }
  var isAtEnd: Bool { position == characters.count }
  var isAtLineEnd: Bool { isAtEnd || characters[position] == "\n" }
  /// Whether a space, a line break or the end of the text follows the current character.
  var isBeforeBlank: Bool { YAMLCursor.isBlank(next) }
  /// The number of characters between the start of the line and the position.
  var indent: Int { position - lineStart }
  var place: YAMLPosition { YAMLPosition(line: line, column: indent + 1) }

  func text(from start: Int, to end: Int) -> String {
    String(String.UnicodeScalarView(characters[start..<end]))
  }

  private func character(at position: Int) -> Unicode.Scalar {
    position < characters.count ? characters[position] : "\0"
  }

  private static func isBlank(_ character: Unicode.Scalar) -> Bool {
    character == " " || character == "\n" || character == "\0"
  }

  // MARK: - Moving

  /// Passes over characters of the line.
  ///
  /// - Precondition: The line has at least `count` more characters.
  mutating func pass(_ count: Int = 1) { position += count }

  mutating func passSpaces() throws(YAMLError) {
    while current == " " { position += 1 }
    try refuseTab()
  }

  func refuseTab() throws(YAMLError) {
    if current == "\t" {
      throw YAMLError(place, "tabs are not allowed: indent with spaces, and write \\t in double quotes")
    }
  }

  /// Passes over spaces, comments and line breaks.
  mutating func passToContent() throws(YAMLError) {
    try passBlankLines()
    if isAtMarker("-") || isAtMarker(".") {
      throw YAMLError(place, "found a document marker (--- or ...): a file must contain only one document")
    }
  }

  /// Passes to the first content, over an optional `---`.
  mutating func begin() throws(YAMLError) {
    try passBlankLines()
    guard isAtMarker("-") else { return try passToContent() }
    let first = line
    pass(3)
    try passToContent()
    guard isAtEnd || line > first else {
      throw YAMLError(place, "only a comment may follow ---: start the document on the next line")
    }
  }

  private mutating func passBlankLines() throws(YAMLError) {
    while true {
      try passSpaces()
      // A comment must be separated from the text before it.
      if current == "#", indent == 0 || characters[position - 1] == " " {
        while !isAtLineEnd { position += 1 }
      }
      guard current == "\n" else { return }
      position += 1
      line += 1
      lineStart = position
    }
  }

  /// Whether `---` or `...` is at the position (9.1.2).
  private func isAtMarker(_ mark: Unicode.Scalar) -> Bool {
    indent == 0 && current == mark && next == mark && character(at: position + 2) == mark
      && YAMLCursor.isBlank(character(at: position + 3))
  }
}
