import Crypto

/// The secret key of a redaction's hashes. It prints as `[redacted]`.
package struct RedactionKey: Sendable {
  /// The state of HMAC-SHA-256 with the key, before any data.
  private let keyed: HMAC<SHA256>
  /// 16 hexadecimal digits that identify the key: the start of the SHA-256 of `fingerprintDomain` and the key. They do not
  /// reveal a key that was made at random.
  package let fingerprint: String

  /// The minimum length of a key, in bytes of its text. 32 hexadecimal digits hold 128 bits.
  package static let minimumLength = 32

  private static let fingerprintDomain = Array("cloudsmith-audit-export redaction key\n".utf8)

  /// Reads the text of a key file. Removes white space around it: a newline at the end is normal.
  package init(_ text: String) throws(RedactionKeyError) {
    let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
    let key = Array(String(trimmed).utf8)
    guard !trimmed.contains(where: \.isWhitespace) else { throw .containsWhiteSpace }
    guard key.count >= RedactionKey.minimumLength else { throw .tooShort }
    keyed = HMAC<SHA256>(key: SymmetricKey(data: key))
    fingerprint = String(SHA256.hash(data: RedactionKey.fingerprintDomain + key).hex.prefix(16))
  }

  /// The length of a hash, in digits.
  static let hashLength = 32

  /// The hash of a value: the first half of its HMAC-SHA-256, as ASCII digits.
  func hash(_ value: [UInt8]) -> [UInt8] {
    var code = keyed
    code.update(data: value)
    let digits = Array("0123456789abcdef".utf8)
    return code.finalize().prefix(RedactionKey.hashLength / 2).flatMap { byte in
      [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
}

extension RedactionKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is no key for redaction. Never repeats the text.
package enum RedactionKeyError: Error, Hashable, Sendable {
  case tooShort, containsWhiteSpace
}

extension RedactionKeyError: CustomStringConvertible {
  /// Follows the file's name in a sentence, without a full stop.
  package var description: String {
    switch self {
    case .tooShort:
      """
      is not a key for redaction: it has fewer than \(RedactionKey.minimumLength) characters. Create one with openssl rand -hex 32
      """
    case .containsWhiteSpace:
      "is not a key for redaction: it contains white space. Create one with openssl rand -hex 32"
    }
  }
}
