package import AuditArchive
package import AuditRecord
import CloudsmithAPI
import HTTP

/// A copying mistake: the text has something around it that is not part of the value, such as quotes.
package enum Slip: Hashable {
  case byteOrderMark
  /// The text begins with the name of its variable.
  case assignment(name: String)
  case quotes
  case whiteSpace
  case controlCharacter

  /// - Parameter variables: The variables of the setting, whose assignment may have been copied.
  /// - Returns: nil if the text has no such mistake.
  package init?(_ text: String, variables: [String]) {
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

  /// The message after the place and the text, without a full stop.
  package var words: String {
    switch self {
    case .byteOrderMark: " begins with a byte order mark: save it as UTF-8 without one"
    case .assignment(let name): " begins with '\(name)=': remove that part"
    case .quotes: " is in quotes, which would be part of the value: remove them"
    case .whiteSpace: " has spaces or a line break around it: remove them"
    case .controlCharacter: " contains a control character: remove it"
    }
  }
}

/// Reads the path of a local file or folder.
package enum PathText {
  /// Refuses URLs and unexpanded `~` and variables, which would be taken for names in the current folder.
  ///
  /// - Parameter expected: What a valid path looks like, for the message.
  package static func read(
    _ text: String, expected: String, variables: [String]
  ) throws(ValueError) -> String {
    if let slip = Slip(text, variables: variables) { throw ValueError(slip.words) }
    guard !text.isEmpty else { throw ValueError(": expected \(expected)") }
    if let scheme = ArchiveLocation.scheme(of: text) {
      throw ValueError(" is a URL (\(scheme)), not a path on this machine: expected \(expected)")
    }
    if text.hasPrefix("~") {
      throw ValueError(
        " begins with '~', which only a shell expands: write the full path, or ./~… for a name that begins with '~'"
      )
    }
    if !text.hasPrefix("./"), text.contains(#/(?:^|/)\$[A-Za-z_{(]/#) {
      throw ValueError(
        " contains a variable that was not expanded: write the full path, or ./$… for a name that contains '$'"
      )
    }
    return text
  }
}

/// Reads a time: RFC 3339 with a time zone, or a date, which means 00:00 UTC. Times far in the future are errors.
///
/// Whether a near time is in the past is checked later, with the API's clock, because this machine's clock may be wrong.
package enum TimeText {
  /// The end of every message about an invalid time.
  package static let example =
    "write it as RFC 3339 with a zone, such as 2024-01-01T00:00:00Z or 2024-01-01T05:00:00+05:00"

  /// - Throws: Why the text is not a time.
  package static func read(_ text: String) throws(ValueError) -> Timestamp {
    guard let time = Day(text)?.start ?? Timestamp(rfc3339: text) else {
      switch Timestamp.flaw(rfc3339: text.utf8.span) {
      case .noZone: throw ValueError(" has no time zone: \(example)")
      case .offsetForm: throw ValueError(" has an offset that does not have the form +00:00: \(example)")
      case nil: break
      }
      if looksLikeATime(text) { throw ValueError(" does not exist as a date or time: \(example)") }
      throw ValueError(" is not a time: \(example)")
    }
    let now = max(SystemClock().now, leastNow)
    guard time <= now + .days(400) else {
      throw ValueError(" is in the future (it is now \(now)): pass a time in the past")
    }
    return time
  }

  /// The current time is not before this, whatever the clock says.
  private static let leastNow = Day("2026-11-01")?.start ?? .earliest

  /// Whether digits and separators are where RFC 3339 has them, whatever the numbers.
  private static func looksLikeATime(_ text: String) -> Bool {
    let shape = text.utf8.prefix(19).map { byte in
      byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? UInt8(ascii: "0") : byte
    }
    let wanted = Array("0000-00-00T00:00:00".utf8)
    return shape == Array(wanted.prefix(10)) || (text.utf8.count >= 19 && shape == wanted)
  }
}

/// A number of bytes as users write it: `256MiB`, `1GiB`, `500MB`, `65536`.
package struct ByteCount {
  /// The size in bytes, at least 1.
  package let bytes: Int

  private static let units = [
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1_000), ("MB", 1_000_000),
    ("GB", 1_000_000_000), ("B", 1), ("", 1),
  ]

  /// nil if the text is not a size, or is zero or too large for `Int`.
  package init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(digits.count)
    let name = rest.first == " " ? rest.dropFirst() : rest
    guard let count = Int(digits), count > 0, let unit = ByteCount.units.first(where: { $0.0 == name })
    else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.1)
    guard !overflow else { return nil }
    self.bytes = bytes
  }
}

/// A URL as text, valid or not.
package enum URLText {
  /// The URL without user name and password, for messages.
  package static func withoutUser(_ text: String) -> String {
    guard let at = text.lastIndex(of: "@") else { return text }
    let scheme = text.firstRange(of: "://").map { text[..<$0.upperBound] } ?? ""
    return "\(scheme)[redacted]@\(text[text.index(after: at)...])"
  }
}

/// The hosts of Cloudsmith.
package enum CloudsmithHosts {
  /// Whether a text is the URL of a host of Cloudsmith.
  package static func include(_ text: String) -> Bool {
    do {
      let host = try APIHost(text).origin.host
      return ["cloudsmith.io", "cloudsmith.com"].contains { host == $0 || host.hasSuffix("." + $0) }
    } catch {
      return false
    }
  }
}

/// Suggestions for mistyped words.
package enum Nearest {
  /// The word with the smallest edit distance, at most a third of its length. Otherwise the only word that contains the mistyped
  /// one. nil if there is none.
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

  /// ` Did you mean 'seek'?`, to be appended to a sentence. Empty if there is no suggestion, or if the word is one of them.
  package static func hint(for word: String, among words: [String]) -> String {
    words.contains(word) ? "" : to(word, among: words).map { " Did you mean '\($0)'?" } ?? ""
  }

  /// The edit distance: insertions, deletions, replacements and swaps of neighboring letters.
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

/// The value of `--format`.
package struct ArchiveFormats: Hashable, Sendable {
  /// Of the parts.
  package let parts: Set<PartFormat>
  /// Whether the archive is to be a Delta Lake table, which consists of Parquet parts.
  package let isTable: Bool

  static let names = PartFormat.allCases.map(\.rawValue) + ["delta"]

  /// - Parameter text: names joined by commas.
  init?(_ text: String) {
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard names.allSatisfy(ArchiveFormats.names.contains) else { return nil }
    isTable = names.contains("delta")
    parts = Set(names.compactMap { PartFormat(rawValue: $0) } + (isTable ? [.parquet] : []))
  }
}
