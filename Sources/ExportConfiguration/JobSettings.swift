package import AuditExport
import AuditRecord

/// The settings of a job as a whole: which of its logs to run, and how many at once.
extension Settings {
  package static let parallelLogs = number(
    "--parallel-logs", 1...64, default: 1, example: 16,
    help: """
      With a job file: how many logs to work on at once, 1 to 64. While a log waits for the API, another may start. Logs with the same \
      key share its pace.
      """)
  package static let shard = Setting<ShardChoice>(
    "--shard", valueName: "i/n",
    help: """
      With a job file: work only on the logs of shard I of N. I counts from 0. /N takes I from JOB_COMPLETION_INDEX, which Kubernetes sets.
      """, expected: "the number of a shard and how many there are, such as 0/4, or /4",
    parse: { ShardChoice($0) })
}

/// The value of `--shard`.
package enum ShardChoice: Hashable, Sendable {
  case shard(LogShard)
  /// The number of the shard is in `JOB_COMPLETION_INDEX`.
  case fromIndex(of: Int)

  /// - Parameter text: `I/N` or `/N`.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(digits: parts[1]), count >= 1 else { return nil }
    if parts[0].isEmpty {
      self = .fromIndex(of: count)
    } else {
      guard let index = Int(digits: parts[0]), let shard = LogShard(index: index, of: count) else {
        return nil
      }
      self = .shard(shard)
    }
  }

  /// - Throws: A usage failure if the environment does not say which shard this is.
  func shard(_ environment: [String: String]) throws(Failure) -> LogShard {
    let count: Int
    switch self {
    case .shard(let shard): return shard
    case .fromIndex(let shards): count = shards
    }
    guard let text = environment["JOB_COMPLETION_INDEX"], !text.isEmpty else {
      throw .usage(
        """
        --shard /\(count) takes the number of the shard from JOB_COMPLETION_INDEX, which is not set. Kubernetes sets it in an Indexed \
        Job; elsewhere, pass --shard I/\(count).
        """)
    }
    guard let index = Int(digits: text[...]), let shard = LogShard(index: index, of: count) else {
      throw .usage(
        """
        JOB_COMPLETION_INDEX \(quoted(text)): expected a number from 0 to \(count - 1), because --shard says that there are \(count) \
        shards. In an Indexed Job, completions must be \(count).
        """)
    }
    return shard
  }
}

extension Int {
  /// nil unless the text consists of digits only.
  fileprivate init?(digits: Substring) {
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits) else {
      return nil
    }
    self = number
  }
}
