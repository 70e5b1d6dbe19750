import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An export with all its settings resolved.
struct ExportJob {
  let log: LogName
  let archive: String
  let host: APIHost
  let credentials: Credentials
  let connection: ConnectionSettings
  let settings: ExportSettings
  let pace: PaceRule
  let reserve: RateReserve
  let retry: RetryPolicy
  let writer: WriterSettings
  /// What the user should know before the run.
  let warnings: [String]

  init(_ command: ExportCommand, _ environment: [String: String], now: Timestamp) throws(Failure) {
    log = try command.target.log(environment)
    archive = try command.target.directory(environment)
    settings = try ExportJob.settings(command, environment, now: now)

    pace = try Settings.pace.resolve(command.maxRequestsPerSecond, environment) ?? .perSecond(1)
    reserve = try Settings.rateReserve.resolve(command.rateReserve, environment) ?? .fifth
    retry = RetryPolicy(
      tries: try Settings.retries.resolve(command.retries, environment) ?? 6,
      maxWait: try Settings.maxWait.resolve(command.maxWait, environment) ?? .hours(2))
    var writer = WriterSettings(toolVersion: Version.text)
    if let level = try Settings.compressionLevel.resolve(command.compressionLevel, environment) {
      writer.compressionLevel = level
    }
    writer.formats = try Settings.formats.resolve(command.format, environment) ?? writer.formats
    // One more than can be worked on, so that the next is at hand.
    writer.compressionWidth = ProcessInfo.processInfo.activeProcessorCount + 1
    let signing = try ExportJob.signingKey(command, environment)
    writer.signingKey = signing?.key
    self.writer = writer

    host = try ExportJob.host(command.connection, environment)
    connection = try ExportJob.connection(command, host, environment)
    credentials = try Credentials.find(command.connection, environment)
    warnings = [credentials.warning, signing?.warning].compactMap { $0 }
  }

  func run(_ speaker: Speaker) async throws -> ExportReport {
    let clock = SystemClock()
    let words = Words(log: log, archive: archive, keySource: credentials.source)
    let source = ArchiveSource(apiHost: host.description, log: log, query: settings.query)
    let holder = LockHolder.thisProcess(since: clock.now)
    for warning in warnings { speaker.logger.warning("\(warning)") }
    do {
      return try await AsyncHTTPClientTransport.withTransport(connection) { transport in
        try await Archive.withWriter(at: archive, source: source, holder: holder, settings: writer) {
          writer in
          let watch = Watch(speaker: speaker, words: words, clock: clock)
          watch.opened(writer.recovery)
          watch.kept(writer.daysInOldFormats)
          let client = AuditLogClient(
            log: log, host: host, key: credentials.key, transport: transport, clock: clock, pace: pace,
            reserve: reserve, retry: retry, observe: { watch.client($0) })
          let run = ExportRun(settings, client: client, clock: clock, writer: writer) { watch.run($0) }
          return ExportReport(
            await run.run(), retention: settings.retention, now: clock.now, log: log, archive: archive,
            words: words)
        }
      }
    } catch let error as ArchiveError {
      throw words.failure(error)
    }
  }

  /// What `run` would do. Takes no lock, makes no folder.
  func forecast(_ speaker: Speaker) async throws -> ForecastReport {
    let words = Words(log: log, archive: archive, keySource: credentials.source)
    do {
      let manifest = try Archive.read(at: archive, log: log)
      let standing = manifest.map { ExportPlan.Standing($0) }
      return try await AsyncHTTPClientTransport.withTransport(connection) { transport in
        let client = AuditLogClient(
          log: log, host: host, key: credentials.key, transport: transport, pace: pace, reserve: reserve,
          retry: retry)
        let forecast = try await ExportForecast(
          settings, standing: standing, client: client, clock: SystemClock(), pace: pace)
        return ForecastReport(forecast: forecast, log: log)
      }
    } catch let error as ArchiveError {
      throw words.failure(error)
    } catch let error as APIError {
      throw words.failure(error)
    }
  }

  // MARK: - Resolving

