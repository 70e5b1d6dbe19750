import Platform

/// `NO_PROXY`: the hosts that are reached without the proxy, as curl and Go read it.
///
/// A list with commas or blanks between: `*` for all; a name (it and all below it, with or without a leading dot); `*.name` (what
/// is below it alone); an address; a range of addresses such as `10.0.0.0/8`. A name or an address may end in `:port`. A dot at a
/// name's end says nothing. Names are not looked up.
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

  /// nil for what names nothing; it is passed over, as curl and Go do.
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

/// The bytes of an IPv4 or IPv6 address, however it is written.
private struct IPAddress: Hashable {
  /// Four, or sixteen; an IPv4 address inside IPv6 (RFC 4291, section 2.5.5.2) is four.
  let bytes: [UInt8]

  /// nil when the text is not one.
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

  /// Whether the first bits are the same; never across the two families.
  func agrees(with other: IPAddress, in bits: Int) -> Bool {
    guard bytes.count == other.bytes.count else { return false }
    return zip(bytes, other.bytes).enumerated().allSatisfy { index, pair in
      let rest = bits - index * 8
      guard rest > 0 else { return true }
      return (pair.0 ^ pair.1) >> (8 - UInt8(min(rest, 8))) == 0
    }
  }
}
