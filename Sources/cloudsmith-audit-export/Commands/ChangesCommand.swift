import ArgumentParser
import AuditArchive
import AuditRecord
import CommandResults
import ExportConfiguration
import Platform

/// Lists the days that a loader must load again. Needs neither network nor key, and does not disturb a run.
struct ChangesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "changes",
    abstract: "List the days that changed since a commit, with their files, for a loader.",
    discussion: """
      A loader stores the number of the commit that it has loaded beside its data. It asks for the changes since that commit (0 \
      for everything). In one transaction it replaces every listed day: it deletes the rows of the day and loads all of the \
      day's files. The action 'empty' means that the day no longer has rows, 'new' that it never had rows before. Then the \
      loader stores the number given as 'commit'. The JSON form also has 'commit_sha256'. Pass it as --commit-sha256 next time: \
      an archive whose history was rewritten, for example by restoring an older copy, is then refused.

      With paths, sha256sums and redshift, stderr gives the number in a line such as 'commit 42' and the days to empty in lines \
      such as 'empty 2024-02-14' (nothing with --quiet).

      With --settled-only a day is listed once it has settled, that is, once it is fully covered and older than the lookback. A loader should use this option every time or not at all.

      A later run deletes listed files that it has replaced. With --link-to FOLDER they stay: FOLDER gets exactly the listed files \
      under the same paths, as hard links, or as copies where links are impossible, such as on another volume. FOLDER is created only once all files are in place. Delete it after loading.

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

  @OptionGroup(title: "What to list") var target: ArchiveOptions
  @OptionGroup(title: "What to list") var job: JobOfOneLogOptions

  @Option(Settings.since)
  var since: String?

  @Option(Settings.commitSHA256)
  var commitSha256: String?

  @Flag(help: "Skip days that may still change; they are listed once they have settled.")
  var settledOnly = false

  @Option(Settings.changesForm)
  var form: String?

  @Option(Settings.partFormat)
  var format: String?

  @Option(Settings.urlPrefix)
  var urlPrefix: String?

  @Option(Settings.linkTo, completion: .directory)
  var linkTo: String?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Bucket") var bucket: BucketOptions
  @OptionGroup(title: "Bucket") var bucketConnection: BucketConnectionOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let commandOutput = try CommandOutput(
      output, environment, isJSON: form.map { $0 == "json" }, whenQuiet: .always)
    try await commandOutput.run {
      let sources = try LogSelection(
        config: job.config, target.given + bucket.given + bucketConnection.given, environment
      ).onlyLog()
      let (log, location) = (try sources.log(), try sources.archive())
      guard let since = try Settings.since.resolve(since, environment) else {
        throw Failure.usage("--since is missing: expected \(Settings.since.expected).")
      }
      let form =
        try Settings.changesForm.resolve(form, environment) ?? (commandOutput.isJSON ? .json : .table)
      let format = try Settings.partFormat.resolve(format, environment)
      let prefix = try urlPrefix(for: form, location, environment)
      let hash = try Settings.commitSHA256.resolve(commitSha256, environment)

      let report: ChangesResult
      if let folder = try Settings.linkTo.resolve(linkTo, environment) {
        let place = try OutputFolder(folder, option: Settings.linkTo.option, archive: location.text)
        report = try await Interruption.cancelling { [settledOnly] in
          try await ChangesResult(
            at: location, log: log, since: since, sha256: hash, settledOnly: settledOnly, format: format,
            linkedTo: place)
        }
      } else {
        report = try await ChangesResult(
          at: location, log: log, since: since, sha256: hash, settledOnly: settledOnly, format: format)
      }
      switch form {
      case .table: commandOutput.console.answer(report.text)
      case .json: commandOutput.console.answer(report.json)
      case .paths: commandOutput.console.answer(lines: report.paths)
      case .sha256sums: commandOutput.console.answer(lines: report.sha256sums)
      case .redshift: commandOutput.console.answer(try report.redshift(urlPrefix: prefix ?? ""))
      }
      if form != .table, form != .json, !output.quiet {
        for line in report.remarks { commandOutput.console.tell(line) }
      }
      return .done
    }
  }

  private func urlPrefix(
    for form: ChangesForm, _ location: ArchiveLocation, _ environment: [String: String]
  ) throws(Failure) -> String? {
    if form == .redshift {
      if let prefix = try Settings.urlPrefix.resolve(urlPrefix, environment) { return prefix }
      if !location.isFolder { return location.text }
      throw .usage("--as redshift requires --url-prefix: expected \(Settings.urlPrefix.expected).")
    }
    guard urlPrefix == nil else {
      throw .usage(
        "--url-prefix requires --as redshift. The other forms list paths within the archive.")
    }
    return nil
  }
}

extension ChangesResult {
  /// Reads the changes from the archive.
  ///
  /// - Parameter place: The folder to link or copy the listed files into.
  fileprivate init(
    at location: ArchiveLocation, log: LogName, since: Int, sha256: String?, settledOnly: Bool,
    format: PartFormat?,
    linkedTo place: OutputFolder? = nil
  ) async throws {
    let words = Messages(log: log, archive: location.text)
    let archive = Archive(location, log: log)
    do {
      let changes: ChangesSince?
      if let place {
        changes = try await archive.changes(
          since: since, sha256: sha256, settledOnly: settledOnly,
          linkedTo: place.path, temporary: place.temporary
        ) { try ChangesResult($0, format: format).files }
      } else {
        changes = try await archive.changes(
          since: since, sha256: sha256, settledOnly: settledOnly)
      }
      guard let changes else { throw await archive.noArchive(words) }
      try self.init(changes, format: format, url: location.isFolder ? nil : location.text)
    } catch ArchiveError.storage(let error) where place?.isAbout(error) == true {
      throw place?.failure(error) ?? words.failure(error)
    } catch let error as ArchiveError {
      throw words.failure(error)
    } catch is CancellationError {
      throw Failure(status: .interrupted, sentence: "Interrupted. Nothing was written.")
    }
  }
}
