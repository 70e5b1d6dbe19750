/// The parts of an absolute URL (RFC 3986, section 3) that the clients need.
///
/// Accepts only visible ASCII. An internationalised name must have its `xn--` form.
package struct URLParts: Hashable, Sendable {
  /// Lower case; nil if the text begins with the host.
  package var scheme: String?
  package var userInfo: String?
  /// Lower case; an IPv6 address without its brackets.
  package var host: String
  package var port: Int?
  /// Path, query and fragment, as written.
  package var rest: String

  /// Nil if `text` is not a URL with a host.
  package init?(_ text: String) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) else { return nil }
    var remainder = Substring(text)
    if let separator = text.firstRange(of: "://") {
      let scheme = text[..<separator.lowerBound]
      guard let first = scheme.first, first.isLetter, scheme.allSatisfy(URLParts.standsInScheme)
      else { return nil }
      self.scheme = scheme.lowercased()
      remainder = text[separator.upperBound...]
    }
    let end = remainder.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? remainder.endIndex
    var authority = remainder[..<end]
    self.rest = String(remainder[end...])
    if let at = authority.lastIndex(of: "@") {
      self.userInfo = String(authority[..<at])
      authority = authority[authority.index(after: at)...]
    }
    guard let (host, port) = URLParts.hostAndPort(authority) else { return nil }
    self.host = host
    self.port = port
  }

  /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`; nil for anything else.
  static func hostAndPort(_ authority: Substring) -> (host: String, port: Int?)? {
    let host: Substring
    var tail: Substring
    if authority.first == "[" {
      guard let close = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<close]
      tail = authority[authority.index(after: close)...]
      guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." })
      else { return nil }
    } else {
      let colon = authority.firstIndex(of: ":") ?? authority.endIndex
      host = authority[..<colon]
      tail = authority[colon...]
      guard host.contains(where: { $0.isLetter || $0.isNumber }), host.allSatisfy(standsInName)
      else { return nil }
    }
    guard tail.popFirst() != nil else { return (host.lowercased(), nil) }
    guard authority.dropLast(tail.count).last == ":", tail.allSatisfy(\.isNumber), let port = Int(tail),
      (1...65_535).contains(port)
    else { return nil }
    return (host.lowercased(), port)
  }

  private static func standsInScheme(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "+-.".contains(character)
  }

  private static func standsInName(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "-._".contains(character)
  }

  /// Scheme, host and port; nil without a scheme, or with one that is neither `http` nor `https`.
  package var origin: Origin? {
    scheme.flatMap { Origin.Scheme(rawValue: $0) }.map { Origin(scheme: $0, host: host, port: port) }
  }
}
