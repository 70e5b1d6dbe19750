package import AuditRecord
package import HTTP

/// Why a call to a store failed: what was asked, on what, and what the store said. It holds no credentials.
package struct StoreError: Error, Hashable, Sendable {
  /// The cause, by what the caller can do.
  package enum Kind: Hashable, Sendable {
    /// An object with other bytes is already there.
    case exists
    /// The object is not the expected version.
    case changed
    /// There is no such object, or no such upload.
    case missing
    /// The credentials are valid but may not do this.
    case denied
    /// The store does not accept the credentials: an unknown key, or a wrong signature.
    case credentialsRefused
    /// There are no credentials to sign with.
    case noCredentials(CredentialError)
    /// They expired, and new ones did too.
    case expiredToken
    /// The region that the bucket is in, if the store says.
    case wrongRegion(String?)
    case noSuchBucket
    /// The two clocks, when the store refused the signature's time.
    case clockSkew(ours: Timestamp, theirs: Timestamp?)
    /// It asks for fewer requests.
    case throttled
    /// No answer, or one that says to try again.
    case unavailable(String)
    /// Another write of the key was under way.
    case conflict
    /// The store does not have this operation or condition.
    case unsupported
    /// No secure connection.
    case certificate(TLSProblem)
    case proxy(String)
    /// The body did not match its hash on arrival.
    case badDigest
    /// The object is larger than the caller accepts.
    case tooLarge(limit: Int)
    /// An answer that does not follow the protocol.
    case malformed(String)
    /// What the store holds after a write is not what was written.
    case mismatch(String)
    case refused
    case cancelled
  }

  package var kind: Kind
  package var operation: StoreRequest.Operation
  package var bucket: String
  package var key: String?
  /// Host and port.
  package var endpoint: String
  /// That the request was signed for.
  package var region: String
  /// nil if there was no answer.
  package var status: Int?
  /// Of the store's error, such as `AccessDenied`.
  package var code: String?
  /// The store's own words, without credentials; empty if there are none.
  package var message: String
  package var requestID: String?
  /// Requests that were sent for the call.
  package var attempts = 1
  /// Whether a write may have been done. It is not if this is false.
  package var isOutcomeUnknown = false

  /// The IAM permissions that the operation needs.
  package var permissions: [String] { operation.permissions }
}

extension StoreRequest.Operation {
  /// Source: Amazon S3 User Guide, "Required permissions for Amazon S3 API operations".
  package var permissions: [String] {
    switch self {
    case .put, .createUpload, .uploadPart, .completeUpload: ["s3:PutObject"]
    // Without ListBucket, S3 answers 403 for a key that does not exist.
    case .get, .head: ["s3:GetObject", "s3:ListBucket"]
    case .list: ["s3:ListBucket"]
    case .delete: ["s3:DeleteObject"]
    case .abortUpload: ["s3:AbortMultipartUpload"]
    case .listUploads: ["s3:ListBucketMultipartUploads"]
    }
  }
}

extension StoreError: CustomStringConvertible {
  /// What failed, on what, why, and what to do; at most four short sentences.
  package var description: String {
    let unknown = isOutcomeUnknown ? " The write may or may not have succeeded." : ""
    return "\(what): \(why).\(unknown) \(cure)"
  }

  private var what: String {
    let object = key.map { "s3://\(bucket)/\($0)" } ?? "s3://\(bucket)"
    return "\(operation.rawValue) of \(object) at \(endpoint) failed"
      + (attempts > 1 ? " after \(attempts) requests" : "")
  }

  /// The cause, without a full stop.
  package var why: String {
    switch kind {
    case .exists: "an object with other content is already there"
    case .changed: "the object has changed since it was read"
    case .missing: "there is no such object or upload"
    case .denied: "access denied\(said)"
    case .credentialsRefused: "the store does not accept the credentials\(said)"
    case .noCredentials: "there are no credentials"
    case .expiredToken: "the credentials have expired\(said)"
    case .wrongRegion(let right):
      "the bucket is not in region \(region)" + (right.map { " but in \($0)" } ?? "\(said)")
    case .noSuchBucket: "there is no such bucket"
    case .clockSkew(let ours, let theirs):
      "the clocks differ too much: \(ours) here" + (theirs.map { ", \($0) at the store" } ?? "")
    case .throttled: "the store asks for fewer requests\(said)"
    case .unavailable(let cause): "\(cause)\(said)"
    case .conflict: "another write of the object is in progress\(said)"
    case .unsupported: "the store does not support this request\(said)"
    case .certificate(let problem): "no secure connection: \(problem)"
    case .proxy(let cause): "the proxy refused: \(cause)"
    case .badDigest: "the store received different bytes than were sent\(said)"
    case .tooLarge(let limit): "it is larger than \(limit) bytes"
    case .malformed(let cause): "unexpected answer: \(cause)"
    case .mismatch(let cause): "the stored object differs: \(cause)"
    case .refused: "the store refused the request\(said)"
    case .cancelled: "cancelled"
    }
  }

  /// The store's own words.
  private var said: String {
    let words = message.hasSuffix(".") ? String(message.dropLast()) : message
    let facts = [
      status.map { "status \($0)" }, code, words.isEmpty ? nil : words, requestID.map { "request \($0)" },
    ]
    let text = facts.compactMap(\.self).joined(separator: ", ")
    return text.isEmpty ? "" : " (\(text))"
  }

  /// What to do, in sentences.
  package var cure: String {
    switch kind {
    case .exists, .changed: "Another writer uses the same keys; find it."
    case .missing: "Check the bucket's lifecycle rules and who deletes from it."
    case .denied:
      "Allow \(permissions.joined(separator: " and ")) on the bucket and its objects"
        + (operation == .get || operation == .head
          ? "; without s3:ListBucket a missing object looks the same."
          : operation == .put || operation == .createUpload
            ? ", and with a KMS key kms:GenerateDataKey and kms:Decrypt." : ".")
    case .credentialsRefused: "Check the access key and the secret, and that they are for this endpoint."
    case .noCredentials(let error): error.description
    case .expiredToken: "Renew the credentials, or use a role, which renews them."
    case .wrongRegion(let right): "Set the region to \(right ?? "that of the bucket")."
    case .noSuchBucket: "Create the bucket, or correct its name, the endpoint or the region."
    case .clockSkew: "Set this machine's clock (NTP)."
    case .throttled: "Run again later, or raise the store's limits."
    case .unavailable: "Check the network and the store, then run again."
    case .conflict: "Run again."
    case .unsupported:
      operation == .put || operation == .completeUpload
        ? "Use a store with conditional writes." : "Use a store that supports it."
    case .certificate: "Pass the store's certificate authority as --ca-file, or correct the endpoint."
    case .proxy: "Check the proxy's address and credentials."
    case .badDigest: "Check the network, then run again."
    case .tooLarge: "Check who writes to this key."
    case .malformed: "Check that the endpoint is an S3 store."
    case .mismatch: "Do not use this store before the cause is found."
    case .refused: "Check the bucket's policy and the store's log."
    case .cancelled: "Run again."
    }
  }
}
