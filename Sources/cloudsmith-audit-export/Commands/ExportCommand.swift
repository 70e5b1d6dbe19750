import ArgumentParser
import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import Platform

/// Exports new events, or one window, into the archive.
struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Export new events, or one window, into the archive.",
    discussion: """
      Without --from and --to the run is incremental. It fetches everything that is missing up to now, and re-reads the lookback to \
      find events that were written late. On the first run, pass --backfill-start-time to include past events. On every later run, \
      pass --existing, so that a mistyped path cannot create a new archive.

      With --config the command exports the logs of a job file one after another, or several at once with --parallel-logs. Each log \
      has its own lock and its own result. If one fails, the others still run, and the command exits with the worst status, from best \
      to worst: \(ExitStatus.inOrder). \
      samples/job.yaml shows every setting of an export (Debian package: /usr/share/doc/cloudsmith-audit-export/examples/job.yaml); \
      output, metrics and heartbeats are options or variables.

      The API key is read from --api-key-file, CLOUDSMITH_API_KEY, the file named by the environment or the job file, the systemd \
      credential cloudsmith-api-key, or cloudsmith-cli's credentials.ini, in this order. Without a key, the identity token in \
      CLOUDSMITH_OIDC_TOKEN is exchanged for a token of the service account CLOUDSMITH_SERVICE_SLUG.

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

      Every option that takes a value can also be set in the environment: CLOUDSMITH_WORKSPACE, CLOUDSMITH_API_HOST, \
      CLOUDSMITH_PROXY and CLOUDSMITH_PROFILE as for cloudsmith-cli, all others as CLOUDSMITH_AUDIT_EXPORT_ and the option's name, \
      such as CLOUDSMITH_AUDIT_EXPORT_ARCHIVE. Precedence, highest first: option, environment, job file, cloudsmith-cli's \
      config.ini (workspace, api_host, proxy), default. status --settings shows all settings and their sources.
      """)

  @OptionGroup(title: "What to export") var target: ArchiveOptions
  @OptionGroup(title: "What to export") var job: JobOptions
  @OptionGroup(title: "What to export") var request: RequestOptions
  @OptionGroup(title: "Connection") var connection: ConnectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Observability") var observability: ObservabilityOptions
  @OptionGroup(title: "Advanced") var advanced: AdvancedOptions
  @OptionGroup(title: "Bucket") var bucket: BucketOptions
  @OptionGroup(title: "Bucket") var bucketWriting: BucketWritingOptions

  /// Which events to export, and in which format.
  struct RequestOptions: ParsableArguments {
    @Option(Settings.backfillStart)
    var backfillStartTime: String?

    @Flag(Settings.existing)
    var existing: Bool?

    @Option(Settings.from)
    var from: String?

    @Option(Settings.to)
    var to: String?

    @Flag(
      help: """
        Replace the window with what the API shows: also drop archived events that it no longer shows. Repairs damaged days \
        (requires --from and --to).
        """)
    var replace = false

    @Option(Settings.formats)
    var format: String?

    @Option(Settings.lookback)
    var lookback: String?

    @Flag(help: "Print the planned windows, days, requests and duration, without writing anything.")
    var dryRun = false

    var given: [GivenOption] {
      [
        Settings.backfillStart.given(backfillStartTime), Settings.existing.given(existing.map(String.init)),
        Settings.from.given(from), Settings.to.given(to), Settings.formats.given(format),
        Settings.lookback.given(lookback),
      ]
    }
  }

  /// Options with defaults that few users change.
  struct AdvancedOptions: ParsableArguments {
    @Option(Settings.settle)
    var settle: String?

    @Option(Settings.quietCommitInterval)
    var quietCommitInterval: String?

    @Option(Settings.retention)
    var retention: String?

    @Flag(Settings.wholeDays)
    var wholeDays: Bool?

    @Option(Settings.query)
    var query: String?

    @Option(Settings.redact)
    var redact: String?

    @Option(Settings.redactionKeyFile, completion: .file())
    var redactionKeyFile: String?

    @Option(Settings.timeFilter)
    var timeFilter: String?

    @Flag(
      help: """
        Let --replace drop more than half of the archived events, or any if the API does not tell how many events there are.
        """)
    var allowMassRemoval = false

    @Option(Settings.pageSize)
    var pageSize: String?

    @Option(Settings.maxConcurrentRequests)
    var maxConcurrentRequests: String?

    @Option(Settings.pace)
    var maxRequestsPerSecond: String?

    @Option(Settings.rateReserve)
    var rateReserve: String?

    @Option(Settings.maxWait)
    var maxWait: String?

    @Option(Settings.maxAttempts)
    var maxAttempts: String?

    @Option(former: Settings.maxAttempts)
    var retries: String?

    @Option(Settings.requestTimeout)
    var requestTimeout: String?

    @Option(Settings.maxLogDuration)
    var maxLogDuration: String?

    @Option(Settings.compressionLevel)
    var compressionLevel: String?

    @Option(
      Settings.parquetCodec,
      completion: .list(ParquetCodec.allCases.filter(\.isBuiltIn).map(\.rawValue)))
    var parquetCompression: String?

    @Option(Settings.keepSuperseded)
    var keepSuperseded: String?

    @Option(Settings.memoryLimit)
    var memoryLimit: String?

    @Option(Settings.signingKeyFile, completion: .file())
    var signingKeyFile: String?

    var given: [GivenOption] {
      [
        Settings.settle.given(settle), Settings.quietCommitInterval.given(quietCommitInterval),
        Settings.retention.given(retention),
        Settings.wholeDays.given(wholeDays.map(String.init)), Settings.query.given(query),
        Settings.redact.given(redact), Settings.redactionKeyFile.given(redactionKeyFile),
        Settings.timeFilter.given(timeFilter), Settings.pageSize.given(pageSize),
        Settings.maxConcurrentRequests.given(maxConcurrentRequests),
        Settings.pace.given(maxRequestsPerSecond), Settings.rateReserve.given(rateReserve),
        Settings.maxWait.given(maxWait), Settings.maxAttempts.given(maxAttempts, formerly: retries),
        Settings.requestTimeout.given(requestTimeout), Settings.maxLogDuration.given(maxLogDuration),
        Settings.compressionLevel.given(compressionLevel),
        Settings.parquetCodec.given(parquetCompression), Settings.keepSuperseded.given(keepSuperseded),
        Settings.memoryLimit.given(memoryLimit), Settings.signingKeyFile.given(signingKeyFile),
      ]
    }
  }

  var given: [GivenOption] {
    target.given + bucket.given + bucketWriting.given + request.given + connection.given + advanced.given
  }

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let commandOutput = try CommandOutput(
      output, environment, whenQuiet: request.dryRun ? .always : .whenWrong)
    try await commandOutput.run {
      if request.dryRun { return try await forecast(commandOutput, environment) }
      let notifier = try RunNotifier(observability, environment)
      return try await notifier.telling(commandOutput) {
        let job = try job.logs(given, environment)
        let replace = try replacement
        // One for all logs: the signal that stops one stops the rest.
        return try await Interruption.cancelling {
          try await commandOutput.run(job) { sources, commandOutput in
            let log = try sources.log()
            let commandOutput = commandOutput.about(log)
            return try await notifier.watching(log, sources) {
              try await ExportRequest(
                sources, replace: replace, config: job.file?.path,
                logsAtOnce: commandOutput.place?.logsAtOnce ?? 1
              ).run(commandOutput)
            }
          }
        }
      }
    }
  }

  private var replacement: Replacement? {
    get throws {
      if advanced.allowMassRemoval, !request.replace {
        throw Failure.usage("--allow-mass-removal requires --replace.")
      }
      return request.replace ? Replacement(allowsMassRemoval: advanced.allowMassRemoval) : nil
    }
  }

  private func forecast(_ commandOutput: CommandOutput, _ environment: [String: String]) async throws
    -> ExitStatus
  {
    let job = try job.logs(given, environment)
    let replace = try replacement
    return try await Interruption.cancelling {
      try await commandOutput.run(job) { sources, commandOutput in
        try await ExportRequest(sources, replace: replace, config: job.file?.path).forecast(commandOutput)
      }
    }
  }
}
