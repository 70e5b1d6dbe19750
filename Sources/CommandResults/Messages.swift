package import AuditArchive
import AuditExport
package import AuditRecord
package import ExportConfiguration

/// What a person reads when something did not go as planned: what, on what, why, what to do; and the exit status.
package struct Messages {
  package let log: LogName
  package let archive: String
  /// Where the key came from, such as `CLOUDSMITH_API_KEY`.
  package var keySource: String
  /// The service account whose token is asked for by the identity token from `keySource`; nil: it is an API key.
  package var service: Slug?
  /// How long the API keeps events, as it is set.
  package var retention: TimeSpan
  /// The export as a command, to be run again; empty for other commands.
  package var command: String

  package init(
    log: LogName, archive: String, keySource: String = "the key", service: Slug? = nil,
    retention: TimeSpan = ExportSettings.Default.retention, command: String = ""
  ) {
    self.log = log
    self.archive = archive
    self.keySource = keySource
    self.service = service
    self.retention = retention
    self.command = command
  }

  // MARK: - The archive

  package var noArchive: Failure {
    Failure(
      status: .noArchive,
      sentence: """
        No archive of '\(log)' in \(quoted(archive)): check --archive and --organization, or make one with \
        cloudsmith-audit-export export.
        """)
  }

  /// An archive that has to be there is not.
  ///
  /// - Parameter source: where it is said that it has to be.
  package func notExisting(_ source: SettingSource) -> Failure {
    Failure(
      status: .noArchive,
      sentence: """
        No archive of '\(log)' in \(quoted(archive)), and \(source) keeps a run from making one: check --archive and \
        --organization, and that the volume is mounted. To create a new archive there, run once with --no-existing, and with \
        --backfill-start-time if no start is set.
        """)
  }

  package var newArchive: String {
    "a new archive of '\(log)' is made in \(quoted(archive)), where there was none"
  }

  /// A failure of a run that leaves no archive behind: the next run knows nothing of this one, not even where it was to begin.
  package func uncommitted(_ failure: Failure) -> Failure {
    switch failure.status {
    case .interrupted:
      Failure(
        status: .interrupted,
        sentence:
          "Interrupted before anything was committed. To begin again, run the whole command: \(command)")
    case .unavailable, .incomplete, .storage:
      Failure(
        status: failure.status,
        sentence: "\(failure.sentence) Nothing is committed yet, so run the whole command again: \(command)")
    case .done, .failed, .damaged, .quarantined, .noArchive, .locked, .keyRefused, .notFound,
      .planWithoutAuditLog, .usage:
      failure
    }
  }

  package func failure(_ error: ArchiveError) -> Failure {
    switch error {
    case .storage(let failure): self.failure(failure)
    case .locked(let holder):
      Failure(
        status: .locked,
        sentence: """
          Another run holds the archive \(quoted(archive)) for '\(log)'\(holder.map { " (\($0))" } ?? ""): let it finish, \
          then run again.
          """)
    case .outrun: outrun("\(error)")
    case .leaseLost(let path):
      Failure(
        status: .locked,
        sentence: """
          The lock of the archive \(quoted(archive)) for '\(log)' was taken away: \(path) was removed or replaced while this run held \
          it, so that another run may be at work. Nothing more was committed, and what was committed before is kept. Leave that file \
          alone, it ends with its run, and run again.
          """)
    case .lostAfterCommit:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is damaged: \(error). See what else deletes files there, or whether its disk fails; then \
          restore the file, or fetch its day anew with export and --replace.
          """)
    case .otherSpelling(let found, let asked):
      Failure(
        status: .usage,
        sentence: """
          The archive \(quoted(archive)) holds the log of '\(found)', and '\(asked)' was asked for: on that disk, which does not \
          tell upper from lower case, both have the same folders. Give the name as the archive has it: --organization \(found).
          """)
    case .otherKind:
      Failure(
        status: .usage, sentence: "In \(quoted(archive)) \(error): give another folder with --archive.")
    case .otherSource:
      Failure(
        status: .usage,
        sentence: """
          In \(quoted(archive)) \(error): one archive has one host and one query; give the same again (--api-host, --query), or \
          another folder with --archive.
          """)
    case .laterCommit(let asked, let newest):
      Failure(
        status: .usage,
        sentence: """
          --since \(asked): the archive \(quoted(archive)) has no such commit of '\(log)' yet, the newest is \(newest). Was the \
          archive made anew, or the number taken from another? Then load everything, with --since 0.
          """)
    case .newerFormat:
      Failure(
        status: .failed,
        sentence: "In \(quoted(archive)) \(error): install a newer cloudsmith-audit-export.")
    case .stateMissing:
      Failure(status: .damaged, sentence: "In \(quoted(archive)) \(error).")
    case .missingCommits, .olderState:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is not whole: \(error). Nothing in it was changed. Its state, _manifest/\(log)/, is an older \
          copy, or was restored in part: restore all of it from the newest copy. Where those commits are lost, see \
          "Going on without commits that are lost" in Format.md.
          """)
    case .otherCommit(let asked, _):
      Failure(
        status: .usage,
        sentence: """
          --since \(asked): the archive \(quoted(archive)) has another commit of that number than the one that was loaded \
          (--commit-sha256): its history was rewritten, as by a restore of an older copy. Load everything, with --since 0.
          """)
    case .damaged:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is damaged: \(error). Nothing in it was changed; cloudsmith-audit-export verify tells \
          all that is wrong. Restore what is missing or altered from a copy.
          """)
    case .misordered, .outsideDay, .invalidCommit:
      Failure(status: .failed, sentence: "A fault of this program, please report it: \(error)")
    }
  }

  /// That the API will not keep for long what the archive lacks.
  package func loss(_ loss: (lacking: Timestamp, lostAt: Timestamp)) -> String {
    """
    the archive lacks events from \(loss.lacking) on, which Cloudsmith keeps until \(loss.lostAt) (--retention): run again \
    before then, until there is no gap.
    """
  }

  /// - Parameter lead: of this machine's clock; below zero where it is behind.
  package func clock(_ lead: TimeSpan) -> String {
    let difference = "\(lead.rough) \(lead > .zero ? "ahead of" : "behind")"
    return "this machine's clock is \(difference) the API's; the run follows the API's clock."
  }

  /// The API's answers have no `Date`.
  package static let clockUntold = """
    the API does not tell the time, so this machine's clock decides what has settled; make sure that it is right.
    """

  /// No event is visible, and nothing shows that the account may read the log.
  package static let nothingVisible = """
    the API shows no event at all, so nothing is claimed as covered. Either nothing has happened yet, or the key's account \
    may not read the audit log (it takes a Manager or Owner), or audit logging is off.
    """

  package func inFuture(_ time: Timestamp, now: Timestamp) -> Failure {
    .usage(
      "The time \(time) lies in the future: it is \(now) by the API's clock. Give a time that has passed.")
  }

  /// - Parameter untold: of a run that was killed.
  package func quarantined(_ records: Int, untold: Int) -> Failure {
    let earlier = untold == 0 ? "" : ", \(untold) of them by a run that was killed before it could tell"
    return Failure(
      status: .quarantined,
      sentence: """
        \(records + untold) records that could not be read went to quarantine/ in the archive \(quoted(archive))\(earlier); all \
        others are archived. Look at them there; they are not stored again.
        """)
  }

  /// Files that the manifest names and that are missing or altered, told one by one.
  package func damagedFiles(_ files: [Finding], _ manifest: Manifest?, now: Timestamp) -> Failure {
    let names = files.prefix(3).map(\.description).joined(separator: ", ") + (files.count > 3 ? ", …" : "")
    let window = files.compactMap(\.replacement).first
    let cure = window.map {
      """
      , or fetch what Cloudsmith still shows of it anew (records of quarantine that it no longer shows are then given up): \
      \(replaceCommand(manifest, now).text($0))
      """
    }
    return Failure(
      status: .damaged,
      sentence: """
        The archive \(quoted(archive)) is damaged: \(names). Restore what is missing or altered from a copy\(cure ?? ".")
        """)
  }

  /// After a run that met days it could not read.
  package func damagedDays(_ days: [Day], _ manifest: Manifest?, now: Timestamp) -> Failure {
    let names = days.prefix(10).map(\.description).joined(separator: ", ") + (days.count > 10 ? ", …" : "")
    let commands = replaceCommand(manifest, now).texts(days)
    let cure =
      commands.isEmpty
      ? "" : ": " + commands.prefix(3).joined(separator: "; ") + (commands.count > 3 ? "; …" : "")
    return Failure(
      status: .damaged,
      sentence: """
        The archive \(quoted(archive)) is damaged\(days.isEmpty ? "" : " in \(names)"): files that the manifest names are \
        missing or altered; those days were left as they are, the rest is done. cloudsmith-audit-export verify tells all that is \
        wrong. Restore the files from a copy, or fetch each \
        whole day anew, if Cloudsmith still keeps it\(cure.isEmpty ? "." : cure)
        """)
  }

  private func replaceCommand(_ manifest: Manifest?, _ now: Timestamp) -> ReplaceCommand {
    ReplaceCommand(
      log: log, archive: archive, source: manifest?.source, formats: manifest?.partitions.newestFormats ?? [],
      retention: retention, now: now)
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
