/// A scalar and where it was read.
struct YAMLScalar {
  let value: YAMLNode.Value
  let isPlain: Bool
  let place: YAMLPosition
  /// The number of characters before it in the text.
  let start: Int
}

/// Scalars: plain, single-quoted and double-quoted, each on one line (YAML 1.2.2, 7.3).
extension YAMLReader {
  /// The most characters from the start of a key to its colon. YAML allows 1,024 (7.4.2).
  private static let longestKey = 1_000

  /// Reads a scalar and passes over the spaces after it.
  mutating func scalar(inBrackets: Bool) throws(YAMLError) -> YAMLScalar {
    let (place, start) = (cursor.place, cursor.position)
    let isPlain = cursor.current != "'" && cursor.current != "\""
    let value: YAMLNode.Value =
      isPlain ? .init(plain: try plain(inBrackets: inBrackets)) : .text(try quoted(by: cursor.current))
    try cursor.passSpaces()
    return YAMLScalar(value: value, isPlain: isPlain, place: place, start: start)
  }

  /// Uses the scalar as a key, and passes over its colon.
  mutating func key(_ scalar: YAMLScalar, inBrackets: Bool) throws(YAMLError) -> String {
    // In brackets, the colon after a quoted key needs no space after it, as in JSON.
    guard cursor.current == ":", cursor.isBeforeBlank || inBrackets && !scalar.isPlain else {
      throw YAMLError(scalar.place, "expected 'key: value' on one line, with a space after the colon")
    }
    guard cursor.position - scalar.start <= YAMLReader.longestKey else {
      throw YAMLError(scalar.place, "a key is longer than \(YAMLReader.longestKey) characters")
    }
    guard case .text(let key) = scalar.value, key.unicodeScalars.allSatisfy({ !$0.isControl }) else {
      throw YAMLError(scalar.place, "a key must be a word: put numbers, true, false and null in quotes")
    }
    guard key != "<<" || !scalar.isPlain else {
      throw YAMLError(scalar.place, "merge keys (<<) are not supported")
    }
    cursor.pass()
    return key
  }

  // MARK: - Plain

  private mutating func plain(inBrackets: Bool) throws(YAMLError) -> String {
    if let words = refusal(inBrackets: inBrackets) { throw YAMLError(cursor.place, words) }
    let start = cursor.position
    var end = start
    while !cursor.isAtLineEnd {
      switch cursor.current {
      case " ":
        cursor.pass()
        continue
      case "#" where end < cursor.position: return cursor.text(from: start, to: end)
      case ":" where cursor.isBeforeBlank || inBrackets && cursor.next.isOfBrackets:
        return cursor.text(from: start, to: end)
      case "?" where inBrackets: throw YAMLError(cursor.place, "inside brackets, put text with a ? in quotes")
      case _ where inBrackets && cursor.current.isOfBrackets: return cursor.text(from: start, to: end)
      default: try cursor.refuseTab()
      }
      cursor.pass()
      end = cursor.position
    }
    return cursor.text(from: start, to: end)
  }

  /// Why a plain scalar cannot begin with the character at the cursor. nil if it can.
  private func refusal(inBrackets: Bool) -> String? {
    switch cursor.current {
    case "&": "anchors (&) are not supported: put text that begins with & in quotes"
    case "*": "aliases (*) are not supported: put text that begins with * in quotes"
    case "!": "tags (!) are not supported: put text that begins with ! in quotes"
    case "|", ">": "multi-line text (| and >) is not supported: put text in quotes, on one line"
    case "%" where cursor.indent == 0: "directives (%) are not supported"
    case "?": "keys with a ? are not supported: a key must be a word; put text that begins with ? in quotes"
    case "[", "{": "a key must be a word, not a list or a mapping"
    case "#": "a comment needs a space before it; put text that begins with # in quotes"
    case "-" where cursor.isBeforeBlank || inBrackets && cursor.next.isOfBrackets:
      "a list with - is not allowed here: put each item on its own line, all with the same indentation, and not inside brackets"
    case ":", ",", "]", "}", "%", "@", "`":
      "'\(cursor.current)' is not allowed here: put text that begins with it in quotes"
    default: nil
    }
  }

  // MARK: - Quoted

  private mutating func quoted(by quote: Unicode.Scalar) throws(YAMLError) -> String {
    let opening = cursor.place
    var text = String.UnicodeScalarView()
    cursor.pass()
    while true {
      guard !cursor.isAtLineEnd else {
        throw YAMLError(opening, "the quote is not closed on its line: quoted text must be on one line")
      }
      try cursor.refuseTab()
      switch cursor.current {
      case "'" where quote == "'" && cursor.next == "'":
        text.append("'")
        cursor.pass(2)
      case quote:
        cursor.pass()
        return String(text)
      case "\\" where quote == "\"" && cursor.next != "\n": text.append(try escaped())
      default:
        text.append(cursor.current)
        cursor.pass()
      }
    }
  }

  /// Reads an escape sequence (5.7), and returns its character.
  private mutating func escaped() throws(YAMLError) -> Unicode.Scalar {
    let place = cursor.place
    let letter = cursor.next
    let digits = letter == "x" ? 2 : letter == "u" ? 4 : letter == "U" ? 8 : 0
    guard digits > 0 else {
      guard let character = YAMLReader.escapes[letter] else {
        throw YAMLError(
          place, "this \\ does not begin a valid escape: write \\\\ for a \\, or use single quotes")
      }
      cursor.pass(2)
      return character
    }
    cursor.pass(2)
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let digit = cursor.current.hexadecimalDigit else {
        throw YAMLError(place, "\\\(letter) needs \(digits) hexadecimal digits")
      }
      value = value << 4 | digit
      cursor.pass()
    }
    guard let character = Unicode.Scalar(value) else {
      throw YAMLError(place, "the escape is not valid Unicode: write characters beyond U+FFFF with \\U")
    }
    return character
  }

  private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
    "0": "\0", "a": "\u{7}", "b": "\u{8}", "t": "\t", "n": "\n", "v": "\u{B}", "f": "\u{C}", "r": "\r",
    "e": "\u{1B}", " ": " ", "\"": "\"", "/": "/", "\\": "\\", "N": "\u{85}", "_": "\u{A0}", "L": "\u{2028}",
    "P": "\u{2029}",
  ]
}

extension Unicode.Scalar {
  fileprivate var isOfBrackets: Bool {
    switch self {
    case ",", "[", "]", "{", "}": true
    default: false
    }
  }

  fileprivate var isControl: Bool { value < 0x20 || 0x7F...0x9F ~= value || 0x2028...0x2029 ~= value }

  fileprivate var hexadecimalDigit: UInt32? {
    switch self {
    case "0"..."9": value - 0x30
    case "a"..."f": value - 0x61 + 10
    case "A"..."F": value - 0x41 + 10
    default: nil
    }
  }
}
