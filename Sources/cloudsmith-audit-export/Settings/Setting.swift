import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import Logging

/// One setting: its option, its environment variables, and how its text is read.
struct Setting<Value>: Sendable {
  let option: String
  let variables: [String]
  /// What a right value looks like, with an example; ends the sentence about a wrong one.
  let expected: String
  /// The values there are, where they are few: for completion, and to guess at a mistyped one.
  let choices: [String]
  let read: @Sendable (String) -> Value?

  init(
    _ option: String, _ variables: String..., choices: [String] = [], expected: String,
    read: @escaping @Sendable (String) -> Value?
  ) {
    self.option = option
    self.variables = variables
    self.choices = choices
    self.expected = expected
    self.read = read
  }

  /// The value from the command line, else from the environment, else nil.
  func resolve(_ given: String?, _ environment: [String: String]) throws(Failure) -> Value? {
    if let given { return try parse(given, from: option) }
    for variable in variables {
      if let text = environment[variable], !text.isEmpty { return try parse(text, from: variable) }
    }
    return nil
  }

  private func parse(_ text: String, from source: String) throws(Failure) -> Value {
    // What the system handed over as bytes that are not UTF-8 has this in their place: it would name another thing.
    guard !text.unicodeScalars.contains("\u{FFFD}") else {
      throw .usage(
        "\(source): its bytes are not UTF-8; write it in UTF-8, or give the file or folder another name."
      )
    }
    guard let value = read(text) else {
      throw .usage(
        "\(source) \(quoted(text)): expected \(expected)." + Nearest.hint(for: text, among: choices))
    }
    return value
  }
}

/// A value of a user's as it can stand in a sentence: in quotes, without control characters, not endless.
func quoted(_ text: String) -> String {
  let visible = text.unicodeScalars.prefix(120).map { scalar in
    scalar.properties.generalCategory == .control ? "?" : String(scalar)
  }
  return "'" + visible.joined() + (text.unicodeScalars.count > 120 ? "…" : "") + "'"
}

enum Settings {
  static let log = Setting<LogName>(
    "--organization", "CLOUDSMITH_WORKSPACE", "CLOUDSMITH_ORG",
    expected: """
      the organisation's slug as in its URL, such as 'my-org', or 'my-org/my-repo' (letters, digits, '-', '_' and '.'; \
      not the display name)
      """, read: { LogName($0) })
  static let archive = Setting<String>(
    "--archive", "CLOUDSMITH_AUDIT_EXPORT_ARCHIVE", expected: "a folder, such as /srv/audit",
    read: { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 })
  static let isJSON = Setting<Bool>(
    "--output-format", "CLOUDSMITH_AUDIT_EXPORT_OUTPUT_FORMAT", choices: ["text", "json"],
    expected: "text or json",
    read: { ["text": false, "json": true][$0] })
  static let logLevel = Setting<Logger.Level>(
    "--log-level", "CLOUDSMITH_AUDIT_EXPORT_LOG_LEVEL", choices: ["debug", "info", "warning", "error"],
    expected: "debug, info, warning or error",
    read: { ["debug": .debug, "info": .info, "warning": .warning, "error": .error][$0] })
  static let apiHost = Setting<String>(
    "--api-host", "CLOUDSMITH_API_HOST", expected: "a URL such as https://api.cloudsmith.io", read: { $0 })
  static let apiKeyFile = Setting<String>(
    "--api-key-file", "CLOUDSMITH_AUDIT_EXPORT_API_KEY_FILE", expected: "a file",
    read: { $0.isEmpty ? nil : $0 })
  static let caFile = Setting<String>(
    "--ca-file", "CLOUDSMITH_AUDIT_EXPORT_CA_FILE", expected: "a PEM file", read: { $0.isEmpty ? nil : $0 })
  static let proxy = Setting<String>(
    "--proxy", "CLOUDSMITH_PROXY", "CLOUDSMITH_API_PROXY", expected: "a URL such as http://proxy:3128",
    read: { $0.isEmpty ? nil : $0 })
  static let profile = Setting<String>(
    "--profile", "CLOUDSMITH_PROFILE", expected: "the name of a profile", read: { $0.isEmpty ? nil : $0 })

