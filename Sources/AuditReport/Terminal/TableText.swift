package import AuditArchive
import AuditRecord

extension TableState {
  /// How far the table is: lower case, without a full stop. `version 12, up to commit 6`
  package var sentence: String {
    guard let version else { return "no version yet; the next export creates the table" }
    let place = "version \(version.grouped)"
    guard let commit else {
      return commitsLacking == 0
        ? "\(place), without files of this log" : "\(place), without this log; the next export adds it"
    }
    guard commitsLacking > 0 else { return "\(place), with all commits" }
    return """
      \(place), up to commit \(commit.grouped): \(commitsLacking.grouped) \(commitsLacking == 1 ? "commit" : "commits") behind; a run \
      is at work, or the next export appends \(commitsLacking == 1 ? "it" : "them")
      """
  }

  /// Whether the table is further behind than a run at work, or one that was killed, leaves it.
  package var needsAttention: Bool { version == nil || commitsLacking > 1 }
}
