package import AuditRecord
internal import Crypto

/// One of several parts of a job's logs, for schedulers that run the parts in processes of their own.
///
/// A log belongs to shard SHA-256(name) mod N: the first eight bytes of the hash as a big-endian number, of `organization` or
/// `organization/repository` in UTF-8. So each log is in exactly one shard, and stays in it when other logs are added to the job.
package struct LogShard: Hashable, Sendable {
  /// From 0.
  package let index: Int
  package let count: Int

  /// nil unless `index` is from 0 to below `count`.
  package init?(index: Int, of count: Int) {
    guard count >= 1, (0..<count).contains(index) else { return nil }
    self.index = index
    self.count = count
  }

  package func contains(_ log: LogName) -> Bool {
    let hash = SHA256.hash(data: Array(log.description.utf8))
    let number = hash.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return number % UInt64(count) == UInt64(index)
  }
}

extension LogShard: CustomStringConvertible {
  /// `0/4`
  package var description: String { "\(index)/\(count)" }
}
