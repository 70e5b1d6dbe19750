import ArgumentParser
import AuditArchive
import AuditRecord

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tells a loader which days to load again. Needs neither network nor key, and does not disturb a run.
struct ChangesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "changes",
    abstract: "The days that changed since a commit, with their files: what a loader has to load again.",
    discussion: """
      A loader keeps the number of the commit that it has loaded, beside the data. It asks for what changed since (0: for \
      everything), and in one transaction replaces every day that is named: it deletes what it has of the day and loads the \
      day's files, all of them; 'empty' is a day that has no rows any more, 'new' one that never had any before. Then it keeps \
      the number that the answer gives as 'commit'. With paths, sha256sums and redshift, stderr gives it, in a line such as \
      'commit 42', and names the days to empty, in lines such as 'empty 2024-02-14' (nothing with --quiet).

      With --settled-only a day is named when it has settled, which is when it is wholly covered and out of reach of the \
      lookback: once, unless it changes again. A loader asks always with it, or never.

      Files that are named here are deleted when a later run has replaced them: then ask again.

      Examples:
        cloudsmith-audit-export changes -o acme --archive /srv/audit --since 41
        cloudsmith-audit-export changes -o acme --archive /srv/audit --since 0 \\
          --as json
        cloudsmith-audit-export changes -o acme --archive /srv/audit --since 41 \\
          --as paths 2>commit | rsync --files-from=- /srv/audit loader:/audit
        cd /srv/audit && cloudsmith-audit-export changes -o acme --archive . \\
          --since 41 --as sha256sums | sha256sum -c
        cloudsmith-audit-export changes -o acme --archive /srv/audit --since 41 \\
          --as redshift --url-prefix s3://my-bucket/audit
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions
  @OptionGroup(title: "What") var job: JobOptions

  @Option(help: ArgumentHelp("The commit that was loaded last; 0 for everything.", valueName: "commit"))
  var since: String?

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

  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment, isJSON: form.map { $0 == "json" }, whenQuiet: .always)
    try await speaker.run {
      let sources = try Job(config: job.config, target.given, environment).onlyLog()
      let (log, archive) = (try sources.log(), try sources.archive())
      guard let since = try Settings.since.resolve(since, environment) else {
        throw Failure.usage("--since is missing: give \(Settings.since.expected).")
      }
      let form = try Settings.changesForm.resolve(form, environment) ?? (speaker.isJSON ? .json : .table)
      let format = try Settings.partFormat.resolve(format, environment)
      let prefix = try urlPrefix(for: form, environment)

      let changes: ChangesSince
      do {
        guard let found = try Archive.changes(at: archive, log: log, since: since, settledOnly: settledOnly)
        else { throw Words(log: log, archive: archive).noArchive }
        changes = found
      } catch let error as ArchiveError {
        throw Words(log: log, archive: archive).failure(error)
      }
      let report = try ChangesReport(changes, format: format)
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

/// How the answer of `changes` is written.
enum ChangesForm: String {
  case table, json, paths, sha256sums, redshift
}
