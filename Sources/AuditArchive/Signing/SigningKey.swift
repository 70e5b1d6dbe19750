import Crypto

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
