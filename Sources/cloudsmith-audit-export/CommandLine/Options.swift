import ArgumentParser
import ExportConfiguration

extension ArgumentHelp {
  /// The help of a setting, with its default.
  fileprivate init<Value>(_ setting: Setting<Value>) {
    var help = setting.help
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
  /// - Parameter names: Other names of the option.
  init<T>(_ setting: Setting<T>, names: [NameSpecification.Element] = [], completion: CompletionKind? = nil) {
    self.init(
      name: NameSpecification([.customLong(String(setting.option.dropFirst(2)))] + names),
      help: ArgumentHelp(setting),
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
  init(_ setting: Setting<Bool>) {
    self.init(
      name: .customLong(String(setting.option.dropFirst(2))), inversion: .prefixedNo,
      help: ArgumentHelp(stringLiteral: setting.help))
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
}

/// How the program writes its result and its log.
struct OutputOptions: ParsableArguments {
  @Option(Settings.isJSON)
  var outputFormat: String?

  @Option(Settings.logLevel)
  var logLevel: String?

  @Option(Settings.isLogJSON)
  var logFormat: String?

  @Flag(name: [.long, .customShort("q")], help: "Show no progress, and log only warnings and errors.")
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
