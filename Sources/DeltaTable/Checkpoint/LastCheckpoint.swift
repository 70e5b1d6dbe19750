import AuditRecord

/// The content of `_last_checkpoint`: which checkpoint is the newest, so that readers need not list the log.
///
/// It is a hint. The file may be missing or older than the newest checkpoint (PROTOCOL.md, "Last Checkpoint File").
package struct LastCheckpoint: Hashable, Sendable {
  package var version: Int
  /// The number of actions in the checkpoint.
  package var size: Int
  /// The size of the checkpoint; nil if its writer did not record it.
  package var sizeInBytes: Int?

  package init(version: Int, size: Int, sizeInBytes: Int? = nil) {
    self.version = version
    self.size = size
    self.sizeInBytes = sizeInBytes
  }

  /// The bytes of the file. It has no member `parts`: readers would look for a checkpoint in parts (trino/issues/26148).
  package var bytes: [UInt8] {
    var text = JSONText()
    text.object { text in
      text.member("version", version)
      text.member("size", size)
      text.member("sizeInBytes", sizeInBytes)
    }
    return text.bytes
  }

  /// Read the file of any producer; nil if it is damaged, or names a checkpoint in parts or one of the V2 specification, which
  /// this target does not read.
  package init?(reading bytes: [UInt8]) {
    guard let members = try? JSONTree(bytes, depth: JSONTree.actionDepth).object,
      let version = members["version"]?.size, let size = members["size"]?.size,
      members["parts"] ?? .null == .null, members["v2Checkpoint"] ?? .null == .null
    else { return nil }
    self.init(version: version, size: size, sizeInBytes: members["sizeInBytes"]?.size)
  }
}
