import ArgumentParser
import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import Platform

/// Fetches a window of the audit log into the archive.
struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Fetch what the archive lacks (or one window) and commit it, day by day.",
    discussion: """
      Without --from and --to the run is incremental: it fetches what the archive lacks up to now, and the lookback again, \
      for events that were written late. The first run needs --backfill-start-time to fetch anything past; --existing keeps the \
      later ones from making a new archive by mistake.

      With --config it runs the logs of a job file one after another, each with its own lock and result; one that fails does \
      not stop the others, and the worst status is that of the run, in this order: \(ExitStatus.inOrder). samples/job.yaml shows \
      such a file.

      The key is read from --api-key-file, from CLOUDSMITH_API_KEY, from the file that the environment or the job file names, \
      from systemd's credential cloudsmith-api-key, or from cloudsmith-cli's credentials.ini. Without one, the identity token in \
      CLOUDSMITH_OIDC_TOKEN is exchanged for a token of the service account that CLOUDSMITH_SERVICE_SLUG names.

      Examples:
        cloudsmith-audit-export export -o acme --archive /srv/audit \\
          --backfill-start-time 2024-01-01T00:00:00Z
        cloudsmith-audit-export export -o acme --archive /srv/audit \\
          --existing
        cloudsmith-audit-export export -o acme --archive /srv/audit \\
          --from 2024-02-12 --to 2024-02-13
        cloudsmith-audit-export export --config job.yaml
        cloudsmith-audit-export export -o acme/my-repo --archive /srv/my-repo \\
          --backfill-start-time 2024-01-01

      Every option that takes a value can be set in the environment: CLOUDSMITH_WORKSPACE, CLOUDSMITH_API_HOST, CLOUDSMITH_PROXY and \
      CLOUDSMITH_PROFILE as for cloudsmith-cli, the others as CLOUDSMITH_AUDIT_EXPORT_ with the option's name, such as \
      CLOUDSMITH_AUDIT_EXPORT_ARCHIVE. An option counts before the environment, that before the job file, that before \
      cloudsmith-cli's config.ini (workspace, api_host, proxy), that before the default; status --settings shows them all.
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions
  @OptionGroup(title: "What") var job: JobOptions

  @Flag(
    inversion: .prefixedNo,
    help: """
      Never make an archive: where there is none yet, as after a typo or without its volume, end with status \
      \(ExitStatus.noArchive.rawValue). For every run but the first.
      """)
  var existing: Bool?

  @Option(
    help: ArgumentHelp(
      "Where a new archive begins; not given, no past event is fetched. An earlier one later moves the start back.",
      valueName: "time"))
  var backfillStartTime: String?

  @Option(help: ArgumentHelp("Export from here (needs --to).", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Export up to here, exclusive (needs --from).", valueName: "time"))
  var to: String?

  @Flag(
    help: """
      Take the API's word for the window: also drop archived events that it does not show. Repairs damaged days. Needs \
      --from and --to.
      """)
  var replace = false

  @Flag(
    help: "Let --replace drop more than half of the archived events, or any where the API does not count."
  )
  var allowMassRemoval = false

  @Flag(inversion: .prefixedNo, help: "Export only days that are over.")
  var wholeDays: Bool?

  @Option(
    help: ArgumentHelp(
      "A Cloudsmith search, such as actor:some-user: the archive then holds only what it finds, now and for ever.",
      valueName: "query"))
  var query: String?

  @Flag(help: "Tell what the run would fetch, and how long it would take; write nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      """
      csv, parquet, or csv,parquet; default: as the archive's newest days, and csv for a new archive. Days that the archive \
      has in another format alone are written anew from it, without the API; files of a format that is left out stay until \
      their day changes.
      """,
      valueName: "formats"), completion: .list(Settings.formats.choices))
  var format: String?

  @Option(help: ArgumentHelp("Read this much again, for late events; default 24h.", valueName: "time span"))
  var lookback: String?

  @Option(help: ArgumentHelp("Leave the newest edge to the next run; default 10m.", valueName: "time span"))
  var settle: String?

  @Option(
    help: ArgumentHelp(
      "How long Cloudsmith keeps events; nothing older is claimed. Default 365d; some plans keep 30d or 60d.",
      valueName: "time span"))
  var retention: String?

  @Option(
    help: ArgumentHelp(
      """
      How to reach an old window: seek (a binary search over the pages), walk (read all newer pages), filter (the API's own \
      time filter), or auto (default): seek, and filter only where the API refuses pages far down the list.
      """,
      valueName: "way"), completion: .list(Settings.timeFilter.choices))
  var timeFilter: String?

  @Option(help: ArgumentHelp("Events a page, 1 to 500; default 500.", valueName: "n"))
  var pageSize: String?

  @Option(
    help: ArgumentHelp(
      "Pages asked for at once, 1 to 64, never faster than the rate below; default 1.", valueName: "n"))
  var maxConcurrentRequests: String?

  @Option(
    help: ArgumentHelp(
      "A number (default 1), auto (as fast as the rate limit allows, less the reserve), or unlimited.",
      valueName: "rate"), completion: .list(Settings.pace.choices))
  var maxRequestsPerSecond: String?

  @Option(
    help: ArgumentHelp(
      "With auto: the share of the rate limit left to others who use the key; default 20%.",
      valueName: "share"))
  var rateReserve: String?

  @Option(
    help: ArgumentHelp("The longest wait that the API may ask for; default 2h.", valueName: "time span"))
  var maxWait: String?

  @Option(help: ArgumentHelp("Tries for each page; default 6.", valueName: "n"))
  var retries: String?

  @Option(
    help: ArgumentHelp(
      "The longest a request may take, of which 10s for the connection; default 60s.", valueName: "time span")
  )
  var requestTimeout: String?

  @Option(help: ArgumentHelp("gzip level, 1 to 9; default 6.", valueName: "n"))
  var compressionLevel: String?

  @Option(
    help: ArgumentHelp(
      "What Parquet is compressed with: gzip (default), or zstd in a build with the package trait zstd.",
      valueName: "codec"))
  var parquetCompression: String?

  @Option(
    help: ArgumentHelp(
      "Memory for events in hand; what is more waits on the archive's disk until its day is complete. Default 256MiB.",
      valueName: "size"))
  var memoryLimit: String?

  @Option(
    help: ArgumentHelp(
      """
      Sign every commit record with this Ed25519 key, as openssl genpkey -algorithm ed25519 writes it; the signature \
      stands beside the record.
      """, valueName: "file"), completion: .file())
  var signingKeyFile: String?

  @OptionGroup(title: "Connection") var connection: ConnectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Observability") var observability: ObservabilityOptions

  var given: [GivenOption] {
    target.given + connection.given + [
      Settings.existing.given(existing.map(String.init)),
      Settings.backfillStart.given(backfillStartTime), Settings.from.given(from), Settings.to.given(to),
      Settings.wholeDays.given(wholeDays.map(String.init)), Settings.query.given(query),
      Settings.formats.given(format), Settings.lookback.given(lookback), Settings.settle.given(settle),
      Settings.retention.given(retention), Settings.timeFilter.given(timeFilter),
      Settings.pageSize.given(pageSize), Settings.maxConcurrentRequests.given(maxConcurrentRequests),
      Settings.pace.given(maxRequestsPerSecond), Settings.rateReserve.given(rateReserve),
      Settings.maxWait.given(maxWait), Settings.retries.given(retries),
      Settings.requestTimeout.given(requestTimeout), Settings.compressionLevel.given(compressionLevel),
      Settings.parquetCodec.given(parquetCompression),
      Settings.memoryLimit.given(memoryLimit), Settings.signingKeyFile.given(signingKeyFile),
    ]
  }

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment, whenQuiet: dryRun ? .always : .whenWrong)
    try await speaker.run {
      if dryRun { return try await forecast(speaker, environment) }
      let observers = try Observers(observability, environment)
      return try await observers.telling(speaker) {
        let job = try Job(config: job.config, given, environment)
        let replace = try replacement
        // One for all logs: the signal that stops one stops the rest.
        return try await Interruption.cancelling {
          try await speaker.run(job) { sources in
            let log = try sources.log()
            let speaker = speaker.about(log)
            let report = try await observers.watching(log, sources) {
              try await ExportJob(sources, replace: replace, config: job.file?.path).run(speaker)
            }
            guard let sentence = report.message, report.status != .done else { return LogAnswer(report) }
            return LogAnswer(report, Failure(status: report.status, sentence: sentence), heading: "")
          }
        }
      }
    }
  }

  private var replacement: Replacement? {
    get throws {
      if allowMassRemoval, !replace { throw Failure.usage("--allow-mass-removal needs --replace.") }
      return replace ? Replacement(allowsMassRemoval: allowMassRemoval) : nil
    }
  }

  private func forecast(_ speaker: Speaker, _ environment: [String: String]) async throws -> ExitStatus {
    let job = try Job(config: job.config, given, environment)
    let replace = try replacement
    return try await Interruption.cancelling {
      try await speaker.run(job) { sources in
        LogAnswer(
          try await ExportJob(sources, replace: replace, config: job.file?.path).forecast(speaker))
      }
    }
  }
}
