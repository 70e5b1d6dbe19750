/// One segment of an API path: the slug of an organization or of a repository.
///
/// It matches `[-a-zA-Z0-9_.]+`, is at most 255 bytes long, and is neither `.` nor `..`. It needs no escaping in a URL or in a
/// path of the archive.
package struct Slug: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The text of the slug, as in the URL.
  package let description: String

  /// Nil if `text` is not a slug.
  package init?(_ text: String) {
    let isAllowed = { (byte: UInt8) in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard !text.isEmpty, text.utf8.count <= 255, text.utf8.allSatisfy(isAllowed), text != ".", text != ".."
    else { return nil }
    self.description = text
  }

  /// Orders by text.
  package static func < (one: Slug, other: Slug) -> Bool { one.description < other.description }
}

/// The name of an audit log: that of an organization, or of one of its repositories.
package struct LogName: Hashable, Sendable, CustomStringConvertible {
  package var organization: Slug
  /// nil for the log of the organization itself.
  package var repository: Slug?

  package init(organization: Slug, repository: Slug? = nil) {
    self.organization = organization
    self.repository = repository
  }

  /// Parse `acme` or `acme/my-repo`; nil for any other text.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let organization = Slug(String(parts[0])) else { return nil }
    self.organization = organization
    if parts.count == 2 {
      guard let repository = Slug(String(parts[1])) else { return nil }
      self.repository = repository
    }
  }

  /// `acme` or `acme/my-repo`
  package var description: String {
    repository.map { "\(organization)/\($0)" } ?? organization.description
  }
}
