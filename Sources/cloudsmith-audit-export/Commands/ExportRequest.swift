import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import HTTP
import Logging
import Platform

/// `--replace`: the window is to match what the API shows.
struct Replacement {
  /// Whether more than half of the archived rows may be dropped.
  var allowsMassRemoval: Bool
}

/// An export with all its settings resolved.
struct ExportRequest {
  let log: LogName
  let archive: ArchiveLocation
  let host: APIHost
  let credentials: Credentials
  let connection: ConnectionSettings
  let settings: ExportSettings
  let pace: PaceRule
  let reserve: RateReserve
  let retry: RetryPolicy
  let writer: WriterSettings
  /// The time limit of the run; nil for no limit.
  private let timeLimit: TimeSpan?
  /// How many logs may run at once in this process.
  private let logsAtOnce: Int
  /// Warnings to log before the run.
  let warnings: [String]
  /// The setting that forbids creating an archive, such as `--existing`. nil if the run may create one.
  private let existing: SettingSource?
  /// The command line that repeats the run.
  private let command: String

  /// - Parameters:
  ///   - replace: nil without `--replace`.
  ///   - config: The path of the job file that has the log, if there is one.
  ///   - logsAtOnce: How many logs of the job may run at once. They share the memory.
  /// - Throws: A usage failure if a setting is missing or invalid.
  init(
    _ sources: SettingSources, replace: Replacement?, config: String? = nil, logsAtOnce: Int = 1
  ) throws(Failure) {
    log = try sources.log()
    archive = try sources.archive()
    let redaction = try sources.redaction()
    var settings = try ExportRequest.settings(sources, replace: replace, redaction: redaction?.redaction)
    self.logsAtOnce = logsAtOnce
    settings.memoryLimit = ExportRequest.memory(of: settings.memoryLimit, logs: logsAtOnce)
    settings.conversionWidth = max(1, ProcessInfo.processInfo.activeProcessorCount / logsAtOnce)
    self.settings = settings
    timeLimit = try sources.resolve(Settings.maxLogDuration)
    existing = try sources.value(of: Settings.existing) ? try sources.find(Settings.existing)?.source : nil
    command = try ExportCommandLine(
      sources, log: log, archive: archive.text, config: config, isReplacing: replace != nil
    ).text

    pace = try sources.value(of: Settings.pace)
    reserve = try sources.value(of: Settings.rateReserve)
    retry = RetryPolicy(
      attempts: try sources.value(of: Settings.maxAttempts), maxWait: try sources.value(of: Settings.maxWait))
    var writer = WriterSettings(toolVersion: Version.text)
    writer.compressionLevel = try sources.value(of: Settings.compressionLevel)
    writer.parquetCodec = try sources.value(of: Settings.parquetCodec)
    let formats = try sources.resolve(Settings.formats)
    writer.formats = formats?.parts
    writer.isTable = formats?.isTable ?? false
    writer.keepSuperseded = try sources.resolve(Settings.keepSuperseded)
    // One more than can run at once, so that the next block is ready.
    writer.compressionWidth = logsAtOnce == 1 ? ProcessInfo.processInfo.activeProcessorCount + 1 : 2
    let signing = try ExportRequest.signingKey(sources)
    writer.signingKey = signing?.key
    self.writer = writer

    host = try sources.host()
    connection = try sources.connection()
    credentials = try Credentials.find(sources)
    warnings = [credentials.warning, signing?.warning, redaction?.warning].compactMap { $0 }
  }

  private var words: Messages {
    Messages(
      log: log, archive: archive.text, keySource: credentials.source, service: credentials.service,
      retention: settings.retention, command: command)
  }

  func run(_ commandOutput: CommandOutput) async throws -> ExportResult {
    guard let timeLimit else { return try await run(commandOutput, deadline: nil) }
    let deadline = RunDeadline(timeLimit)
    do {
      return try await deadline.limiting { try await run(commandOutput, deadline: deadline) }
    } catch let failure as Failure where failure.status == .interrupted && deadline.hasPassed {
      throw words.overdue(timeLimit)
    }
  }

