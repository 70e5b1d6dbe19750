import AuditArchive

/// A text that was copied with something that does not belong to it, such as the quotes of a shell.
enum Slip: Hashable {
  case byteOrderMark
  /// Begins with the name of the variable that it was meant for.
  case assignment(name: String)
  case quotes
  case whiteSpace
  case controlCharacter

  /// - Parameter variables: those that the text may have been copied together with.
  /// - Returns: nil when none is seen.
  init?(_ text: String, variables: [String]) {
    let quotes: Set<Character> = ["\"", "'", "`", "“", "”", "‘", "’"]
    if text.unicodeScalars.first == "\u{FEFF}" {
      self = .byteOrderMark
    } else if let name = variables.first(where: { text.hasPrefix($0 + "=") }) {
      self = .assignment(name: name)
    } else if let first = text.first, let last = text.last, text.count > 1,
      quotes.contains(first), quotes.contains(last)
    {
      self = .quotes
    } else if text.first?.isWhitespace == true || text.last?.isWhitespace == true,
      !text.allSatisfy(\.isWhitespace)
    {
      self = .whiteSpace
    } else if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      self = .controlCharacter
    } else {
      return nil
    }
  }

  /// The rest of the sentence after the place and the text, without the full stop.
  var words: String {
    switch self {
    case .byteOrderMark: " begins with a byte order mark: save it as UTF-8 without one"
    case .assignment(let name): " begins with '\(name)=': give only what comes after it"
    case .quotes: " is in quotes, which count as part of it: leave them out"
    case .whiteSpace: " has white space or a line's end around it: take that away"
    case .controlCharacter: " has a control character in it: take that out"
    }
  }
}

/// The path of a file or folder of this machine, as a user writes it.
enum PathText {
  /// Refuses what a run would take for the name of a folder in the current one.
  ///
  /// - Parameter expected: what a right path looks like, for the sentence.
  static func read(
    _ text: String, expected: String, variables: [String]
  ) throws(Misread) -> String {
    if let slip = Slip(text, variables: variables) { throw Misread(slip.words) }
    guard !text.isEmpty else { throw Misread(": expected \(expected)") }
    if let scheme = ArchiveLocation.scheme(of: text) {
      throw Misread(" is a URL (\(scheme)), and this takes a path on this machine: expected \(expected)")
    }
    if text.hasPrefix("~") {
      throw Misread(
        " begins with '~', which only a shell replaces by a home folder: write the path in full, or ./~… for a name like that"
      )
    }
    if !text.hasPrefix("./"), text.contains(#/(?:^|/)\$[A-Za-z_{(]/#) {
      throw Misread(
        " has a variable in it that nothing has replaced: write the path in full, or ./$… for a name like that"
      )
    }
    return text
  }
}
