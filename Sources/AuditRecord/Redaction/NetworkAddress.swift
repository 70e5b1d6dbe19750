/// The network of an IP address: /24 of IPv4, /48 of IPv6.
enum NetworkAddress {
  /// `203.0.113.0` for `203.0.113.77`, `2001:db8:1::` for `2001:db8:1:2::7`; nil for a text that is no address.
  ///
  /// The text is canonical (RFC 5952), so that equal networks have equal texts. An IPv4-mapped address (`::ffff:203.0.113.77`) is
  /// its IPv4 address. A 6to4 address (RFC 3056) has an IPv4 address in its first 48 bits, of which the last byte is zeroed, too. A
  /// text with a zone, a port or a prefix length is not an address.
  static func network(of text: some Collection<UInt8>) -> String? {
    let text = Array(text)
    if let address = ipv4(text[...]) { return ipv4Network(address) }
    guard var groups = ipv6(text) else { return nil }
    if groups[..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xFFFF {
      return ipv4Network([groups[6] >> 8, groups[6] & 0xFF, groups[7] >> 8, groups[7] & 0xFF])
    }
    if groups[0] == 0x2002 { groups[2] &= 0xFF00 }
    // The last five groups are zero, which is the longest run of zeros, with those before it.
    let kept = groups[..<3].reversed().drop { $0 == 0 }.reversed()
    return kept.map { String($0, radix: 16) }.joined(separator: ":") + "::"
  }

  private static func ipv4Network(_ bytes: [UInt16]) -> String { "\(bytes[0]).\(bytes[1]).\(bytes[2]).0" }

  /// Four decimal numbers without leading zeros, which some readers take for octal.
  private static func ipv4(_ text: ArraySlice<UInt8>) -> [UInt16]? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt16] = []
    for part in parts {
      guard (1...3).contains(part.count), part.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
        part.count == 1 || part.first != 0x30
      else { return nil }
      let number = part.reduce(0) { $0 * 10 + UInt16($1 - 0x30) }
      guard number <= 255 else { return nil }
      bytes.append(number)
    }
    return bytes
  }

  /// The eight groups of an address (RFC 4291, section 2.2).
  private static func ipv6(_ text: [UInt8]) -> [UInt16]? {
    let colon = UInt8(ascii: ":")
    guard text.count <= 45, text.contains(colon) else { return nil }
    guard let gap = text.indices.dropLast().first(where: { text[$0] == colon && text[$0 + 1] == colon })
    else {
      guard let groups = groups(text[...], mayEndInIPv4: true), groups.count == 8 else { return nil }
      return groups
    }
    // A second gap leaves an empty group.
    guard let before = groups(text[..<gap], mayEndInIPv4: false),
      let behind = groups(text[(gap + 2)...], mayEndInIPv4: true), before.count + behind.count < 8
    else { return nil }
    return before + Array(repeating: 0, count: 8 - before.count - behind.count) + behind
  }

  /// Groups of one to four hexadecimal digits between colons; the last two may be written as an IPv4 address. Empty for an empty text.
  private static func groups(_ text: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> [UInt16]? {
    guard !text.isEmpty else { return [] }
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var groups: [UInt16] = []
    for (index, part) in parts.enumerated() {
      if index == parts.count - 1, mayEndInIPv4, let bytes = ipv4(part) {
        groups += [bytes[0] << 8 | bytes[1], bytes[2] << 8 | bytes[3]]
        continue
      }
      guard (1...4).contains(part.count), part.allSatisfy({ hexadecimal($0) != nil }) else { return nil }
      groups.append(part.reduce(0) { $0 << 4 | (hexadecimal($1) ?? 0) })
    }
    return groups
  }

  private static func hexadecimal(_ digit: UInt8) -> UInt16? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(digit - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(digit - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(digit - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
