/// Where something stands on a disk, in two parts: a root, and what lies below it.
///
/// A symbolic link in the root, or that is the root, is followed. None is followed below it, at any level.
package struct DiskPath: Hashable, Sendable {
  package var root: String
  /// Relative to the root, names joined by `/`; empty for the root itself.
  package var below: String

  package init(_ root: String, _ below: String = "") {
    self.root = root
    self.below = below
  }

  /// In one part, for messages.
  package var text: String {
    if below.isEmpty { return root }
    return root.hasSuffix("/") ? root + below : "\(root)/\(below)"
  }

  /// The names below the root, in order.
  package var names: [String] { below.split(separator: "/").map(String.init) }

  package func appending(_ name: String) -> DiskPath {
    DiskPath(root, below.isEmpty ? name : "\(below)/\(name)")
  }
}

extension DiskPath: CustomStringConvertible {
  package var description: String { text }
}