  private func run(_ commandOutput: CommandOutput, deadline: RunDeadline?) async throws -> ExportResult {
    try checkInterruption()
    try OpenFileLimit.check(concurrentRequests: settings.maxConcurrentRequests, logs: logsAtOnce)
    let connections = APIConnections.shared
    let clock = connections.clock
    let words = words
    let source = ArchiveSource(
      apiHost: host.description, log: log, query: settings.query, redaction: settings.redaction?.policy)
    let holder = LockHolder.thisProcess(since: clock.now)
    for warning in warnings { commandOutput.logger.warning("\(warning)") }
    var isNew = false
    do {
      let transport = try connections.transport(connection, credentials, host: host, log: log)
      isNew = try await self.isNew(words)
      let watch = ProgressReporter(commandOutput: commandOutput, words: words, clock: clock)
      let client = AuditLogClient(
        log: log, host: host, key: credentials.key, transport: transport, clock: clock, pace: pace,
        reserve: reserve, shared: connections.pace(credentials, host: host, log: log), retry: retry,
        observe: { watch.client($0) })
      var summary: ExportSummary
      if isNew, let refusal = await refusalOfNewArchive(client) {
        summary = ExportSummary(settings, endedBy: refusal, after: client.counters, now: client.now)
      } else {
        summary = try await Archive(archive, log: log).withWriter(
          source: source, holder: holder, settings: writer,
          waiting: { watch.waiting($0) }, undeleted: { watch.undeleted($0) },
          body: { writer in
            watch.opened(writer.recovery)
            if isNew { watch.making(settings.request) }
            watch.kept(writer.daysInOldFormats, leftOut: writer.formatsLeftOut)
            let summary = await ExportRun(settings, client: client, clock: clock, writer: writer) {
              watch.run($0)
            }
            .run()
            for error in writer.missingCheckpoints { watch.missingCheckpoint(error) }
            return summary
          })
      }
      if let deadline, deadline.hasPassed {
        switch summary.outcome {
        case .stoppedByAPI(.cancelled): summary.outcome = .overdue(deadline.limit)
        case .stoppedByArchive(let error) where words.failure(error).status == .interrupted:
          summary.outcome = .overdue(deadline.limit)
        default: break
        }
      }
      return ExportResult(
        summary, retention: settings.retention, now: client.now, log: log, archive: archive.text, words: words
      )
    } catch let error as ArchiveError {
      var words = words
      words.hasCommits = !isNew
      throw words.failure(error)
    }
  }

  /// Whether there is no archive of the log yet.
  ///
  /// - Throws: A failure if there is none and creating one is forbidden.
  private func isNew(_ words: Messages) async throws(Failure) -> Bool {
    let archive = Archive(archive, log: log)
    do {
      guard try await !archive.exists() else { return false }
    } catch {
      throw words.failure(error)
    }
    if let existing { throw await archive.notExisting(existing, words) }
    return true
  }

  /// Requests one event before a new archive is created, so that a wrong key or name leaves no folder behind.
  ///
  /// - Returns: Why no archive should be created. nil if one should.
  private func refusalOfNewArchive(_ client: AuditLogClient) async -> ExportSummary.Outcome? {
    do {
      _ = try await client.page(1, size: 1, query: settings.query)
      return settings.request.future(now: client.now)
        .map { .requestInFuture($0, now: client.now) }
    } catch {
      return .stoppedByAPI(error)
    }
  }

