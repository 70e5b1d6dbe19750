package import AuditArchive
package import AuditRecord
package import CloudsmithAPI
package import ExportConfiguration

/// What `check` says of things that a run says otherwise, or not at all.
extension Messages {
  package var anonymous: Failure {
    Failure(
      status: .keyRefused,
      sentence: """
        The API took the request as nobody's: it did not refuse the key from \(keySource), it passed it over. What was \
        sent is no API key (perhaps a token of another kind, or one for downloads); create one under API Settings of a \
        Cloudsmith account that is a Manager or Owner.
        """)
  }

  package func throttled(_ error: APIError) -> Failure {
    let asked =
      if case .waitTooLong(let refusal) = error { ", and asks to wait \(refusal.asked.rough)" } else { "" }
    return Failure(
      status: .incomplete,
      sentence: """
        The API allows no more requests for now (429)\(asked): its limit counts per key; wait until then, and give this job \
        a key of its own.
        """)
  }

  package func noRequestsLeft(resetsIn: TimeSpan?) -> Failure {
    Failure(
      status: .incomplete,
      sentence: """
        No request of the rate limit is left\(resetsIn.map { ", for another \($0.rough)" } ?? ""): wait until then, and give \
        this job a key of its own.
        """)
  }

  package func unavailable(_ host: APIHost, _ fault: Fault, _ tries: Int) -> Failure {
    Failure(
      status: .unavailable,
      sentence: """
        \(host) gave no answer of use in \(tries) tries, at last: \(words(for: fault)). Check the network, --api-host and \
        --proxy; if they are right, try again later.
        """)
  }

  package func fullDisk(_ space: DiskSpace, needed: Int) -> Failure {
    let found =
      space.freeFiles == 0
      ? "no more files can be made (its inodes are used up)" : "\(space.free.asBytes) are free"
    return Failure(
      status: .storage,
      sentence: """
        The disk of the archive \(quoted(archive)) is nearly full: \(found), where a run may need \(needed.asBytes); make \
        room there.
        """)
  }
}

extension TimeSpan {
  /// For people: `45 s`, `12 min`, `5 h`, `61 days`.
  package var rough: String {
    let seconds = seconds.magnitude
    return switch seconds {
    case ..<120: "\(Int(seconds.rounded())) s"
    case ..<7_200: "\(Int((seconds / 60).rounded())) min"
    case ..<172_800: "\(Int((seconds / 3_600).rounded())) h"
    default: "\(Int((seconds / 86_400).rounded())) days"
    }
  }
}

extension Int {
  /// For people: `512 bytes`, `1.5 MiB`, `12.0 GiB`.
  package var asBytes: String {
    var size = Double(self)
    var unit = 0
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while size >= 1_024, unit < units.count - 1 {
      size /= 1_024
      unit += 1
    }
    guard unit > 0 else { return "\(self) bytes" }
    let tenths = Int((size * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
