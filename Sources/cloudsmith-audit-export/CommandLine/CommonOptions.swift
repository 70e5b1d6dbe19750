import ArgumentParser
import CommandResults
import ExportConfiguration

/// Which log, in which archive.
struct ArchiveOptions: ParsableArguments {
  @Option(
    name: [.customLong("organization"), .customLong("org"), .customLong("workspace"), .customShort("o")],
    help: ArgumentHelp(
      "The organisation's slug, as in its URL, or ORG/REPO for the log of one repository.", valueName: "org"))
  var organization: String?

  @Option(
    help: ArgumentHelp("The folder of the archive; made when it is not there.", valueName: "dir"),
    completion: .directory)
  var archive: String?

  var given: [GivenOption] { [Settings.log.given(organization), Settings.archive.given(archive)] }
}

/// The logs of a job file.
struct JobOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A job file: the logs in it, one after another, or of them the one of --organization. Options and environment count \
      before what it says.
      """, valueName: "file"), completion: .file())
  var config: String?
}

/// How the program speaks.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The answer on stdout: text (default) or json.", valueName: "format"),
    completion: .list(Settings.isJSON.choices))
  var outputFormat: String?

  @Option(
    help: ArgumentHelp(
      "What the log on stderr tells: debug, info (default), notice (default on a terminal), warning or error.",
      valueName: "level"), completion: .list(Settings.logLevel.choices))
  var logLevel: String?

  @Option(
    help: ArgumentHelp(
      "The log on stderr: text (default), or json, one object a line.", valueName: "format"))
  var logFormat: String?

  @Flag(name: [.long, .customShort("q")], help: "No progress, and of the log only warnings and errors.")
  var quiet = false
}

/// Where the API is, and how to reach it.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The API; default https://api.cloudsmith.io. Plain http only on loopback.", valueName: "url"))
  var apiHost: String?

  @Option(
    help: ArgumentHelp(
      "A file with the API key, or - for stdin. The key itself is never an argument.", valueName: "file"),
    completion: .file())
  var apiKeyFile: String?

  @Option(
    help: ArgumentHelp(
      "The service account that the identity token in CLOUDSMITH_OIDC_TOKEN is exchanged for.",
      valueName: "slug"))
  var oidcServiceSlug: String?

  @Option(
    help: ArgumentHelp("Trust the certificates in this PEM file, and no others.", valueName: "file"),
    completion: .file())
  var caFile: String?

  @Option(
    help: ArgumentHelp("Proxy for the API; else HTTPS_PROXY, ALL_PROXY and NO_PROXY count.", valueName: "url")
  )
  var proxy: String?

  @Option(
    name: [.long, .customShort("P")],
    help: ArgumentHelp("The profile in cloudsmith-cli's config.ini and credentials.ini.", valueName: "name"))
  var profile: String?

  var given: [GivenOption] {
    [
      Settings.apiHost.given(apiHost), Settings.apiKeyFile.given(apiKeyFile), Settings.caFile.given(caFile),
      Settings.oidcService.given(oidcServiceSlug), Settings.proxy.given(proxy),
      Settings.profile.given(profile),
    ]
  }
}

/// Who is told that a run has ended, besides whoever reads its answer.
struct ObservabilityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Write the run's figures to this file, whole, also when it fails, for the textfile collector of Prometheus' \
      node_exporter; the name should end in .prom.
      """, valueName: "file"), completion: .file())
  var metricsFile: String?

  @Option(
    help: ArgumentHelp(
      """
      Tell a dead man's switch when the run has ended: POST to this URL, or to URL/fail with the reason, as healthchecks.io \
      takes it; a URL of Cronitor or of Uptime Kuma gets the parameters that these take. The URL is a secret: rather set \
      CLOUDSMITH_AUDIT_EXPORT_NOTIFY_URL. A ping that fails is a warning.
      """, valueName: "url"))
  var notifyUrl: String?
}
