package import HTTP

/// Why there are no credentials. No case holds a secret.
package enum CredentialError: Error, Hashable, Sendable {
  /// No source is configured; every place that was looked at, with what was found there.
  case notFound([String])
  /// A source is configured in part.
  case incomplete(source: String, missing: String)
  case malformed(source: String, MalformedCredentials)
  /// A profile that is named, but is in neither file.
  case noProfile(String, namedBy: String, files: [String])
  /// A profile file with a line that cannot be read.
  case profileFile(path: String, line: Int)
  /// A file that is needed and cannot be read.
  case file(path: String, purpose: String, why: String)
  /// Settings that contradict each other, or that have no meaning.
  case settings(source: String, problem: String, cure: String)
  /// A kind of source that AWS's tools have and this program does not.
  case unsupported(source: String, kind: String, cure: String)
  /// A source that was asked and refused.
  case refused(source: String, status: Int, code: String?, message: String)
  /// A source that gave no answer.
  case unanswered(source: String, why: String)
  /// A source to which there is no connection, and another attempt would fail the same way: its certificate, or the proxy.
  case noConnection(source: String, TransportFault)
  /// A source that gave an answer of another form.
  case unreadable(source: String, why: String)
  case cancelled
}

extension CredentialError {
  /// Whether the source did not answer or could not serve the request, so that a later request may succeed.
  package var isTemporary: Bool {
    switch self {
    case .unanswered: true
    case .refused(_, let status, _, _): status == 429 || status >= 500
    default: false
    }
  }

  /// Whether the certificate of the source is not trusted.
  package var isCertificate: Bool {
    if case .noConnection(_, .untrusted) = self { true } else { false }
  }
}

extension CredentialError: CustomStringConvertible {
  /// What failed, why, and what to do.
  package var description: String {
    switch self {
    case .notFound(let places):
      """
      No credentials for the store were found. Looked at: \(places.joined(separator: "; ")). Set AWS_ACCESS_KEY_ID and \
      AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or give the machine or pod a role.
      """
    case .incomplete(let source, let missing):
      "The credentials of \(source) are incomplete: \(missing) is missing. Set it, or remove the rest."
    case .malformed(let source, let part):
      "The credentials of \(source) cannot be used: \(part). Copy them again."
    case .noProfile(let name, let namedBy, let files):
      """
      The profile '\(name)', named by \(namedBy), is not in \(files.joined(separator: " or ")). Add it, or correct the name.
      """
    case .profileFile(let path, let line):
      "Line \(line) of \(path) cannot be read: it is not a section, a setting or a comment. Correct the line."
    case .file(let path, let purpose, let why):
      "Cannot read \(path), which holds \(purpose): \(why). Correct the path or the permissions."
    case .settings(let source, let problem, let cure):
      "The settings of \(source) cannot be used: \(problem). \(cure)"
    case .unsupported(let source, let kind, let cure):
      "\(source.prefix(1).uppercased() + source.dropFirst()) uses \(kind), which is not supported. \(cure)"
    case .refused(let source, let status, let code, let message):
      """
      \(source.prefix(1).uppercased() + source.dropFirst()) refused to give credentials: status \(status)\
      \(code.map { ", \($0)" } ?? "")\(message.isEmpty ? "" : " (\(message))"). \
      \(isTemporary ? "Run again later." : CredentialError.cure(code))
      """
    case .unanswered(let source, let why):
      """
      \(source.prefix(1).uppercased() + source.dropFirst()) did not answer: \(why). Check the network, or configure another source.
      """
    case .noConnection(let source, let fault):
      """
      There is no connection to \(source): \(fault). \
      \(isCertificate ? "Pass its certificate authority as --ca-file, or correct the endpoint." : "Check the proxy.")
      """
    case .unreadable(let source, let why):
      "\(source.prefix(1).uppercased() + source.dropFirst()) gave an unexpected answer: \(why)."
    case .cancelled: "The request for credentials was cancelled."
    }
  }

  private static func cure(_ code: String?) -> String {
    switch code {
    case "AccessDenied": "Allow the caller in the role's trust policy, and check the role's ARN."
    case "ExpiredTokenException", "ExpiredToken", "InvalidIdentityToken":
      "Renew the identity token; a pod gets a new one after a restart."
    case "InvalidClientTokenId", "SignatureDoesNotMatch":
      "Check the credentials that the role is assumed with."
    case "RegionDisabledException": "Set AWS_REGION to an active region."
    default: "Check the role and its policies."
    }
  }
}
