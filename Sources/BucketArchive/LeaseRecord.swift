import AuditArchive
import AuditRecord
internal import FoundationEssentials

/// The content of a log's lock object: one line of JSON, with the members of a lock file and the term of the lease.
struct LeaseRecord: Hashable, Codable {
  /// Counts the leases of the log.
  var generation: Int
  /// Made up for each lease. Tells a run's own record from that of another.
  var owner: String
  var holder: LockHolder
  /// By the clock of the store.
  var expiresAt: Timestamp
  var isReleased = false

  /// nil for an object that no version of this program wrote for a bucket.
  init?(_ bytes: [UInt8]) {
    do {
      self = try JSONDecoder().decode(LeaseRecord.self, from: Data(bytes))
    } catch {
      return nil
    }
  }

  /// Whether these are the bytes of a lock file of an archive in a folder.
  static func isLockFile(_ bytes: [UInt8]) -> Bool {
    do {
      _ = try JSONDecoder().decode(LockHolder.self, from: Data(bytes))
      return true
    } catch {
      return bytes.isEmpty
    }
  }

  init(generation: Int, owner: String, holder: LockHolder, expiresAt: Timestamp) {
    self.generation = generation
    self.owner = owner
    self.holder = holder
    self.expiresAt = expiresAt
  }

  var bytes: [UInt8] { ArchiveJSON.encode(self, onOneLine: true) }

  private enum CodingKeys: String, CodingKey {
    case generation, owner
    case expiresAt = "expires_at"
    case isReleased = "released"
  }

  func encode(to encoder: any Encoder) throws {
    try holder.encode(to: encoder)
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(generation, forKey: .generation)
    try record.encode(owner, forKey: .owner)
    try record.encode(expiresAt, forKey: .expiresAt)
    try record.encode(isReleased, forKey: .isReleased)
  }

  init(from decoder: any Decoder) throws {
    holder = try LockHolder(from: decoder)
    let record = try decoder.container(keyedBy: CodingKeys.self)
    generation = try record.decode(Int.self, forKey: .generation)
    owner = try record.decode(String.self, forKey: .owner)
    expiresAt = try record.decode(Timestamp.self, forKey: .expiresAt)
    isReleased = try record.decode(Bool.self, forKey: .isReleased)
  }
}