  private static func settings(
    _ command: ExportCommand, _ environment: [String: String], now: Timestamp
  ) throws(Failure) -> ExportSettings {
    let backfillStart = try TimeSetting.backfillStart.resolve(
      command.backfillStartTime, environment, now: now)
    let from = try TimeSetting.from.resolve(command.from, environment, now: now)
    let to = try TimeSetting.to.resolve(command.to, environment, now: now)

    var settings: ExportSettings
    switch (from, to) {
    case (let from?, let to?):
      guard from < to else {
        throw .usage(
          "--from \(from) is not before --to \(to): the window would be empty (its end does not belong to it)."
        )
      }
      guard command.backfillStartTime == nil else {
        throw .usage(
          "--backfill-start-time says where the archive begins and --from/--to export one window: give one of them."
        )
      }
      settings = ExportSettings(request: .window(Window(from: from, to: to), replace: command.replace))
    case (nil, nil):
      guard !command.replace else {
        throw .usage(
          "--replace needs --from and --to: it drops what the API no longer shows in exactly that window.")
      }
      settings = ExportSettings(request: .incremental(backfillStart: backfillStart))
    case (_?, nil):
      throw .usage("--from needs --to: give both ends of the window, or neither for an incremental run.")
    case (nil, _?):
      throw .usage("--to needs --from: give both ends of the window, or neither for an incremental run.")
    }
    settings.lookback = try Settings.lookback.resolve(command.lookback, environment) ?? settings.lookback
    settings.settle = try Settings.settle.resolve(command.settle, environment) ?? settings.settle
    settings.retention = try Settings.retention.resolve(command.retention, environment) ?? settings.retention
    settings.wholeDays = command.wholeDays
    settings.query = try Settings.query.resolve(command.query, environment)
    settings.timeFilter = try Settings.timeFilter.resolve(command.timeFilter, environment) ?? .auto
    settings.pageSize = try Settings.pageSize.resolve(command.pageSize, environment) ?? settings.pageSize
    settings.maxConcurrentRequests =
      try Settings.maxConcurrentRequests.resolve(command.maxConcurrentRequests, environment) ?? 1
    settings.memoryLimit =
      try Settings.memoryLimit.resolve(command.memoryLimit, environment) ?? settings.memoryLimit
    return settings
  }

  private static func signingKey(
    _ command: ExportCommand, _ environment: [String: String]
  ) throws(Failure) -> (key: SigningKey, warning: String?)? {
    guard let path = try Settings.signingKeyFile.resolve(command.signingKeyFile, environment) else {
      return nil
    }
    let file = try SecretFile(path, contents: "the signing key")
    do {
      return (try SigningKey(pem: file.text), file.warning)
    } catch {
      throw .usage("The file \(quoted(path)) \(error).")
    }
  }

  private static func host(
    _ options: ConnectionOptions, _ environment: [String: String]
  ) throws(Failure) -> APIHost {
    guard let text = try Settings.apiHost.resolve(options.apiHost, environment) else { return .cloudsmith }
    do {
      return try APIHost(text)
    } catch {
      throw .usage("--api-host: \(error).")
    }
  }

  private static func connection(
    _ command: ExportCommand, _ host: APIHost, _ environment: [String: String]
  ) throws(Failure) -> ConnectionSettings {
    do {
      var settings = try ConnectionSettings(
        host: host, proxy: Settings.proxy.resolve(command.connection.proxy, environment),
        caFile: Settings.caFile.resolve(command.connection.caFile, environment), environment: environment,
        version: Version.text)
      if let timeout = try Settings.requestTimeout.resolve(command.requestTimeout, environment) {
        settings.timeouts.total = timeout
      }
      return settings
    } catch let error as Failure {
      throw error
    } catch {
      throw .usage("\(error).")
    }
  }
}

extension ArchiveOptions {
  func log(_ environment: [String: String]) throws(Failure) -> LogName {
    if let log = try Settings.log.resolve(organization, environment) { return log }
    throw .usage(
      "No organisation: give --organization with its slug, such as my-org, or set CLOUDSMITH_WORKSPACE.")
  }

  func directory(_ environment: [String: String]) throws(Failure) -> String {
    if let directory = try Settings.archive.resolve(archive, environment) { return directory }
    throw .usage(
      "No archive: give --archive with its folder, such as /srv/audit, or set CLOUDSMITH_AUDIT_EXPORT_ARCHIVE."
    )
  }
}
