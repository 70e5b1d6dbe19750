/// Scheme, host and port of a URL: where bytes go, and who may see them.
package struct Origin: Hashable, Sendable {
  package enum Scheme: String, Sendable {
    case http, https

    var defaultPort: Int { self == .http ? 80 : 443 }
  }

  package var scheme: Scheme
  /// Lower case; an IPv6 address without its brackets.
  package var host: String
  package var port: Int

  package init(scheme: Scheme, host: String, port: Int? = nil) {
    self.scheme = scheme
    self.host = host
    self.port = port ?? scheme.defaultPort
  }

  /// Whether the host is this machine by name or address: `localhost`, 127.0.0.0/8 or `::1`.
  ///
  /// Decided on the text, never by a lookup: whoever answers lookups must not decide who gets the key.
  package var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers[0] == "127"
      && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) && UInt8($0) != nil }
  }
}

extension Origin: CustomStringConvertible {
  /// `https://api.cloudsmith.io`, `http://[::1]:8080`: the default port is left out.
  package var description: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == scheme.defaultPort
      ? "\(scheme.rawValue)://\(name)" : "\(scheme.rawValue)://\(name):\(port)"
  }
}
