package import AuditRecord
import Platform

extension Timestamp {
  /// The time of the machine.
  package static func now() -> Timestamp {
    Timestamp(microseconds: Int64(Date.now.timeIntervalSince1970 * 1_000_000))
  }
}
