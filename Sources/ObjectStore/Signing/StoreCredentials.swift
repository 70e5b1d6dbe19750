package import AuditRecord
internal import HTTP

/// The credentials of a store: sent as a signature and a session token, and shown nowhere.
///
/// They print as `[redacted]` in every way in which Swift prints values. Only this target reads them.
package struct StoreCredentials: Hashable, Sendable {
  let accessKeyID: String
  let secretAccessKey: String
  let sessionToken: String?
  /// When the store stops accepting them; nil if they do not expire.
  package let expiration: Timestamp?
  /// Where they were found, for people: `environment variables`, `profile audit in ~/.aws/credentials`.
  package let source: String

  /// White space at the ends of the texts is removed. An empty token counts as none.
  ///
  /// Throws if a text is empty, or holds a character that cannot stand in a header.
  package init(
    accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Timestamp? = nil,
    source: String
  ) throws(MalformedCredentials) {
    self.accessKeyID = try StoreCredentials.checked(accessKeyID, .accessKeyID)
    self.secretAccessKey = try StoreCredentials.checked(secretAccessKey, .secretAccessKey)
    let token = sessionToken?.trimming(while: \.isWhitespace) ?? ""
    self.sessionToken = token.isEmpty ? nil : try StoreCredentials.checked(String(token), .sessionToken)
    self.expiration = expiration
    self.source = source
  }

  private static func checked(_ text: String, _ part: MalformedCredentials) throws(MalformedCredentials)
    -> String
  {
    let text = text.trimming(while: \.isWhitespace)
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw part }
    // It would end the credential scope of the signature.
    if part == .accessKeyID, text.contains("/") || text.contains(",") { throw part }
    return String(text)
  }

  /// Whether they expire within `span` from `now`.
  package func expire(within span: TimeSpan, of now: Timestamp) -> Bool {
    expiration.map { $0 - now <= span } ?? false
  }

  /// `text` with every occurrence of the secret, the token and the key ID replaced, for texts of a store that may echo them.
  func redacted(from text: String) -> String {
    [secretAccessKey, sessionToken, accessKeyID].compactMap(\.self)
      .reduce(text) { $0.replacing($1, with: description) }
  }
}

extension StoreCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The part of credentials that is empty, or holds a character that cannot stand in a header.
package enum MalformedCredentials: Error, Hashable, Sendable {
  case accessKeyID, secretAccessKey, sessionToken
}

extension MalformedCredentials: CustomStringConvertible {
  package var description: String {
    switch self {
    case .accessKeyID: "the access key ID is empty or malformed"
    case .secretAccessKey: "the secret access key is empty or malformed"
    case .sessionToken: "the session token is malformed"
    }
  }
}
