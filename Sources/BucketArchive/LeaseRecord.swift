import AuditArchive
import AuditRecord
internal import FoundationEssentials

/// The content of a log's lock object: one line of JSON, with the members of a lock file and the term of the lease.
struct LeaseRecord: Hashable, Codable {
  /// Counts the leases of the log.
  var generation: Int
  /// Random, and new for each lease. Distinguishes a run's own record from that of another run.
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

  /// Whether these are the bytes of a lock file of an archive in a folder. It has a holder and a generation, and nothing else of a lease.
  static func isLockFile(_ bytes: [UInt8]) -> Bool {
    if bytes.isEmpty { return true }
    guard let members = UnreadableLease(bytes), !members.isLease else { return false }
    do {
      _ = try JSONDecoder().decode(LockHolder.self, from: Data(bytes))
      return true
    } catch {
      return false
    }
  }

  /// The generation of a record whose other members cannot be read; nil if that cannot be read either.
  static func generation(_ bytes: [UInt8]) -> Int? { UnreadableLease(bytes)?.generation }

  init(generation: Int, owner: String, holder: LockHolder, expiresAt: Timestamp) {
    self.generation = generation
    self.owner = owner
    self.holder = holder
    self.expiresAt = expiresAt
  }

  var bytes: [UInt8] { ArchiveJSON.encode(self, onOneLine: true) }

  fileprivate enum CodingKeys: String, CodingKey {
    case generation, owner, pid, host, since
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

  /// Reads any time of RFC 3339: other versions or tools may write fewer digits.
  init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    func time(_ key: CodingKeys) throws -> Timestamp {
      guard let time = Timestamp(rfc3339: try record.decode(String.self, forKey: key)) else {
        throw DecodingError.dataCorruptedError(forKey: key, in: record, debugDescription: "it is not a time")
      }
      return time
    }
    holder = LockHolder(
      pid: try record.decode(Int32.self, forKey: .pid), host: try record.decode(String.self, forKey: .host),
      since: try time(.since))
    generation = try record.decode(Int.self, forKey: .generation)
    owner = try record.decode(String.self, forKey: .owner)
    expiresAt = try time(.expiresAt)
    isReleased = try record.decode(Bool.self, forKey: .isReleased)
  }
}

/// The readable part of a record with members that cannot be read.
private struct UnreadableLease: Decodable {
  /// Whether it has members that only leases have.
  var isLease: Bool
  var generation: Int?

  /// nil for bytes that are no JSON object.
  init?(_ bytes: [UInt8]) {
    do {
      self = try JSONDecoder().decode(UnreadableLease.self, from: Data(bytes))
    } catch {
      return nil
    }
  }

  init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: LeaseRecord.CodingKeys.self)
    isLease = [.owner, .expiresAt, .isReleased].contains { record.contains($0) }
    do {
      generation = try record.decodeIfPresent(Int.self, forKey: .generation)
    } catch {
      generation = nil  // It is no number.
    }
  }
}
