import AuditRecord
import CloudsmithAPI
import Logging

/// A check with all its settings resolved.
struct CheckJob {
  private let log: LogName
  private let archive: String?
  private let host: APIHost
  private let credentials: Credentials
  private let connection: ConnectionSettings
  private let pace: PaceRule

  init(_ command: CheckCommand, _ environment: [String: String]) throws(Failure) {
    log = try command.target.log(environment)
    archive = try Settings.archive.resolve(command.target.archive, environment)
    host = try command.connection.host(environment)
    connection = try command.connection.settings(host, environment, timeout: APICheck.timeout)
    pace = try Settings.pace.resolve(nil, environment) ?? .perSecond(1)
    credentials = try Credentials.find(command.connection, environment)
  }

  func run(_ speaker: Speaker) async throws -> CheckReport {
    if let warning = credentials.warning { speaker.logger.warning("\(warning)") }
    let words = Words(log: log, archive: archive ?? "", keySource: credentials.source)
    let (lines, requests) = try await AsyncHTTPClientTransport.withTransport(connection) { transport in
      let client = AuditLogClient(
        log: log, host: host, key: credentials.key, transport: transport, pace: pace, retry: APICheck.retry)
      let check = APICheck(client, host: host, words: words) { subject in
        speaker.console.progress("looking at the \(subject.label)")
      }
      return (try await check.lines(), client.counters.requests)
    }
    let archiveLines = ArchiveCheck(archive: archive, log: log, host: host, words: words).lines()
    return CheckReport(
      log: log, host: host, archive: archive, requests: requests, lines: lines + archiveLines)
  }
}

extension ConnectionOptions {
  func host(_ environment: [String: String]) throws(Failure) -> APIHost {
    guard let text = try Settings.apiHost.resolve(apiHost, environment) else { return .cloudsmith }
    do {
      return try APIHost(text)
    } catch {
      throw .usage("--api-host: \(error).")
    }
  }

  /// - Parameter timeout: of a request, where the environment does not tell.
  func settings(
    _ host: APIHost, _ environment: [String: String], timeout: TimeSpan
  ) throws(Failure) -> ConnectionSettings {
    let (proxy, caFile) = (
      try Settings.proxy.resolve(proxy, environment), try Settings.caFile.resolve(caFile, environment)
    )
    do {
      var settings = try ConnectionSettings(
        host: host, proxy: proxy, caFile: caFile, environment: environment, version: Version.text)
      settings.timeouts.total = try Settings.requestTimeout.resolve(nil, environment) ?? timeout
      return settings
    } catch let error as Failure {
      throw error
    } catch {
      throw .usage("\(error).")
    }
  }
}
