package import AuditRecord

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who holds the lock of a log, as the lock file tells it: one line of JSON.
package struct LockHolder: Hashable, Sendable {
  package var pid: Int32
  package var host: String
  package var since: Timestamp

  package init(pid: Int32, host: String, since: Timestamp) {
    self.pid = pid
    self.host = host
    self.since = since
  }

  package static func thisProcess(since: Timestamp) -> LockHolder {
    LockHolder(
      pid: ProcessInfo.processInfo.processIdentifier, host: ProcessInfo.processInfo.hostName, since: since)
  }

  /// What a lock file says; nil for one that says nothing, or that another program wrote.
  init?(note: [UInt8]) {
    do {
      self = try JSONDecoder().decode(LockHolder.self, from: Data(note))
    } catch {
      return nil
    }
  }

  var note: [UInt8] { ArchiveJSON.encode(self, onOneLine: true) }
}

extension LockHolder: CustomStringConvertible {
  package var description: String { "process \(pid) on \(host), since \(since)" }
}

extension LockHolder: Codable {
  enum CodingKeys: String, CodingKey {
    case pid, host, since
  }

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(pid, forKey: .pid)
    try record.encode(host, forKey: .host)
    try record.encode(since, forKey: .since)
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    pid = try record.decode(Int32.self, forKey: .pid)
    host = try record.decode(String.self, forKey: .host)
    since = try record.time(forKey: .since)
  }
}
