/// The parts of an absolute URL (RFC 3986, section 3), as far as this client needs them.
///
/// Accepts only visible ASCII. An internationalised name must have its `xn--` form.
struct URLParts: Hashable, Sendable {
  /// Lower case; nil if the text begins with the host.
  var scheme: String?
  var userInfo: String?
  /// Lower case; an IPv6 address without its brackets.
  var host: String
  var port: Int?
  /// Path, query and fragment, as written.
  var rest: String

  /// Nil if `text` is not a URL with a host.
  init?(_ text: String) {
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
}

/// Percent-encoding of URLs (RFC 3986, section 2.1).
enum PercentEncoding {
  /// Encodes every byte of the UTF-8 except unreserved characters (section 2.3). Encodes `+` too, which forms read as a space.
  static func encode(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default:
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Nil if an escape is cut or not hexadecimal, or the result is not UTF-8.
  static func decode(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let escape = String(decoding: rest.prefix(2), as: UTF8.self)
      guard escape.count == 2, escape.allSatisfy(\.isHexDigit), let value = UInt8(escape, radix: 16)
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension StringProtocol where SubSequence == Substring {
  /// The text without the characters at both ends that satisfy `predicate`.
  func trimming(while predicate: (Character) -> Bool) -> Substring {
    var rest = drop(while: predicate)
    while let last = rest.last, predicate(last) { rest.removeLast() }
    return rest
  }
}
