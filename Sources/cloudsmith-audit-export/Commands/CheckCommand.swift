import ArgumentParser
import AuditArchive
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import HTTP
import Logging
import Platform

/// Tests everything that an export needs, before a scheduled run fails.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract:
      "Test the key, the organization, the plan, the rate limit and the archive, without leaving anything behind.",
    discussion: """
      Prints one line per prerequisite: ✓ passed, ! unusual but not a reason for a run to fail, ✗ failed, with the fix, – skipped, \
      with the reason. The command continues after a failure where possible, and exits with the status of the first ✗.

      It makes at most \(APICheck.requestLimit) requests at the pace of an export (one per second), and retries a failed one once. In the \
      archive it creates, moves and removes files and folders for a test, and holds the lock for less than a millisecond.

      Examples:
        cloudsmith-audit-export check -o acme
        cloudsmith-audit-export check -o acme --archive /srv/audit \\
          --output-format json
        cloudsmith-audit-export check -o acme --archive /srv/audit --existing
        cloudsmith-audit-export check --config job.yaml
      """)

  @OptionGroup(title: "What to check") var target: ArchiveOptions
  @OptionGroup(title: "What to check") var job: JobOptions

  @Flag(Settings.existing, help: "Fail if there is no archive, as export --existing does.")
  var existing: Bool?

  @OptionGroup(title: "Connection") var connection: ConnectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Bucket") var bucket: BucketOptions
  @OptionGroup(title: "Bucket") var bucketWriting: BucketWritingOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let commandOutput = try CommandOutput(output, environment)
    try await commandOutput.run {
      let given = target.given + bucket.given + bucketWriting.given + connection.given
      let job = try job.logs(given + [Settings.existing.given(existing.map(String.init))], environment)
      return try await Interruption.cancelling {
        try await commandOutput.run(job) { sources, commandOutput in
          try await CheckRequest(sources).run(commandOutput.about(sources.log()))
        }
      }
    }
  }
}

/// A check with all its settings resolved.
struct CheckRequest {
  private let log: LogName
  private let archive: ArchiveLocation?
  private let host: APIHost
  private let credentials: Result<Credentials, Failure>
  private let connection: ConnectionSettings
  private let pace: PaceRule
  private let retention: TimeSpan
  /// The setting that forbids creating an archive. nil if a run may create one.
  private let existing: SettingSource?

  init(_ sources: SettingSources) throws(Failure) {
    log = try sources.log()
    archive = try sources.namedArchive()
    existing = try sources.value(of: Settings.existing) ? try sources.find(Settings.existing)?.source : nil
    host = try sources.host()
    var connection = try sources.connection()
    if try sources.find(Settings.requestTimeout) == nil { connection.timeouts.total = APICheck.timeout }
    self.connection = connection
    pace = try sources.value(of: Settings.pace)
    retention = try sources.value(of: Settings.retention)
    credentials = Result { () throws(Failure) in try Credentials.find(sources) }
  }

  func run(_ commandOutput: CommandOutput) async throws -> CheckResult {
    try OpenFileLimit.check(concurrentRequests: 1)
    let words: Messages
    let (lines, requests): ([CheckLine], Int)
    switch credentials {
    case .success(let credentials):
      words = self.words(credentials)
      (lines, requests) = try await askAPI(credentials, words, commandOutput)
    case .failure(let failure):
      words = self.words(nil)
      (lines, requests) = (APICheck.lines(withoutKey: failure), 0)
    }
    let archiveLines = await ArchiveCheck(
      archive: archive, log: log, host: host, existing: existing, words: words
    ).lines()
    return CheckResult(
      log: log, host: host, archive: archive?.text, requests: requests, lines: lines + archiveLines)
  }

  private func words(_ credentials: Credentials?) -> Messages {
    Messages(
      log: log, archive: archive?.text ?? "", keySource: credentials?.source ?? "the key",
      service: credentials?.service, retention: retention)
  }

  /// - Returns: The results, and the number of requests that were made.
  private func askAPI(
    _ credentials: Credentials, _ words: Messages, _ commandOutput: CommandOutput
  ) async throws -> (lines: [CheckLine], requests: Int) {
    if let warning = credentials.warning { commandOutput.logger.warning("\(warning)") }
    let connections = APIConnections.shared
    let client = AuditLogClient(
      log: log, host: host, key: credentials.key,
      transport: try connections.transport(connection, credentials, host: host, log: log),
      clock: connections.clock, pace: pace, shared: connections.pace(credentials, host: host, log: log),
      retry: APICheck.retry)
    let check = APICheck(client, host: host, words: words) { subject in
      commandOutput.progress("checking: \(subject.label)")
    }
    return (try await check.lines(), client.counters.requests)
  }
}
