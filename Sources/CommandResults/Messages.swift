package import AuditArchive
import AuditExport
package import AuditRecord
package import ExportConfiguration

/// The messages about one log and its archive: every error that a user can see, with its exit status.
///
/// A message says what failed, on what, why, and what to do. The errors themselves carry the facts; the sentences are only here.
package struct Messages {
  package let log: LogName
  /// The archive as given by the user.
  package let archive: String
  /// Where the key was found, such as `CLOUDSMITH_API_KEY`.
  package var keySource: String
  /// The service account for which the identity token from `keySource` is exchanged. nil if `keySource` holds an API key.
  package var service: Slug?
  /// How long the API keeps events (`--retention`).
  package var retention: TimeSpan
  /// The command line that repeats the export. Empty for other commands.
  package var command: String
  /// Whether the archive has a commit. If not, the next run cannot continue, so messages show the whole command.
  package var hasCommits = true

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

  /// There is no archive of the log.
  ///
  /// - Parameter others: The logs that have one there.
  package func noArchive(others: [LogName] = []) -> Failure {
    Failure(
      status: .noArchive,
      sentence: """
        No archive of '\(log)' in \(quoted(archive)).\(has(others)) Check --archive and --organization, or create one with \
        cloudsmith-audit-export export.
        """)
  }

  /// The archive must exist, but does not.
  ///
  /// - Parameters:
  ///   - source: The setting that requires it.
  ///   - others: The logs that have an archive there.
  package func notExisting(_ source: SettingSource, others: [LogName] = []) -> Failure {
    Failure(
      status: .noArchive,
      sentence: """
        No archive of '\(log)' in \(quoted(archive)), and \(source) forbids creating one.\(has(others)) Check --archive and \
        --organization, and that the volume is mounted. To create one, run once without --existing (or with --no-existing, if it is \
        set elsewhere), and with --backfill-start-time if no start is set.
        """)
  }

  /// ` It has: my-org.`, with at most five names; empty if there are none.
  private func has(_ logs: [LogName]) -> String {
    guard !logs.isEmpty else { return "" }
    return
      " It has: \(logs.prefix(5).map(\.description).joined(separator: ", "))\(logs.count > 5 ? ", …" : ".")"
  }

  /// The log line about creating an archive. Starts in lowercase and has no full stop at the end.
  package var newArchive: String {
    "creating a new archive of '\(log)' in \(quoted(archive)): there was none"
  }

  /// What a stopped run leaves, and how to run again.
  ///
  /// - Parameter kept: The sentences for an archive that has commits.
  func continuation(_ kept: String) -> String {
    hasCommits ? kept : "Nothing was committed yet, so run the whole command again: \(command)"
  }

  /// The failure of a command that the archive stopped. Each `ArchiveError` has its own message and exit status.
  package func failure(_ error: ArchiveError) -> Failure {
    switch error {
    case .storage(let failure): self.failure(failure)
    case .locked(let holder):
      Failure(
        status: .locked,
        sentence: """
          Another run holds the lock of the archive \(quoted(archive)) for '\(log)'\(holder.map { " (\($0))" } ?? ""). Wait \
          until it ends, then run again.
          """)
    case .outrun: outrun("\(error)")
    case .leaseLost(let path) where ArchiveLocation.scheme(of: archive) != nil:
      Failure(
        status: .locked,
        sentence: """
          Another run took the lease of '\(log)' in the archive \(quoted(archive)) while this run was paused or could not reach the \
          store, or \(path) was deleted. Earlier commits are kept, and nothing more was committed. Wait until the other run ends, then \
          run again.
          """)
    case .leaseLost(let path):
      Failure(
        status: .locked,
        sentence: """
          This run lost the lock of the archive \(quoted(archive)) for '\(log)': \(path) was removed or replaced, so another run may \
          be active. Earlier commits are kept, and nothing more was committed. Do not delete that file: its run releases the lock when it ends. Then run again.
          """)
    case .lostAfterCommit:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is damaged: \(error). Find out what else deletes files there, or whether its disk is failing. \
          Then restore the file, or export its day again with export and --replace.
          """)
    case .otherSpelling(let found, let asked):
      Failure(
        status: .usage,
        sentence: """
          The archive \(quoted(archive)) holds the log of '\(found)', not '\(asked)'. The file system there ignores case, so both names \
          have the same folders. Use the archive's spelling: --organization \(found).
          """)
    case .otherKind:
      Failure(
        status: .usage,
        sentence: "Cannot use \(quoted(archive)): \(error). Pass another folder with --archive.")
    case .otherSource(let found, let asked) where found.redaction == nil && asked.redaction != nil:
      Failure(
        status: .usage,
        sentence: """
          Cannot use \(quoted(archive)): \(error). Events that are archived already stay as they are, so an archive is redacted from its \
          first commit on, or never. Pass another folder with --archive, or omit --redact.
          """)
    case .otherSource(let found, let asked) where found.redaction != asked.redaction:
      Failure(
        status: .usage,
        sentence: """
          Cannot use \(quoted(archive)): \(error). An archive has one redaction, which its first commit fixes. Pass the same --redact and \
          --redaction-key-file again, or another folder with --archive.
          """)
    case .otherSource:
      Failure(
        status: .usage,
        sentence: """
          Cannot use \(quoted(archive)): \(error). An archive has one host and one query. Pass the same --api-host and --query again, or \
          another folder with --archive.
          """)
    case .tableNeedsParquet:
      Failure(
        status: .usage,
        sentence: """
          Cannot use \(quoted(archive)) with this --format: \(error). Pass --format delta, or csv,delta to write CSV too, or no --format.
          """)
    case .keepingNeedsTable:
      Failure(
        status: .usage,
        sentence: """
          Cannot use \(quoted(archive)) with --keep-superseded: \(error). Pass --format delta to make it a table, or leave out \
          --keep-superseded.
          """)
    case .tableNeedsAllLogs:
      Failure(
        status: .locked,
        sentence: """
          Cannot make the archive \(quoted(archive)) a table now: \(error). Nothing was changed. Wait until that run ends, then run \
          again with --format delta.
          """)
    case .tableObstructed(let obstacle): tableObstructed(obstacle)
    case .tableNotRecorded(_, let id):
      Failure(
        status: .damaged,
        sentence: """
          Cannot use \(quoted(archive)): \(error). Nothing was changed. Restore archive.json from a copy, or add \
          "table":{"id":"\(id ?? "…")"} to it\(id == nil ? ", with the id of metaData in version 0 of the table" : "").
          """)
    case .laterCommit(let asked, let newest):
      Failure(
        status: .usage,
        sentence: """
          --since \(asked): the archive \(quoted(archive)) has no such commit of '\(log)' yet; the newest is \(newest). If the archive \
          was created again, or the number is from another archive, load everything with --since 0.
          """)
    case .newerFormat:
      Failure(
        status: .failed,
        sentence: "Cannot read \(quoted(archive)): \(error). Install a newer cloudsmith-audit-export.")
    case .stateMissing:
      Failure(status: .damaged, sentence: "Cannot use \(quoted(archive)): \(error).")
    case .missingCommits, .olderState:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is incomplete: \(error). Nothing in it was changed. Its state, _manifest/\(log)/, is an older \
          copy or was restored only in part: restore all of it from the newest copy. If those commits are lost, see \
          "Continue after commits were lost" in Format.md.
          """)
    case .otherCommit(let asked, _):
      Failure(
        status: .usage,
        sentence: """
          --since \(asked): in the archive \(quoted(archive)), that commit is not the one that was loaded (--commit-sha256). The history \
          was rewritten, for example by restoring an older copy. Load everything with --since 0.
          """)
    case .damaged:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is damaged: \(error). Nothing in it was changed. Restore what is missing or altered from a copy; \
          cloudsmith-audit-export verify lists all findings.
          """)
    case .misordered, .outsideDay, .invalidCommit:
      Failure(
        status: .failed, sentence: "This is a bug in cloudsmith-audit-export, please report it: \(error)")
    }
  }

  /// The run could not append its commits to the table. The commits themselves are complete.
  package func tableObstructed(_ obstacle: TableObstacle) -> Failure {
    let lead = """
      The events are archived in \(quoted(archive)), but cannot be appended to its Delta Lake table: \(obstacle).
      """
    let folder = quoted("\(archive)/\(TableObstacle.folder)")
    let again = "The next export makes the table again from the commits, with the same id"
    switch obstacle.reason {
    case .unreadable:
      return Failure(
        status: .damaged,
        sentence: """
          \(lead) Restore that file from a copy, or move the folder \(folder) out of the archive. \(again).
          """)
    case .foreignFiles:
      return Failure(
        status: .damaged,
        sentence: """
          \(lead) Appending could count rows twice or lose some. Move the folder \(folder) out of the archive. \(again). Then delete the \
          files that the other program left: cloudsmith-audit-export verify lists them as unlisted.
          """)
    case .unsupported(let error):
      return Failure(
        status: failure(error).status, sentence: "\(lead) \(advice(on: error).capitalizedFirst).")
    }
  }

  /// A warning that events will expire from the API before they are archived.
  package func loss(_ loss: (lacking: Timestamp, lostAt: Timestamp)) -> String {
    """
    the archive lacks events from \(loss.lacking) on, and Cloudsmith keeps them only until \(loss.lostAt) (--retention). Run again \
    before then, until no gap is left.
    """
  }

  /// - Parameter lead: How far this machine's clock is ahead of the API's; negative if it is behind.
  package func clock(_ lead: TimeSpan) -> String {
    let difference = "\(lead.rough) \(lead > .zero ? "ahead of" : "behind")"
    return "this machine's clock is \(difference) the API's; the run follows the API's clock."
  }

  /// A warning that the API's responses have no `Date` field.
  package static let clockUntold = """
    the API's responses have no Date header, so this machine's clock decides which events have settled. Make sure that it is right.
    """

  /// A warning that no event is visible, and that nothing proves that the account may read the log.
  package static let nothingVisible = """
    the API shows no events at all, so nothing counts as covered. Either nothing has happened yet, or the key's account may not \
    read the audit log (it must be a Manager or Owner), or audit logging is off.
    """

  /// A time of the request is in the future by the API's clock.
  package func inFuture(_ time: Timestamp, now: Timestamp) -> Failure {
    .usage(
      "The time \(time) is in the future: the API's clock says \(now). Pass a time in the past.")
  }

  /// - Parameters:
  ///   - records: Records that this run quarantined.
  ///   - untold: Records of an earlier run that was killed before it could report them.
  package func quarantined(_ records: Int, untold: Int) -> Failure {
    let earlier =
      untold == 0 ? "" : ", \(untold) of them by an earlier run that was killed before it could report them"
    return Failure(
      status: .quarantined,
      sentence: """
        \(records + untold) unreadable \(records + untold == 1 ? "record was" : "records were") put into quarantine/ in the archive \(quoted(archive))\(earlier). All others are \
        archived. Inspect them there; they are not stored again.
        """)
  }

  /// Files that the manifest lists and that are missing or altered. The message names the first three.
  package func damagedFiles(_ files: [Finding], _ manifest: Manifest?, now: Timestamp) -> Failure {
    let names = files.prefix(3).map(\.description).joined(separator: ", ") + (files.count > 3 ? ", …" : "")
    let window = files.compactMap(\.replacement).first
    let cure = window.map {
      """
      , or export again what Cloudsmith still shows (quarantined records that it no longer shows are dropped): \
      \(replaceCommand(manifest, now).text($0))
      """
    }
    return Failure(
      status: .damaged,
      sentence: """
        The archive \(quoted(archive)) is damaged: \(names). Restore what is missing or altered from a copy\(cure ?? ".")
        """)
  }

  /// The run found days that it could not read. It left them unchanged and exported the rest.
  package func damagedDays(_ days: [Day], _ manifest: Manifest?, now: Timestamp) -> Failure {
    let names = days.prefix(10).map(\.description).joined(separator: ", ") + (days.count > 10 ? ", …" : "")
    let commands = replaceCommand(manifest, now).texts(days)
    let cure =
      commands.isEmpty
      ? "" : ": " + commands.prefix(3).joined(separator: "; ") + (commands.count > 3 ? "; …" : "")
    return Failure(
      status: .damaged,
      sentence: """
        The archive \(quoted(archive)) is damaged\(days.isEmpty ? "" : " in \(names)"): files that the manifest lists are \
        missing or altered. Those days were left unchanged and the rest is done; cloudsmith-audit-export verify lists all \
        findings. Restore the files from a copy, or export each whole day again if Cloudsmith still keeps \
        it\(cure.isEmpty ? "." : cure)
        """)
  }

  private func replaceCommand(_ manifest: Manifest?, _ now: Timestamp) -> ReplaceCommand {
    ReplaceCommand(
      log: log, archive: archive, source: manifest?.source, formats: manifest?.partitions.newestFormats ?? [],
      retention: retention, now: now)
  }
}

extension TimeSpan {
  /// The size of the span, rounded, for people: `45 s`, `12 min`, `5 h`, `61 days`. The sign is dropped.
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
  /// A number of bytes for people: `512 bytes`, `1.5 MiB`, `12.0 GiB`.
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
