package import AuditRecord

/// Why there is no secure connection, when another attempt would fail the same way. Texts name hosts, authorities and times,
/// never a key.
package enum TLSProblem: Error, Hashable, Sendable {
  /// This machine has no CA certificates at all.
  case noAuthorities
  /// A certificate of the chain has expired, by this machine's clock.
  case expired(at: Timestamp, now: Timestamp)
  /// A certificate of the chain is not valid yet, by this machine's clock.
  case notYetValid(from: Timestamp, now: Timestamp)
  /// The certificate is for other hosts; `names` are at most five of them.
  case wrongName(host: String, names: [String])
  /// The server's certificate is its own issuer; nil if it has no printable name.
  case selfSigned(by: String?)
  /// The issuer is not trusted. `caFile` is the file that replaced the system's CA certificates, if any.
  case unknownAuthority(issuer: String?, caFile: String?)
  /// The server speaks another protocol on this port, most likely plain HTTP.
  case notTLS
  /// The server supports neither TLS 1.2 (RFC 5246) nor TLS 1.3 (RFC 8446).
  case oldVersion
  /// The server requires a client certificate.
  case clientCertificate
  /// The server ended the handshake with an alert (RFC 8446, section 6.2).
  case refused(String)
}

extension TLSProblem: CustomStringConvertible {
  /// What is wrong. Messages for users add what to do.
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

extension TLSProblem {
  /// Reads the error text of the TLS library, such as `…:WRONG_VERSION_NUMBER at …`. Nil if another attempt may succeed.
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
