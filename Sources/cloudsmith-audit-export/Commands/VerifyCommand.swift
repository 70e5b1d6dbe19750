import ArgumentParser
import AuditArchive
import AuditRecord
import CloudsmithAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Proves an archive, or tells all that is wrong with it. Needs neither network nor key, and does not disturb a run.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Prove that an archive is whole and unchanged, or tell all that is wrong with it.",
    discussion: """
      Reads every commit and every file, compares them with what was recorded when they were written, and reckons rows, bounds \
      and content hashes anew from the files themselves. It never stops at a finding; any finding is status 2.

      --from and --to limit the days whose files are read; the commits are always followed from the first to the last.

      With --public-key-file every commit has to be signed by that key, or those from --signed-since on: where signing, or \
      another key, began later, the first signature vouches by the chain for all that came before.

      Examples:
        cloudsmith-audit-export verify -o acme --archive /srv/audit
        cloudsmith-audit-export verify -o acme --archive /srv/audit --quick
        cloudsmith-audit-export verify -o acme --archive /srv/audit \\
          --from 2024-02-12 --to 2024-02-13 --output-format json
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

  @Flag(help: "Follow the commits and look at the sizes of the files; read none of them.")
  var quick = false

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
      return try await speaker.run(job) { try answer($0, speaker) }
    }
  }

  private var given: [GivenOption] {
    target.given + [
      Settings.from.given(from), Settings.to.given(to), Settings.publicKeyFile.given(publicKeyFile),
      Settings.signedSince.given(signedSince),
    ]
  }

  private func answer(_ sources: SettingSources, _ speaker: Speaker) throws -> LogAnswer {
    let (log, archive) = (try sources.log(), try sources.archive())
    let settings = try settings(sources)
    let watch = VerifyWatch(speaker: speaker)
    do {
      let report = try Archive.verify(
        at: archive, log: log, settings: settings, patience: VerifyCommand.waitForRun,
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
