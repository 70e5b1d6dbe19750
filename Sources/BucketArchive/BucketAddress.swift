/// The place of an archive in a bucket: `s3://bucket/prefix`.
package struct BucketAddress: Hashable, Sendable, CustomStringConvertible {
  package let bucket: String
  /// Without slashes at its ends; empty for the whole bucket.
  package let prefix: String

  /// In one spelling: equal addresses have equal texts.
  package var description: String { "s3://\(bucket)" + (prefix.isEmpty ? "" : "/\(prefix)") }

  /// Whether a text is meant as the address of a bucket.
  package static func isMeant(by text: String) -> Bool { text.lowercased().hasPrefix("s3:") }

  /// Throws why the text is no address. The bucket's name is checked by `Endpoint`.
  package init(_ text: String) throws(BucketAddressError) {
    guard text.hasPrefix("s3://") else { throw .form }
    let rest = text.dropFirst(5)
    guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else { throw .query }
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let bucket = parts.first, !bucket.isEmpty else { throw .form }
    guard !bucket.contains("@"), !bucket.contains(":") else { throw .host }
    var folders = Array(parts.dropFirst())
    if folders.last == "" { folders.removeLast() }
    // Some stores and clients rewrite these.
    guard folders.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { throw .segment }
    guard folders.allSatisfy({ $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f } })
    else { throw .segment }
    prefix = folders.joined(separator: "/")
    // A key has at most 1,024 bytes (Amazon S3 User Guide, "Object key naming guidelines"); the longest path of an archive has 340.
    guard prefix.utf8.count <= 600 else { throw .long }
    self.bucket = bucket
  }
}

/// Why a text is not the address of a bucket.
package enum BucketAddressError: Error, Hashable, Sendable {
  case form, query, host, segment, long
}

extension BucketAddressError: CustomStringConvertible {
  /// The rest of a sentence that begins with the text.
  package var description: String {
    switch self {
    case .form: " is not the URL of a bucket: write it like s3://my-bucket/audit"
    case .query: " has a '?' or '#': write only the bucket and a prefix, such as s3://my-bucket/audit"
    case .host: " has a user or a port: write only the bucket, and the store's address as --s3-endpoint"
    case .segment: " has an empty folder, '.' or '..': write the prefix like audit or logs/audit"
    case .long: " is longer than 600 bytes: use a shorter prefix"
    }
  }
}
