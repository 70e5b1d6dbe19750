import Crypto

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An Ed25519 private key, which signs commit records. It prints as `[redacted]`.
package struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  /// From a PEM file as `openssl genpkey -algorithm ed25519` writes it.
  package init(pem: String) throws(KeyFileError) {
    let bytes = try Ed25519PEM.privateKey(pem)
    do {
      key = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
    } catch {
      throw .notAPrivateKey
    }
  }

  package var publicKey: VerificationKey { VerificationKey(key.publicKey) }

  /// 64 bytes (RFC 8032) over a commit record's bytes.
  func signature(of record: [UInt8]) -> [UInt8] {
    do {
      return Array(try key.signature(for: record))
    } catch {
      // Only a key that is not one has no signatures.
      fatalError("an Ed25519 key does not sign: \(error)")
    }
  }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// An Ed25519 public key, which tells whether a signature is that of its private key.
package struct VerificationKey: Sendable {
  private let key: Curve25519.Signing.PublicKey

  /// From a PEM file as `openssl pkey -pubout` writes it.
  package init(pem: String) throws(KeyFileError) {
    let bytes = try Ed25519PEM.publicKey(pem)
    do {
      key = try Curve25519.Signing.PublicKey(rawRepresentation: bytes)
    } catch {
      throw .notAPublicKey
    }
  }

  init(_ key: Curve25519.Signing.PublicKey) {
    self.key = key
  }

  /// Whether the signature, 64 bytes, is of these bytes and by this key.
  package func accepts(_ signature: [UInt8], of record: [UInt8]) -> Bool {
    key.isValidSignature(signature, for: record)
  }
}

extension VerificationKey: Hashable {
  package static func == (one: VerificationKey, other: VerificationKey) -> Bool {
    one.key.rawRepresentation == other.key.rawRepresentation
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(key.rawRepresentation) }
}

/// The signature of one commit record, which stands beside it: `commits/00000000000000000042.json.sig`, the 64 bytes of an
/// Ed25519 signature (RFC 8032) over the record's file bytes, so that OpenSSL alone can check it:
///
///     openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in 42.json -sigfile 42.json.sig
///
/// The record says nothing about the key. Since each record holds the hash of the one before, a signature vouches for
/// all that came before it too.
package enum CommitSignature {
  package enum Verdict: Hashable, Sendable {
    case good
    /// There is no signature.
    case unsigned
    /// Of other bytes, by another key, or no signature at all.
    case bad
  }

  /// `signature`: the bytes of the file beside the record; nil when there is none.
  package static func verify(
    _ record: [UInt8], signature: [UInt8]?, key: VerificationKey
  ) -> Verdict {
    guard let signature else { return .unsigned }
    return key.accepts(signature, of: record) ? .good : .bad
  }
}

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
      is not an Ed25519 private key in PEM without a passphrase: make one with \
      openssl genpkey -algorithm ed25519 -out FILE
      """
    case .notAPublicKey:
      """
      is not an Ed25519 public key in PEM: make it from the private key with \
      openssl pkey -in PRIVATE_KEY_FILE -pubout -out FILE
      """
    }
  }
}
