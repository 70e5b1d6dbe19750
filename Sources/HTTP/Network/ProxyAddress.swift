import Platform

/// An HTTP proxy that tunnels requests (`CONNECT`, RFC 9110, section 9.3.6). Prints without its password.
package struct ProxyAddress: Hashable, Sendable {
  package let host: String
  package let port: Int
  /// User name and password for Basic authentication (RFC 7617); nil if there are none.
  let credentials: Credentials?

  struct Credentials: Hashable, Sendable {
    var user: String
    var password: String
  }

  /// Reads `http://host:port`, `host:port` or `http://user:password@host:port`. Decodes percent-escapes in user name and
  /// password. The default port is 80.
  package init(_ text: String) throws(ConnectionSettingsError) {
    let text = String(text.trimming(while: \.isWhitespace))
    guard let parts = URLParts(text), ["", "/"].contains(parts.rest) else {
      // One of these characters in a password ends the host part of a URL.
      let userInfo = text.lastIndex(of: "@").map { text[..<$0] } ?? ""
      let start = userInfo.firstRange(of: "://")?.upperBound ?? userInfo.startIndex
      throw userInfo[start...].contains { "/?#".contains($0) } ? .proxyEscape : .notAProxy
    }
    guard parts.scheme ?? "http" == "http" else { throw .proxyScheme }
    self.host = parts.host
    self.port = parts.port ?? 80
    guard let userInfo = parts.userInfo else {
      self.credentials = nil
      return
    }
    let halves = userInfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      .map { PercentEncoding.decode(String($0)) }
    guard let user = halves[0], let password = halves.count == 2 ? halves[1] : "" else { throw .proxyEscape }
    self.credentials = Credentials(user: user, password: password)
  }

  var isLoopback: Bool { Origin(scheme: .http, host: host).isLoopback }
}

extension ProxyAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// `http://proxy.example:3128`, without user name and password.
  package var description: String { Origin(scheme: .http, host: host, port: port).description }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The hosts that are reached without the proxy: `NO_PROXY`, as curl and Go's `httpproxy` read it.
///
/// A list separated by commas or blanks, without name lookups:
/// * `*`: every host.
/// * `name` or `.name`: the name and all names below it. `*.name`: only names below it.
/// * An IP address, or a range of addresses such as `10.0.0.0/8`.
///
/// A name or an address may end in `:port`. A dot at the end of a name is ignored.
struct ProxyExceptions {
  private let entries: [Entry]

  private enum Entry {
    case everything
    case name(String, port: Int?, isBelowOnly: Bool)
    case addresses(IPAddress, bits: Int, port: Int?)
  }

  init(_ text: String) {
    entries = text.split { $0 == "," || $0.isWhitespace }.compactMap(ProxyExceptions.entry)
  }

  func contain(_ origin: Origin) -> Bool {
    let host = origin.host.hasSuffix(".") ? String(origin.host.dropLast()) : origin.host
    let address = IPAddress(host)
    return entries.contains { entry in
      switch entry {
      case .everything: true
      case .name(let name, let port, let isBelowOnly):
        (port == nil || port == origin.port)
          && ((host.hasSuffix("." + name) && address == nil) || (host == name && !isBelowOnly))
      case .addresses(let range, let bits, let port):
        (port == nil || port == origin.port) && address?.agrees(with: range, in: bits) ?? false
      }
    }
  }

  /// Nil for an entry that names nothing. It is ignored, as curl and Go do.
  private static func entry(_ text: Substring) -> Entry? {
    if text == "*" { return .everything }
    if let slash = text.firstIndex(of: "/") {
      let digits = text[text.index(after: slash)...]
      guard let address = IPAddress(unbracketed(text[..<slash])), !digits.isEmpty,
        digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let bits = Int(digits), bits <= address.bytes.count * 8
      else { return nil }
      return .addresses(address, bits: bits, port: nil)
    }
    // An IPv6 address without brackets has no port.
    if let address = IPAddress(unbracketed(text)) {
      return .addresses(address, bits: address.bytes.count * 8, port: nil)
    }
    let isBelowOnly = text.hasPrefix("*.")
    guard let (host, port) = URLParts.hostAndPort(isBelowOnly ? text.dropFirst(2) : text) else { return nil }
    if let address = IPAddress(host) {
      return .addresses(address, bits: address.bytes.count * 8, port: port)
    }
    let name = host.trimming { $0 == "." }
    return name.isEmpty ? nil : .name(String(name), port: port, isBelowOnly: isBelowOnly)
  }

  private static func unbracketed(_ text: Substring) -> String {
    text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : String(text)
  }
}

/// The bytes of an IPv4 or IPv6 address in any notation.
private struct IPAddress: Hashable {
  /// Four or sixteen bytes. An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) has four.
  let bytes: [UInt8]

  /// Nil if the text is not an address.
  init?(_ text: String) {
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &bytes) == 1 {
      self.bytes = Array(bytes.prefix(4))
    } else if inet_pton(AF_INET6, text, &bytes) == 1 {
      let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
      self.bytes = isMapped ? Array(bytes.suffix(4)) : bytes
    } else {
      return nil
    }
  }

  /// Whether the first `bits` bits are the same. Addresses of different families never agree.
  func agrees(with other: IPAddress, in bits: Int) -> Bool {
    guard bytes.count == other.bytes.count else { return false }
    return zip(bytes, other.bytes).enumerated().allSatisfy { index, pair in
      let rest = bits - index * 8
      guard rest > 0 else { return true }
      return (pair.0 ^ pair.1) >> (8 - UInt8(min(rest, 8))) == 0
    }
  }
}
