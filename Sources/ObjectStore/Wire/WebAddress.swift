/// An absolute `http` or `https` URL in its parts (RFC 3986, section 3), without user, query or fragment.
///
/// Only visible ASCII is read: an internationalised name comes in its `xn--` form.
struct WebAddress: Hashable, Sendable {
  let isSecure: Bool
  /// Lower case; an IPv6 address without its brackets.
  let host: String
  /// nil if it is the scheme's own.
  let port: Int?
  /// Begins with `/`, or is empty.
  let path: String

  /// Returns nil if `text` is no such URL.
  init?(_ text: String) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"\\@?#\"<>".utf8.contains($0) }),
      let separator = text.firstRange(of: "://")
    else { return nil }
    switch text[..<separator.lowerBound].lowercased() {
    case "https": isSecure = true
    case "http": isSecure = false
    default: return nil
    }
    let remainder = text[separator.upperBound...]
    let slash = remainder.firstIndex(of: "/") ?? remainder.endIndex
    path = String(remainder[slash...])
    guard let (host, port) = WebAddress.hostAndPort(remainder[..<slash]) else { return nil }
    self.host = host.lowercased()
    self.port = port == (isSecure ? 443 : 80) ? nil : port
  }

  /// Whether the host is this machine: `localhost`, 127.0.0.0/8 or ::1.
  var isLoopback: Bool {
    if host == "localhost" || host == "::1" || host == "0:0:0:0:0:0:0:1" { return true }
    let bytes = host.split(separator: ".", omittingEmptySubsequences: false)
    return bytes.count == 4 && bytes[0] == "127" && bytes.allSatisfy { UInt8($0) != nil }
  }

  /// The value of a `Host` field: with brackets and port where they are needed.
  var authority: String { authority(of: host) }

  /// The same with another host, such as `bucket.example.com`.
  func authority(of host: String) -> String {
    (host.contains(":") ? "[\(host)]" : host) + (port.map { ":\($0)" } ?? "")
  }

  var scheme: String { isSecure ? "https" : "http" }

  private static func hostAndPort(_ authority: Substring) -> (host: Substring, port: Int?)? {
    let host: Substring
    let tail: Substring
    if authority.first == "[" {
      guard let close = authority.firstIndex(of: "]") else { return nil }
      host = authority[..<close].dropFirst()
      tail = authority[close...].dropFirst()
      guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
        return nil
      }
    } else {
      let colon = authority.firstIndex(of: ":") ?? authority.endIndex
      host = authority[..<colon]
      tail = authority[colon...]
      guard !host.isEmpty, host.allSatisfy({ $0.isLetter || $0.isNumber || "-._".contains($0) })
      else { return nil }
    }
    if tail.isEmpty { return (host, nil) }
    guard tail.first == ":", let port = wholeNumber(String(tail.dropFirst())), (1...65_535).contains(port)
    else { return nil }
    return (host, port)
  }
}
