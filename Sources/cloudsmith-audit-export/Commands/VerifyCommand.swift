import ArgumentParser
import AuditArchive
import AuditRecord
import CloudsmithAPI
import Platform

/// Proves an archive, or tells all that is wrong with it. Needs neither network nor key, and does not disturb a run.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Prove that an archive is whole and unchanged, or tell all that is wrong with it.",
    discussion: """
      Reads every commit and every file, compares them with what was recorded when they were written, and reckons rows, bounds \
      and content hashes anew from the files themselves. It never stops at a finding; any finding is status 2.

      --since COMMIT verifies what came after a commit that was verified before: its record must have the given SHA-256, every \
      record after it is read, and so are the files of the days that these changed. The rest of the manifest counts as \
      proven. The answer has the number and SHA-256 of the newest commit, for the next --since. Keep them where nobody who \
      can write to the archive can write.

      --from and --to limit the days whose files are read; --quick reads no file, and compares sizes. With one of these, and \
      without --since, the manifest stands for the history: only the newest commits are read, and compared with it.

      With --public-key-file every commit that is read has to be signed by that key, or those from --signed-since on: where \
      signing, or another key, began later, the first signature vouches by the chain for all that came before.

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

  @OptionGroup(title: "What") var target: ArchiveOptions
  @OptionGroup(title: "What") var job: JobOptions

  @Option(help: ArgumentHelp("Read only the files of days from here on.", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Read only the files of days before this, exclusive.", valueName: "time"))
  var to: String?

  @Flag(help: "Look at the newest commits and the sizes of the files; read none of them.")
  var quick = false

  @Option(
    help: ArgumentHelp(
      "Verify what came after this commit, which was verified before; needs --commit-sha256. 0 for everything.",
      valueName: "commit"))
  var since: String?

  @Option(
    help: ArgumentHelp(
      "With --since: the SHA-256 that the record of that commit had when it was verified.", valueName: "hash"
    ))
  var commitSha256: String?

  @Option(
    help: ArgumentHelp(
      """
      Check that every commit is signed by the key of this Ed25519 public key, as openssl pkey -pubout writes it.
      """, valueName: "file"), completion: .file())
  var publicKeyFile: String?

  @Option(
    help: ArgumentHelp("With --public-key-file: the first commit that it signed.", valueName: "commit"))
  var signedSince: String?

  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment)
    try await speaker.run {
      let job = try Job(config: job.config, given, environment)
      // A commit is of one log.
      if since != nil { _ = try job.onlyLog() }
      return try await speaker.run(job) { try await answer($0, speaker) }
    }
  }

  private var given: [GivenOption] {
    target.given + [
      Settings.from.given(from), Settings.to.given(to), Settings.publicKeyFile.given(publicKeyFile),
      Settings.signedSince.given(signedSince), Settings.verifiedSince.given(since),
      Settings.commitSHA256.given(commitSha256),
    ]
  }

  private func answer(_ sources: SettingSources, _ speaker: Speaker) async throws -> LogAnswer {
    let (log, location) = (try sources.log(), try sources.archive())
    let archive = location.text
    let settings = try settings(sources)
    let watch = VerifyWatch(speaker: speaker)
    do {
      let report = try await Archive(location, log: log).verify(
        settings, patience: VerifyCommand.waitForRun,
        observe: { watch.progress($0) })
      guard let report else {
        throw Failure(
          status: .noArchive,
          sentence: "No archive of '\(log)' in \(quoted(archive)): check --archive and --organization.")
      }
      guard settings.signedSince == 1 || settings.signedSince <= report.newestCommit else {
        throw Failure.usage(
          "--signed-since \(settings.signedSince): the newest commit is \(report.newestCommit), so that none would be checked."
        )
      }
      let replacing = ReplaceCommand(
        log: log, archive: archive, source: report.source, formats: report.formats,
        retention: try sources.value(of: Settings.retention), now: SystemClock().now)
      let answer = VerifyReport(report: report, log: log, archive: archive, replacing: replacing)
      guard let message = answer.message else { return LogAnswer(answer) }
      return LogAnswer(answer, Failure(status: answer.status, sentence: message), heading: "")
    } catch let error as ArchiveError {
      throw Words(log: log, archive: archive).failure(error)
    }
  }

  /// How long a run that is just committing is given, in microseconds, before a file is taken for a leftover; some times over.
  private static let patience: UInt32 = 500_000

  static func waitForRun() { usleep(patience) }

  private func settings(_ sources: SettingSources) throws(Failure) -> VerificationSettings {
    var settings = VerificationSettings()
    settings.from = try sources.resolve(Settings.from)
    settings.to = try sources.resolve(Settings.to)
    settings.isQuick = quick
    settings.since = try since(sources)
    settings.publicKey = try publicKey(sources)
    if let first = try sources.resolve(Settings.signedSince) {
      guard settings.publicKey != nil else {
        throw .usage("--signed-since needs --public-key-file: without a key no signature is checked.")
      }
      settings.signedSince = first
    }
    if let from = settings.from, let to = settings.to, from >= to {
      throw .usage(
        "--from \(from) is not before --to \(to): the range would be empty (its end does not belong to it).")
    }
    return settings
  }

  /// nil: everything is to be verified.
  private func since(_ sources: SettingSources) throws(Failure) -> ProvenCommit? {
    let hash = try sources.resolve(Settings.commitSHA256)
    guard let number = try sources.resolve(Settings.verifiedSince) else {
      guard hash == nil else {
        throw .usage("--commit-sha256 needs --since: give the number of the commit that has this SHA-256.")
      }
      return nil
    }
    if number == 0 { return nil }
    guard let hash else {
      throw .usage(
        """
        --since \(number) needs --commit-sha256: the SHA-256 that verify gave with that commit. Without it a history that was \
        rewritten would pass.
        """)
    }
    return ProvenCommit(number: number, sha256: hash)
  }

  private func publicKey(_ sources: SettingSources) throws(Failure) -> VerificationKey? {
    guard let path = try sources.resolve(Settings.publicKeyFile) else { return nil }
    let text = try SmallFile.text(of: path, contents: "the public key")
    do {
      return try VerificationKey(pem: text)
    } catch {
      throw .usage("The file \(quoted(path)) \(error).")
    }
  }
}
