extension String {
  /// The text made safe to print: one line, no control characters, at most `limit` characters; nil if nothing is left.
  ///
  /// - Parameters:
  ///   - limit: at least 1.
  ///   - redacting: removes secrets, after control characters have become spaces.
  package func oneLine(limit: Int, redacting: (String) -> String = { $0 }) -> String? {
    let printable = String(
      String.UnicodeScalarView(
        unicodeScalars.map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            " "
          default: scalar
          }
        }))
    let words = redacting(printable).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard !words.isEmpty else { return nil }
    return words.count <= limit ? words : words.prefix(limit - 1) + "…"
  }
}

extension StringProtocol where SubSequence == Substring {
  /// The text without the characters at both ends that satisfy `predicate`.
  package func trimming(while predicate: (Character) -> Bool) -> Substring {
    var rest = drop(while: predicate)
    while let last = rest.last, predicate(last) { rest.removeLast() }
    return rest
  }
}

/// Reads ASCII digits only, up to 2⁵³: the form of every number in HTTP (`1*DIGIT`); nil for anything else.
package func wholeNumber(_ text: String) -> Int? {
  guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text),
    value <= 1 << 53
  else { return nil }
  return value
}