  /// The plan of `run`, for `--dry-run`. It takes no lock and writes nothing.
  func forecast(_ commandOutput: CommandOutput) async throws -> ForecastResult {
    try checkInterruption()
    let words = words
    _ = try await isNew(words)
    do {
      let manifest = try await Archive(archive, log: log).read()
      let standing = manifest.map { ExportPlan.PlanInput($0) }
      let connections = APIConnections.shared
      let client = AuditLogClient(
        log: log, host: host, key: credentials.key,
        transport: try connections.transport(connection, credentials, host: host, log: log),
        clock: connections.clock, pace: pace, reserve: reserve,
        shared: connections.pace(credentials, host: host, log: log), retry: retry)
      let forecast = try await ExportForecast(
        settings, standing: standing, client: client, clock: connections.clock, pace: pace)
      return ForecastResult(forecast: forecast, log: log, archive: archive.text)
    } catch let error as ArchiveError {
      throw words.failure(error)
    } catch let error as APIError {
      throw words.failure(error)
    }
  }

  /// After a signal, the remaining logs of a job file are not started.
  private func checkInterruption() throws(Failure) {
    guard Task.isCancelled else { return }
    throw Failure(status: .interrupted, sentence: "Interrupted before the run started. Run again: \(command)")
  }

  // MARK: - Resolving

  /// The memory for each of several logs. Half of the limit, but at most 64 MiB, is set aside for what they share:
  /// connections, pages in flight, and blocks that are being compressed.
  private static func memory(of limit: Int, logs: Int) -> Int {
    guard logs > 1 else { return limit }
    return max(1 << 20, (limit - min(limit / 2, 64 << 20)) / logs)
  }

  private static func settings(
    _ sources: SettingSources, replace: Replacement?, redaction: Redaction?
  ) throws(Failure) -> ExportSettings {
    var settings = ExportSettings(request: try request(sources, replace: replace != nil))
    settings.allowsMassRemoval = replace?.allowsMassRemoval ?? false
    settings.quietCommitInterval = try sources.value(of: Settings.quietCommitInterval)
    settings.lookback = try sources.value(of: Settings.lookback)
    settings.settle = try sources.value(of: Settings.settle)
    settings.retention = try sources.value(of: Settings.retention)
    settings.wholeDays = try sources.value(of: Settings.wholeDays)
    settings.query = try sources.resolve(Settings.query)
    settings.redaction = redaction
    settings.timeFilter = try sources.value(of: Settings.timeFilter)
    settings.pageSize = try sources.value(of: Settings.pageSize)
    settings.maxConcurrentRequests = try sources.value(of: Settings.maxConcurrentRequests)
    settings.memoryLimit = try sources.value(of: Settings.memoryLimit)
    return settings
  }

  private static func request(
    _ sources: SettingSources, replace: Bool
  ) throws(Failure) -> ExportSettings.Request {
    let backfillStart = try sources.resolve(Settings.backfillStart)
    switch (try sources.resolve(Settings.from), try sources.resolve(Settings.to)) {
    case (let from?, let to?):
      guard from < to else {
        throw .usage(
          "--from \(from) is not before --to \(to), so the window is empty (its end is exclusive)."
        )
      }
      if case .option? = try sources.find(Settings.backfillStart)?.source {
        throw .usage(
          "--backfill-start-time sets where the archive begins, and --from/--to export one window. Pass only one of them."
        )
      }
      return .window(Window(from: from, to: to), replace: replace)
    case (nil, nil):
      guard !replace else {
        throw .usage(
          "--replace requires --from and --to: it drops events of that window that the API no longer shows.")
      }
      return .incremental(backfillStart: backfillStart)
    case (_?, nil):
      throw .usage("--from requires --to. Pass both ends of the window, or neither for an incremental run.")
    case (nil, _?):
      throw .usage("--to requires --from. Pass both ends of the window, or neither for an incremental run.")
    }
  }

  private static func signingKey(
    _ sources: SettingSources
  ) throws(Failure) -> (key: SigningKey, warning: String?)? {
    guard let path = try sources.resolve(Settings.signingKeyFile) else { return nil }
    let file = try SecretFile(path, contents: "the signing key")
    do {
      return (try SigningKey(pem: file.text), file.warning)
    } catch {
      throw .usage("The file \(quoted(path)) \(error).")
    }
  }
}
