/// Scheme, host and port of a URL (RFC 6454, section 4). Decides who receives a secret.
package struct Origin: Hashable, Sendable {
  package enum Scheme: String, Sendable {
    case http, https

    package var defaultPort: Int { self == .http ? 80 : 443 }
  }

  package var scheme: Scheme
  /// Lower case; an IPv6 address without its brackets.
  package var host: String
  package var port: Int

  /// - Parameters:
  ///   - host: in lower case, an IPv6 address without brackets.
  ///   - port: the default port of the scheme if nil.
  package init(scheme: Scheme, host: String, port: Int? = nil) {
    self.scheme = scheme
    self.host = host
    self.port = port ?? scheme.defaultPort
  }

  /// Whether the host is `localhost`, in 127.0.0.0/8, or `::1`.
  ///
  /// The text decides, never a lookup: a name server must not decide who receives a secret.
  package var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers[0] == "127"
      && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) && UInt8($0) != nil }
  }
}

extension Origin: CustomStringConvertible {
  /// Such as `https://api.cloudsmith.io` or `http://[::1]:8080`, without a default port.
  package var description: String {
    "\(scheme.rawValue)://\(authority)"
  }

  /// The value of a `Host` field (RFC 9110, section 7.2): such as `api.cloudsmith.io` or `[::1]:8080`, without a default port.
  package var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == scheme.defaultPort ? name : "\(name):\(port)"
  }
}
