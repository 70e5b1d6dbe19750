/// One thing that a run will rely on, and what was found when it was looked at.
struct CheckLine {
  /// In the order in which they are told, and in which the first that is wrong gives the exit status.
  enum Subject: String, CaseIterable {
    case api, key, organization
    case auditLog = "audit_log"
    case rateLimit = "rate_limit"
    case clock
    case timeFilter = "time_filter"
    case oldestEvent = "oldest_event"
    case archive
    case archiveWritable = "archive_writable"
    case lock
    case diskSpace = "disk_space"

    var label: String {
      switch self {
      case .api: "API"
      case .organization: "organisation"
      default: rawValue.replacing("_", with: " ")
      }
    }

    static let ofAPI: [Subject] = [
      .api, .key, .organization, .auditLog, .rateLimit, .clock, .timeFilter, .oldestEvent,
    ]
    static let ofArchive: [Subject] = [.archive, .archiveWritable, .lock, .diskSpace]
  }

  enum Finding {
    case good(String)
    /// A run copes with it; somebody should look at it all the same.
    case odd(String)
    /// The sentence tells the cure too.
    case bad(Failure)
    /// It was not looked at, for this reason.
    case open(String)
  }

  let subject: Subject
  let finding: Finding
}
