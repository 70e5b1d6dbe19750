import AuditRecord
import Crypto
import Platform

// A commit record is signed by a file beside it: `commits/00000000000000000042.json.sig`, the 64 bytes of an Ed25519 signature
// (RFC 8032) of the record's bytes. OpenSSL can check it:
//
//     openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in 42.json -sigfile 42.json.sig
//
// The record does not name the key. Each record holds the hash of the previous one, so a signature covers all earlier commits too.

/// An Ed25519 private key that signs commit records. It prints as `[redacted]`.
package struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  /// Reads a PEM file of `openssl genpkey -algorithm ed25519`.
  package init(pem: String) throws(KeyFileError) {
    let bytes = try Ed25519PEM.privateKey(pem)
    do {
      key = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
    } catch {
      throw .notAPrivateKey
    }
  }

  package var publicKey: VerificationKey { VerificationKey(key.publicKey) }

  /// The 64-byte signature (RFC 8032) of a commit record's bytes.
  func signature(of record: [UInt8]) -> [UInt8] {
    do {
      return Array(try key.signature(for: record))
    } catch {
      // Every valid key can sign.
      fatalError("an Ed25519 key does not sign: \(error)")
    }
  }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// An Ed25519 public key that verifies signatures.
package struct VerificationKey: Sendable, Hashable {
  private let key: Curve25519.Signing.PublicKey

  /// Reads a PEM file of `openssl pkey -pubout`.
  package init(pem: String) throws(KeyFileError) {
    let bytes = try Ed25519PEM.publicKey(pem)
    do {
      key = try Curve25519.Signing.PublicKey(rawRepresentation: bytes)
    } catch {
      throw .notAPublicKey
    }
  }

  fileprivate init(_ key: Curve25519.Signing.PublicKey) { self.key = key }

  /// Whether `signature`, 64 bytes, is the signature of these bytes by this key.
  package func accepts(_ signature: [UInt8], of record: [UInt8]) -> Bool {
    key.isValidSignature(signature, for: record)
  }

  package static func == (one: VerificationKey, other: VerificationKey) -> Bool {
    one.key.rawRepresentation == other.key.rawRepresentation
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(key.rawRepresentation) }
}

/// The PEM files (RFC 7468) that OpenSSL makes for Ed25519 keys.
///
/// RFC 8410 defines the content: section 7 the private key (version 1, no attributes), section 4 the public key. Both are a constant
/// prefix and 32 bytes.
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

/// Why a file is not the expected key. Does not contain what is in the file.
package enum KeyFileError: Error, Hashable, Sendable {
  case notAPrivateKey, notAPublicKey
}

extension KeyFileError: CustomStringConvertible {
  /// Follows the file's name in a sentence.
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

/// In lower-case hex.
func sha256Hex(_ bytes: some Collection<UInt8>) -> String {
  SHA256.hash(data: Array(bytes)).hex
}
