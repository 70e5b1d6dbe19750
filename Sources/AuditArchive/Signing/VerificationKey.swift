import Crypto

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
