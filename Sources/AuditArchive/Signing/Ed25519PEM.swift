#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The two PEM files that OpenSSL makes for Ed25519, and nothing else.
///
/// PEM: RFC 7468. What is in it: RFC 8410, section 7 (private key, version 1, no attributes) and section 4 (public key).
/// Both are 32 bytes behind a prefix that never varies, so that reading is comparing.
enum Ed25519PEM {
  /// SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.112 }, OCTET STRING { OCTET STRING (32 bytes) } }
  static func privateKey(_ text: String) throws(KeyFileError) -> [UInt8] {
    let prefix: [UInt8] = [
      0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]
    return try key(text, "PRIVATE KEY", prefix, else: .notAPrivateKey)
  }

  /// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING (32 bytes) }
  static func publicKey(_ text: String) throws(KeyFileError) -> [UInt8] {
    let prefix: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
    return try key(text, "PUBLIC KEY", prefix, else: .notAPublicKey)
  }

  private static func key(
    _ text: String, _ label: String, _ prefix: [UInt8], else error: KeyFileError
  ) throws(KeyFileError) -> [UInt8] {
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    guard lines.first == "-----BEGIN \(label)-----", lines.last == "-----END \(label)-----",
      let bytes = Data(base64Encoded: lines.dropFirst().dropLast().joined()),
      bytes.count == prefix.count + 32, bytes.starts(with: prefix)
    else { throw error }
    return Array(bytes.dropFirst(prefix.count))
  }
}

/// Why a file is not the key that it should be. Never what is in it.
package enum KeyFileError: Error, Hashable, Sendable {
  case notAPrivateKey, notAPublicKey
}

extension KeyFileError: CustomStringConvertible {
  /// What one says after the file's name.
  package var description: String {
    switch self {
    case .notAPrivateKey:
      """
      is not an Ed25519 private key in PEM without a passphrase. Create one with \
      openssl genpkey -algorithm ed25519 -out FILE
      """
    case .notAPublicKey:
      """
      is not an Ed25519 public key in PEM. Create it from the private key with \
      openssl pkey -in PRIVATE_KEY_FILE -pubout -out FILE
      """
    }
  }
}
