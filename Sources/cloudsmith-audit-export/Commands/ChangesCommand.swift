import ArgumentParser
import AuditArchive
import AuditRecord
import Platform

/// Tells a loader which days to load again. Needs neither network nor key, and does not disturb a run.
struct ChangesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "changes",
    abstract: "The days that changed since a commit, with their files: what a loader has to load again.",
    discussion: """
      A loader keeps the number of the commit that it has loaded, beside the data. It asks for what changed since (0: for \
      everything), and in one transaction replaces every day that is named: it deletes what it has of the day and loads the \
      day's files, all of them; 'empty' is a day that has no rows any more, 'new' one that never had any before. Then it keeps \
      the number that the answer gives as 'commit'. The JSON form has 'commit_sha256' too: with --commit-sha256 next time, an \
      archive whose history was rewritten, as by a restore of an older copy, is refused. With paths, sha256sums and redshift, \
      stderr gives the number, in a line such as 'commit 42', and names the days to empty, in lines such as 'empty 2024-02-14' (nothing with --quiet).

      With --settled-only a day is named when it has settled, which is when it is wholly covered and out of reach of the \
      lookback: once, unless it changes again. A loader asks always with it, or never.

      Files that are named here are deleted when a later run has replaced them. With --link-to FOLDER they stay: FOLDER gets \
      exactly the files that are named, under the same paths, as hard links, or as copies where there can be none, such as on \
      another volume. It appears when all of them are there, and not before. Load from it, then remove it.

      Examples:
        cloudsmith-audit-export changes -o acme --archive /srv/audit --since 41
        cloudsmith-audit-export changes -o acme --archive /srv/audit --since 0 \\
          --as json
        cloudsmith-audit-export changes -o acme --archive /srv/audit --since 41 \\
          --as paths 2>commit | rsync --files-from=- /srv/audit loader:/audit
        cd /srv/audit && cloudsmith-audit-export changes -o acme --archive . \\
          --since 41 --as sha256sums | sha256sum -c
        cloudsmith-audit-export changes -o acme --archive /srv/audit --since 41 \\
          --link-to /srv/to-load --as json
        cloudsmith-audit-export changes -o acme --archive /srv/audit --since 41 \\
          --as redshift --url-prefix s3://my-bucket/audit
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions
  @OptionGroup(title: "What") var job: JobOptions

  @Option(help: ArgumentHelp("The commit that was loaded last; 0 for everything.", valueName: "commit"))
  var since: String?

  @Option(
    help: ArgumentHelp(
      "The SHA-256 that was told with that commit: another one means that history was rewritten.",
      valueName: "hash"))
  var commitSha256: String?

  @Flag(help: "Leave out days that may still change, until they have settled.")
  var settledOnly = false

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      """
      table (default), json, paths (one a line, relative to the archive), sha256sums (for sha256sum -c in the archive) or \
      redshift (a manifest for COPY).
      """, valueName: "form"), completion: .list(Settings.changesForm.choices))
  var form: String?

  @Option(
    help: ArgumentHelp("Only files of this format: csv or parquet; default all.", valueName: "format"),
    completion: .list(Settings.partFormat.choices))
  var format: String?

  @Option(
    help: ArgumentHelp(
      "With --as redshift: where the archive stands in S3, such as s3://my-bucket/audit.", valueName: "url"))
  var urlPrefix: String?

  @Option(
    name: .customLong("link-to"),
    help: ArgumentHelp(
      """
      Put the files that are named into this folder too, by hard links or copies, so that no run deletes them while they are \
      loaded. It must not be there yet, or be empty.
      """, valueName: "folder"), completion: .directory)
  var linkTo: String?

  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment, isJSON: form.map { $0 == "json" }, whenQuiet: .always)
    try await speaker.run {
      let sources = try Job(config: job.config, target.given, environment).onlyLog()
      let (log, location) = (try sources.log(), try sources.archive())
      guard let since = try Settings.since.resolve(since, environment) else {
        throw Failure.usage("--since is missing: give \(Settings.since.expected).")
      }
      let form = try Settings.changesForm.resolve(form, environment) ?? (speaker.isJSON ? .json : .table)
      let format = try Settings.partFormat.resolve(format, environment)
      let prefix = try urlPrefix(for: form, environment)
      let hash = try Settings.commitSHA256.resolve(commitSha256, environment)

      let report: ChangesReport
      if let folder = try Settings.linkTo.resolve(linkTo, environment) {
        let place = try OutputFolder(folder, option: Settings.linkTo.option, archive: location.text)
        report = try await Interruption.cancelling { [settledOnly] in
          try await ChangesReport(
            at: location, log: log, since: since, sha256: hash, settledOnly: settledOnly, format: format,
            linkedTo: place)
        }
      } else {
        report = try await ChangesReport(
          at: location, log: log, since: since, sha256: hash, settledOnly: settledOnly, format: format)
      }
      switch form {
      case .table: speaker.console.answer(report.text)
      case .json: speaker.console.answer(report.json)
      case .paths: speaker.console.answer(lines: report.paths)
      case .sha256sums: speaker.console.answer(lines: report.sha256sums)
      case .redshift: speaker.console.answer(try report.redshift(urlPrefix: prefix ?? ""))
      }
      if form != .table, form != .json, !output.quiet {
        for line in report.remarks { speaker.console.tell(line) }
      }
      return .done
    }
  }

  private func urlPrefix(
    for form: ChangesForm, _ environment: [String: String]
  ) throws(Failure) -> String? {
    if form == .redshift {
      if let prefix = try Settings.urlPrefix.resolve(urlPrefix, environment) { return prefix }
      throw .usage("--as redshift needs --url-prefix: give \(Settings.urlPrefix.expected).")
    }
    guard urlPrefix == nil else {
      throw .usage(
        "--url-prefix goes with --as redshift; the other forms name files as they are in the archive.")
    }
    return nil
  }
}

extension ChangesReport {
  /// Asks the archive.
  ///
  /// - Parameter place: gets the files that the report names.
  fileprivate init(
    at location: ArchiveLocation, log: LogName, since: Int, sha256: String?, settledOnly: Bool,
    format: PartFormat?,
    linkedTo place: OutputFolder? = nil
  ) async throws {
    let words = Words(log: log, archive: location.text)
    let archive = Archive(location, log: log)
    do {
      let changes: ChangesSince?
      if let place {
        changes = try await archive.changes(
          since: since, sha256: sha256, settledOnly: settledOnly,
          linkedTo: place.path, temporary: place.temporary
        ) { try ChangesReport($0, format: format).files }
      } else {
        changes = try await archive.changes(
          since: since, sha256: sha256, settledOnly: settledOnly)
      }
      guard let changes else { throw words.noArchive }
      try self.init(changes, format: format)
    } catch ArchiveError.storage(let error) where place?.isAbout(error) == true {
      throw place?.failure(error) ?? words.failure(error)
    } catch let error as ArchiveError {
      throw words.failure(error)
    } catch is CancellationError {
      throw Failure(status: .interrupted, sentence: "Interrupted; nothing was written.")
    }
  }
}

/// How the answer of `changes` is written.
enum ChangesForm: String {
  case table, json, paths, sha256sums, redshift
}