  static let query = Setting<String>(
    "--query", "CLOUDSMITH_AUDIT_EXPORT_QUERY", expected: "a Cloudsmith search, such as actor:some-user",
    read: { $0.allSatisfy(\.isWhitespace) ? nil : $0 })
  static let timeFilter = Setting<ExportSettings.TimeFilter>(
    "--time-filter", "CLOUDSMITH_AUDIT_EXPORT_TIME_FILTER", choices: ["auto", "filter", "seek", "walk"],
    expected: "auto, filter, seek or walk",
    read: { ExportSettings.TimeFilter(rawValue: $0) })
  static let lookback = duration("--lookback", "LOOKBACK", example: "24h")
  static let settle = duration("--settle", "SETTLE", example: "10m")
  static let retention = duration("--retention", "RETENTION", example: "365d")
  static let maxWait = duration("--max-wait", "MAX_WAIT", example: "2h")
  static let requestTimeout = Setting<TimeSpan>(
    "--request-timeout", "CLOUDSMITH_AUDIT_EXPORT_REQUEST_TIMEOUT",
    expected: "a length of time of at least a second, such as 60s",
    read: { text in TimeSpan(text).flatMap { $0 >= .seconds(1) ? $0 : nil } })
  static let pageSize = number("--page-size", "PAGE_SIZE", 1...500, example: "500")
  static let maxConcurrentRequests = number(
    "--max-concurrent-requests", "MAX_CONCURRENT_REQUESTS", 1...64, example: "4")
  static let retries = number("--retries", "RETRIES", 1...100, example: "6")
  static let compressionLevel = number("--compression-level", "COMPRESSION_LEVEL", 1...9, example: "6")
  static let memoryLimit = Setting<Int>(
    "--memory-limit", "CLOUDSMITH_AUDIT_EXPORT_MEMORY_LIMIT",
    expected: "a size such as 256MiB or 1GiB", read: { ByteCount($0)?.bytes })
  static let pace = Setting<PaceRule>(
    "--max-requests-per-second", "CLOUDSMITH_AUDIT_EXPORT_MAX_REQUESTS_PER_SECOND",
    choices: ["1", "auto", "unlimited"], expected: "a number above 0 such as 1 or 0.5, or auto, or unlimited",
    read: { PaceRule($0) })
  static let rateReserve = Setting<RateReserve>(
    "--rate-reserve", "CLOUDSMITH_AUDIT_EXPORT_RATE_RESERVE", expected: "a share such as 20%",
    read: { RateReserve($0) })

  static let signingKeyFile = Setting<String>(
    "--signing-key-file", "CLOUDSMITH_AUDIT_EXPORT_SIGNING_KEY_FILE", expected: "a file",
    read: { $0.isEmpty ? nil : $0 })

  static let publicKeyFile = Setting<String>(
    "--public-key-file", "CLOUDSMITH_AUDIT_EXPORT_PUBLIC_KEY_FILE", expected: "a file",
    read: { $0.isEmpty ? nil : $0 })
  static let signedSince = Setting<Int>(
    "--signed-since", expected: "the number of the first commit that was signed, such as 7",
    read: { text in Int(text).flatMap { $0 > 0 ? $0 : nil } })

  static let since = Setting<Int>(
    "--since", expected: "the number of the commit that was loaded last, such as 41, or 0 for everything",
    read: { text in Int(text).flatMap { $0 >= 0 ? $0 : nil } })
  static let changesForm = Setting<ChangesForm>(
    "--as", choices: ["table", "json", "paths", "sha256sums", "redshift"],
    expected: "table, json, paths, sha256sums or redshift", read: { ChangesForm(rawValue: $0) })
  static let formats = Setting<Set<PartFormat>>(
    "--format", "CLOUDSMITH_AUDIT_EXPORT_FORMAT", choices: ["csv", "parquet", "csv,parquet"],
    expected: "csv, parquet, or csv,parquet",
    read: { text in
      let names = text.split(separator: ",", omittingEmptySubsequences: false)
      let formats = names.compactMap { PartFormat(rawValue: String($0)) }
      return formats.count == names.count ? Set(formats) : nil
    })
  static let partFormat = Setting<PartFormat>(
    "--format", choices: ["csv", "parquet"], expected: "csv or parquet", read: { PartFormat(rawValue: $0) })
  static let urlPrefix = Setting<String>(
    "--url-prefix", "CLOUDSMITH_AUDIT_EXPORT_URL_PREFIX",
    expected: "where the archive stands in S3, such as s3://my-bucket/audit",
    read: { text in
      let prefix = text.reversed().drop { $0 == "/" }.reversed()
      let isURL = text.hasPrefix("s3://") && prefix.count > 5
      return isURL && !text.contains { $0.isWhitespace } ? String(prefix) : nil
    })

  private static func duration(_ option: String, _ name: String, example: String) -> Setting<TimeSpan> {
    Setting(
      option, "CLOUDSMITH_AUDIT_EXPORT_" + name,
      expected: "a length of time such as \(example) (s, m, h or d)",
      // A century is more than anything here can mean, and can be added to any date.
      read: { text in TimeSpan(text).flatMap { $0 <= .days(36_525) ? $0 : nil } })
  }

  private static func number(
    _ option: String, _ name: String, _ range: ClosedRange<Int>, example: String
  ) -> Setting<Int> {
    Setting(
      option, "CLOUDSMITH_AUDIT_EXPORT_" + name,
      expected: "a whole number from \(range.lowerBound) to \(range.upperBound), such as \(example)",
      read: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } })
  }
}
