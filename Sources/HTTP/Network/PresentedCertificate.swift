internal import AuditRecord

/// The parts of a server's certificate that explain why it is not trusted.
struct PresentedCertificate: Hashable, Sendable {
  var notBefore: Timestamp
  var notAfter: Timestamp
  var names = CertificateNames()
}

extension TLSProblem {
  /// Finds out why a certificate chain is not trusted.
  ///
  /// - Parameters:
  ///   - chain: the chain that the server presented, its own certificate first; empty if it could not be read.
  ///   - hasAuthorities: whether there was any CA certificate to trust.
  init(untrusted chain: [PresentedCertificate], caFile: String?, hasAuthorities: Bool, now: Timestamp) {
    let first = chain.first
    if !hasAuthorities {
      self = .noAuthorities
    } else if let late = chain.first(where: { $0.notAfter < now }) {
      self = .expired(at: late.notAfter, now: now)
    } else if let early = chain.first(where: { now < $0.notBefore }) {
      self = .notYetValid(from: early.notBefore, now: now)
    } else if let first, first.names.isSelfIssued {
      self = .selfSigned(by: first.names.issuer)
    } else {
      self = .unknownAuthority(issuer: chain.last?.names.issuer, caFile: caFile)
    }
  }
}

/// The names in a certificate (RFC 5280): its issuer, and its hosts. For messages only; no trust depends on them.
struct CertificateNames: Hashable, Sendable {
  /// The common name of the issuer, or else its organisation.
  var issuer: String?
  /// Whether the subject is the issuer.
  var isSelfIssued = false
  /// DNS names and IPv4 addresses of `subjectAltName` (RFC 5280, section 4.2.1.6).
  var hosts: [String] = []

  init() {}

  /// The most hosts in a message.
  private static let mostHosts = 5

  /// Reads DER. Leaves out what it cannot read.
  init(der: [UInt8]) {
    guard let certificate = DERItem.all(in: der[...]).first,
      let body = DERItem.all(in: certificate.content).first
    else { return }
    let fields = DERItem.all(in: body.content)
    // Version (explicit, optional), serial number, algorithm, issuer, validity, subject, …
    let start = fields.first?.tag == 0xa0 ? 1 : 0
    guard fields.count > start + 4 else { return }
    let (issuer, subject) = (fields[start + 2], fields[start + 4])
    self.issuer = CertificateNames.name(issuer)
    isSelfIssued = issuer.content.elementsEqual(subject.content)
    guard let extensions = fields.last(where: { $0.tag == 0xa3 }) else { return }
    for list in DERItem.all(in: extensions.content) {
      for item in DERItem.all(in: list.content) {
        let parts = DERItem.all(in: item.content)
        guard parts.first?.content.elementsEqual([0x55, 0x1d, 0x11]) == true, let value = parts.last,
          let names = DERItem.all(in: value.content).first
        else { continue }
        hosts += DERItem.all(in: names.content).compactMap(CertificateNames.host).prefix(Self.mostHosts)
      }
    }
  }

  private static func name(_ name: DERItem) -> String? {
    var organization: String?
    for set in DERItem.all(in: name.content) {
      for pair in DERItem.all(in: set.content) {
        let parts = DERItem.all(in: pair.content)
        guard parts.count == 2, let text = printable(parts[1].content) else { continue }
        if parts[0].content.elementsEqual([0x55, 0x04, 0x03]) { return text }
        if parts[0].content.elementsEqual([0x55, 0x04, 0x0a]) { organization = text }
      }
    }
    return organization
  }

  private static func host(_ name: DERItem) -> String? {
    switch name.tag {
    case 0x82: printable(name.content)
    case 0x87 where name.content.count == 4: name.content.map(String.init).joined(separator: ".")
    default: nil
    }
  }

  private static func printable(_ bytes: ArraySlice<UInt8>) -> String? {
    String(validating: bytes, as: UTF8.self).flatMap { $0.oneLine(limit: 80) }
  }
}

/// One value of DER (ITU-T X.690): a tag of one byte, a length, and the content.
private struct DERItem {
  var tag: UInt8
  var content: ArraySlice<UInt8>

  /// The values in `bytes`, up to the first that does not fit.
  static func all(in bytes: ArraySlice<UInt8>) -> [DERItem] {
    var items: [DERItem] = []
    var rest = bytes
    while let item = DERItem(from: &rest) { items.append(item) }
    return items
  }

  private init?(from bytes: inout ArraySlice<UInt8>) {
    var rest = bytes
    guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      let count = Int(first & 0x7f)
      guard (1...4).contains(count), rest.count >= count else { return nil }
      length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(count)
    }
    guard rest.count >= length else { return nil }
    self.tag = tag
    content = rest.prefix(length)
    bytes = rest.dropFirst(length)
  }
}
