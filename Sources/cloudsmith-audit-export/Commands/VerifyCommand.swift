import ArgumentParser
import AuditArchive
import AuditRecord
import CommandResults
import ExportConfiguration
import HTTP
import Platform

/// Verifies an archive. Needs neither network nor key, and does not disturb a run.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Verify that an archive is complete and unchanged, and list every finding.",
    discussion: """
      Reads every commit and every file, compares them with what was recorded when they were written, and recomputes rows, time \
      bounds and content hashes from the files. It reports every finding, and exits with status 2 if there are any. \
      If the archive is a Delta Lake table, its log is compared with the commits, too.

      With --since COMMIT it verifies only what came after a commit that was verified before. The record of that commit must have \
      the given SHA-256. Every later record is read, and so are the files of the days that these records changed. The rest of \
      the manifest counts as proven. The result names the newest commit and its SHA-256 for the next --since. Store them where nobody with write access to the archive can change them.

      --from and --to limit the days whose files are read. --quick reads no file and compares only sizes. With these options, and \
      without --since, only the newest commits are read and compared with the manifest.

      With --public-key-file every commit that is read must be signed by that key. If commits are unsigned, or signed with another \
      key, pass the first commit after them as --signed-since. Its signature covers all earlier commits through the hash chain.

      Examples:
        cloudsmith-audit-export verify -o acme --archive /srv/audit
        cloudsmith-audit-export verify -o acme --archive /srv/audit --quick
        cloudsmith-audit-export verify -o acme --archive /srv/audit \\
          --from 2024-02-12 --to 2024-02-13 --output-format json
        cloudsmith-audit-export verify -o acme --archive /srv/audit \\
          --since 41 --commit-sha256 "$HASH_OF_41"
        cloudsmith-audit-export verify -o acme --archive /srv/audit \\
          --public-key-file audit.pub
        cloudsmith-audit-export verify --config job.yaml
      """)

  @OptionGroup(title: "What to verify") var target: ArchiveOptions
  @OptionGroup(title: "What to verify") var job: JobOptions

  @Option(help: ArgumentHelp("Read only the files of days from this time on.", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Read only the files of days before this time.", valueName: "time"))
  var to: String?

  @Flag(help: "Read only the newest commits, and compare the sizes of files without reading them.")
  var quick = false

  @Option(Settings.verifiedSince)
  var since: String?

  @Option(Settings.commitSHA256)
  var commitSha256: String?

  @Option(Settings.publicKeyFile, completion: .file())
  var publicKeyFile: String?

  @Option(Settings.signedSince)
  var signedSince: String?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Bucket") var bucket: BucketOptions
  @OptionGroup(title: "Bucket") var bucketConnection: BucketConnectionOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let commandOutput = try CommandOutput(output, environment)
    try await commandOutput.run {
      let job = try job.logs(given, environment)
      // A commit number belongs to one log.
      if since != nil { _ = try job.onlyLog() }
      return try await commandOutput.run(job) { [quick] sources, commandOutput in
        try await VerifyCommand.answer(sources, isQuick: quick, commandOutput)
      }
    }
  }

  private var given: [GivenOption] {
    target.given + bucket.given + bucketConnection.given + [
      Settings.from.given(from), Settings.to.given(to), Settings.publicKeyFile.given(publicKeyFile),
      Settings.signedSince.given(signedSince), Settings.verifiedSince.given(since),
      Settings.commitSHA256.given(commitSha256),
    ]
  }

  private static func answer(
    _ sources: SettingSources, isQuick: Bool, _ commandOutput: CommandOutput
  ) async throws -> VerifyResult {
    let (log, location) = (try sources.log(), try sources.archive())
    let archive = location.text
    let words = Messages(log: log, archive: archive)
    var settings = try settings(sources, isQuick: isQuick)
    // Several logs at once share the cores, and the memory that goes with them.
    let cores = ProcessInfo.processInfo.activeProcessorCount
    settings.daysAtOnce = max(1, cores / (commandOutput.place?.logsAtOnce ?? 1))
    let watch = VerifyProgressReporter(commandOutput: commandOutput)
    do {
      let report = try await Archive(location, log: log).verify(
        settings, patience: VerifyCommand.waitForRun,
        observe: { watch.progress($0) })
      guard let report else { throw await Archive(location, log: log).noArchive(words) }
      guard settings.signedSince == 1 || settings.signedSince <= report.newestCommit else {
        throw Failure.usage(
          "--signed-since \(settings.signedSince): the newest commit is \(report.newestCommit), so no signature would be checked."
        )
      }
      let replacing = ReplaceCommand(
        log: log, archive: archive, source: report.source, formats: report.formats,
        retention: try sources.value(of: Settings.retention), now: SystemClock().now)
      return VerifyResult(report: report, log: log, archive: archive, replacing: replacing)
    } catch let error as ArchiveError {
      throw words.failure(error)
    }
  }

  /// How long to wait, in microseconds, for a run that is committing, before a file counts as a leftover. The wait is repeated a few
  /// times.
  private static let patience: UInt32 = 500_000

  static func waitForRun() { usleep(patience) }

  private static func settings(
    _ sources: SettingSources, isQuick: Bool
  ) throws(Failure) -> VerificationSettings {
    var settings = VerificationSettings()
    settings.from = try sources.resolve(Settings.from)
    settings.to = try sources.resolve(Settings.to)
    settings.isQuick = isQuick
    settings.since = try since(sources)
    settings.publicKey = try publicKey(sources)
    if let first = try sources.resolve(Settings.signedSince) {
      guard settings.publicKey != nil else {
        throw .usage("--signed-since requires --public-key-file: without a key, no signature is checked.")
      }
      settings.signedSince = first
    }
    if let from = settings.from, let to = settings.to, from >= to {
      throw .usage(
        "--from \(from) is not before --to \(to), so the window is empty (its end is exclusive).")
    }
    return settings
  }

  /// The commit that was verified before. nil to verify everything.
  private static func since(_ sources: SettingSources) throws(Failure) -> ProvenCommit? {
    let hash = try sources.resolve(Settings.commitSHA256)
    guard let number = try sources.resolve(Settings.verifiedSince) else {
      guard hash == nil else {
        throw .usage("--commit-sha256 requires --since: pass the number of the commit that has this SHA-256.")
      }
      return nil
    }
    if number == 0 { return nil }
    guard let hash else {
      throw .usage(
        """
        --since \(number) requires --commit-sha256: the SHA-256 that verify printed with that commit. Without it, a rewritten history \
        would pass.
        """)
    }
    return ProvenCommit(number: number, sha256: hash)
  }

  private static func publicKey(_ sources: SettingSources) throws(Failure) -> VerificationKey? {
    guard let path = try sources.resolve(Settings.publicKeyFile) else { return nil }
    let text = try SmallFile.text(of: path, contents: "the public key")
    do {
      return try VerificationKey(pem: text)
    } catch {
      throw .usage("The file \(quoted(path)) \(error).")
    }
  }
}
