import ArgumentParser
import ExportConfiguration

extension ArgumentHelp {
  /// The help of a setting, with its default.
  ///
  /// - Parameter own: The help in a command where the setting's own is not right.
  fileprivate init<Value>(_ setting: Setting<Value>, own: String? = nil) {
    var help = own ?? setting.help
    if let defaultText = setting.defaultText {
      // Put the default before the full stop.
      help = "\(help.hasSuffix(".") ? String(help.dropLast()) : help) (default: \(defaultText))."
    }
    self.init("\(help)", valueName: setting.valueName)
  }
}

extension Option where Value == String? {
  /// The option of a setting. Its text becomes a value where the setting is resolved.
  ///
  /// - Parameters:
  ///   - names: Other names of the option.
  ///   - help: The help in this command; nil for that of the setting.
  init<T>(
    _ setting: Setting<T>, names: [NameSpecification.Element] = [], help: String? = nil,
    completion: CompletionKind? = nil
  ) {
    self.init(
      name: NameSpecification([.customLong(String(setting.option.dropFirst(2)))] + names),
      help: ArgumentHelp(setting, own: help),
      completion: completion ?? (setting.choices.isEmpty ? nil : .list(setting.choices)))
  }

  /// The former name of a setting's option, which help does not show.
  init<T>(former setting: Setting<T>) {
    self.init(
      name: .customLong(String((setting.formerOption ?? setting.option).dropFirst(2))), help: .hidden)
  }
}

extension Flag where Value == Bool? {
  /// The flag of a setting, and `--no-…` to turn off what a file or the environment turns on.
  ///
  /// - Parameter help: The help in this command; nil for that of the setting.
  init(_ setting: Setting<Bool>, help: String? = nil) {
    self.init(
      name: .customLong(String(setting.option.dropFirst(2))), inversion: .prefixedNo,
      help: ArgumentHelp(stringLiteral: help ?? setting.help))
  }
}

/// Which log, in which archive.
struct ArchiveOptions: ParsableArguments {
  @Option(Settings.log, names: [.customLong("org"), .customLong("workspace"), .customShort("o")])
  var organization: String?

  @Option(Settings.archive, completion: .directory)
  var archive: String?

  var given: [GivenOption] { [Settings.log.given(organization), Settings.archive.given(archive)] }
}

/// Where the store of a bucket is.
struct BucketOptions: ParsableArguments {
  @Option(Settings.s3Endpoint)
  var s3Endpoint: String?

  @Option(Settings.s3Region)
  var s3Region: String?

  @Option(Settings.s3Addressing)
  var s3Addressing: String?

  var given: [GivenOption] {
    [
      Settings.s3Endpoint.given(s3Endpoint), Settings.s3Region.given(s3Region),
      Settings.s3Addressing.given(s3Addressing),
    ]
  }
}

/// How a command that does not connect to the API connects to the store of a bucket.
struct BucketConnectionOptions: ParsableArguments {
  @Option(Settings.caFile, completion: .file())
  var caFile: String?

  @Option(Settings.proxy, help: "Proxy for the store (default: HTTPS_PROXY, ALL_PROXY and NO_PROXY).")
  var proxy: String?

  var given: [GivenOption] { [Settings.caFile.given(caFile), Settings.proxy.given(proxy)] }
}

/// How a run writes to a bucket.
struct BucketWritingOptions: ParsableArguments {
  @Option(Settings.s3Encryption)
  var s3Sse: String?

  @Option(Settings.scratchFolder, completion: .directory)
  var scratchDir: String?

  var given: [GivenOption] {
    [Settings.s3Encryption.given(s3Sse), Settings.scratchFolder.given(scratchDir)]
  }
}

/// The logs of a job file.
struct JobOptions: ParsableArguments {
  @Option(Settings.config, completion: .file())
  var config: String?

  @Option(Settings.parallelLogs)
  var parallelLogs: String?

  @Option(Settings.shard)
  var shard: String?

  /// - Parameter options: Those of the command.
  func logs(_ options: [GivenOption], _ environment: [String: String]) throws(Failure) -> LogSelection {
    try LogSelection(
      config: config, shard: .some(shard), options + [Settings.parallelLogs.given(parallelLogs)], environment)
  }
}

/// One log of a job file.
struct JobOfOneLogOptions: ParsableArguments {
  @Option(
    Settings.config,
    help: """
      A job file. --organization selects one log; it is required if the file has several. Options and environment variables take \
      precedence over the file.
      """, completion: .file())
  var config: String?
}

/// How the program writes its result and its log.
struct OutputOptions: ParsableArguments {
  @Option(Settings.outputFormat)
  var outputFormat: String?

  @Option(Settings.logLevel)
  var logLevel: String?

  @Option(Settings.isLogJSON)
  var logFormat: String?

  @Flag(
    name: [.long, .customShort("q")],
    help: """
      Show no progress, and log only warnings and errors. export, verify and check then print no text result, unless something is \
      wrong or --output-format is given.
      """)
  var quiet = false
}

/// Where the API is, and how to connect to it.
struct ConnectionOptions: ParsableArguments {
  @Option(Settings.apiKeyFile, completion: .file())
  var apiKeyFile: String?

  @Option(Settings.oidcService)
  var oidcServiceSlug: String?

  @Option(Settings.profile, names: [.customShort("P")])
  var profile: String?

  @Option(Settings.apiHost)
  var apiHost: String?

  @Option(Settings.caFile, completion: .file())
  var caFile: String?

  @Option(Settings.proxy)
  var proxy: String?

  var given: [GivenOption] {
    [
      Settings.apiKeyFile.given(apiKeyFile), Settings.oidcService.given(oidcServiceSlug),
      Settings.profile.given(profile), Settings.apiHost.given(apiHost), Settings.caFile.given(caFile),
      Settings.proxy.given(proxy),
    ]
  }
}

/// How a run reports its end to monitoring.
struct ObservabilityOptions: ParsableArguments {
  @Option(Settings.metricsFile, completion: .file())
  var metricsFile: String?

  @Option(Settings.notifyURL)
  var notifyUrl: String?
}
