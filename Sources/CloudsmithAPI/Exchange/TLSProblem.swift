package import AuditRecord

/// Why there is no secure connection, where another try would end in the same way. The texts name hosts, authorities and
/// times, never a key.
package enum TLSProblem: Error, Hashable, Sendable {
  /// This machine has no certificates of authorities at all.
  case noAuthorities
  case expired(at: Timestamp, now: Timestamp)
  case notYetValid(from: Timestamp, now: Timestamp)
  /// `names`: those that the certificate is for.
  case wrongName(host: String, names: [String])
  /// nil: it has no name that can be printed.
  case selfSigned(by: String?)
  /// `caFile`: what was trusted instead of the system's authorities.
  case unknownAuthority(issuer: String?, caFile: String?)
  /// What answered speaks another protocol: plain HTTP, most likely.
  case notTLS
  /// The server speaks no version of TLS from 1.2 on.
  case oldVersion
  /// The server wants a certificate of ours.
  case clientCertificate
  /// The server ended the handshake; with the name of its alert.
  case refused(String)
}

extension TLSProblem: CustomStringConvertible {
  /// What is wrong; what to do about it is said elsewhere.
  package var description: String {
    switch self {
    case .noAuthorities:
      "this machine has no CA certificates (no CA bundle), so no server can be trusted"
    case .expired(let end, let now):
      "the server's certificate has expired: it was valid until \(end), and this machine's clock says \(now)"
    case .notYetValid(let start, let now):
      "the server's certificate is not yet valid: it is valid from \(start), and this machine's clock says \(now)"
    case .wrongName(let host, []): "the server's certificate is not for \(host)"
    case .wrongName(let host, let names):
      "the server's certificate is not for \(host), but for \(names.joined(separator: ", "))"
    case .selfSigned(let name?):
      "the server's certificate is self-signed ('\(name)')"
    case .selfSigned(nil): "the server's certificate is self-signed"
    case .unknownAuthority(let issuer, let caFile):
      "\(caFile.map { "the CA file \($0) does not contain the issuer of" } ?? "no trusted authority issued") the server's certificate"
        + (issuer.map { " (issued by '\($0)')" } ?? "")
    case .notTLS: "the server does not speak TLS on this port"
    case .oldVersion: "the server does not support TLS 1.2 or later"
    case .clientCertificate: "the server requires a client certificate, which this program does not support"
    case .refused(let alert): "the server ended the TLS handshake (\(alert))"
    }
  }
}

/// What a server's certificate shows about why it is not trusted.
struct PresentedCertificate: Hashable, Sendable {
  var notBefore: Timestamp
  var notAfter: Timestamp
  var names = CertificateNames()
}

extension TLSProblem {
  /// Why a chain that was not trusted was not.
  ///
  /// - Parameters:
  ///   - chain: as the server presented it, its own certificate first; empty when it could not be had.
  ///   - hasAuthorities: whether there was any authority to trust.
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

  /// What the words of the TLS library mean, such as `…:WRONG_VERSION_NUMBER at …`; nil for what may pass.
  init?(handshake words: String) {
    func says(_ names: String...) -> Bool { names.contains { words.contains($0) } }
    if says(
      "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNEXPECTED_RECORD", "BAD_PACKET_LENGTH")
    {
      self = .notTLS
    } else if says("UNSUPPORTED_PROTOCOL", "ALERT_PROTOCOL_VERSION") {
      self = .oldVersion
    } else if says(
      "CERTIFICATE_REQUIRED", "ALERT_NO_CERTIFICATE", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE_")
    {
      self = .clientCertificate
    } else if says("ALERT_HANDSHAKE_FAILURE", "NO_CIPHER", "UNKNOWN_CIPHER", "ALERT_INSUFFICIENT_SECURITY") {
      self = .refused("no common cipher, or unknown host")
    } else if says("UNRECOGNIZED_NAME") {
      self = .refused("unknown host name")
    } else if says("ALERT_ACCESS_DENIED") {
      self = .refused("access denied")
    } else {
      return nil
    }
  }
}
