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
