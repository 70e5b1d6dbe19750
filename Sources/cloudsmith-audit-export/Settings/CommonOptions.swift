import ArgumentParser

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
}

/// How the program speaks.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The answer on stdout: text (default) or json.", valueName: "format"),
    completion: .list(Settings.isJSON.choices))
  var outputFormat: String?

  @Option(
    help: ArgumentHelp(
      "What the log on stderr tells: debug, info (default; on a terminal warning), warning or error.",
      valueName: "level"), completion: .list(Settings.logLevel.choices))
  var logLevel: String?

  @Flag(name: [.long, .customShort("q")], help: "No progress and no log, only errors.")
  var quiet = false
}

/// Where the API is, and how to reach it.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The API; default https://api.cloudsmith.io. Plain http only on loopback.", valueName: "url"))
  var apiHost: String?

  @Option(
    help: ArgumentHelp("A file with the API key. The key itself is never an argument.", valueName: "file"),
    completion: .file())
  var apiKeyFile: String?

  @Option(
    help: ArgumentHelp("Trust the certificates in this PEM file, and no others.", valueName: "file"),
    completion: .file())
  var caFile: String?

  @Option(help: ArgumentHelp("Proxy for the API; else HTTPS_PROXY and NO_PROXY count.", valueName: "url"))
  var proxy: String?

  @Option(
    name: [.long, .customShort("P")],
    help: ArgumentHelp("The profile in cloudsmith-cli's credentials.ini.", valueName: "name"))
  var profile: String?
}
