package import AuditArchive
package import AuditExport
package import AuditRecord
package import CloudsmithAPI
package import Logging

/// The one table of settings.
package enum Settings {
  // MARK: - What

  package static let log = Setting<LogName>(
    "--organization", "CLOUDSMITH_WORKSPACE", "CLOUDSMITH_ORG",
    cli: ["workspace", "organization", "org", "oidc_org"],
    expected: """
      the organisation's slug as in its URL, such as 'my-org', or 'my-org/my-repo' (letters, digits, '-', '_' and '.'; \
      not the display name)
      """, read: { LogName($0) })
  package static let archive: Setting<ArchiveLocation> = {
    let (variables, expected) = (["CLOUDSMITH_AUDIT_EXPORT_ARCHIVE"], "a folder, such as /srv/audit")
    return Setting("--archive", variables, job: .path, expected: expected) { text throws(Misread) in
      ArchiveLocation(folder: try PathText.read(text, expected: expected, variables: variables))
    }
  }()
  package static let existing = Setting<Bool>(
    "--existing", "CLOUDSMITH_AUDIT_EXPORT_EXISTING", standard: "false", job: .boolean,
    expected: "true or false", read: { Bool($0) })
  package static let backfillStart = time("--backfill-start-time", "BACKFILL_START_TIME", job: .text)
  package static let from = time("--from", "FROM")
  package static let to = time("--to", "TO")
  package static let wholeDays = Setting<Bool>(
    "--whole-days", "CLOUDSMITH_AUDIT_EXPORT_WHOLE_DAYS", standard: "false", job: .boolean,
    expected: "true or false", read: { Bool($0) })
  package static let query = Setting<String>(
    "--query", "CLOUDSMITH_AUDIT_EXPORT_QUERY", job: .text,
    expected: "a Cloudsmith search, such as actor:some-user",
    read: { $0.allSatisfy(\.isWhitespace) ? nil : $0 })
  package static let formats = Setting<Set<PartFormat>>(
    "--format", "CLOUDSMITH_AUDIT_EXPORT_FORMAT",
    job: .list(PartFormat.allCases.map(\.rawValue)), expected: "csv, parquet, or csv,parquet",
    read: { text in
      let names = text.split(separator: ",", omittingEmptySubsequences: false)
      let formats = names.compactMap { PartFormat(rawValue: String($0)) }
      return formats.count == names.count ? Set(formats) : nil
    })

  // MARK: - How

  package static let lookback = duration("--lookback", "LOOKBACK", standard: "24h")
  package static let settle = duration("--settle", "SETTLE", standard: "10m")
  package static let retention = duration("--retention", "RETENTION", standard: "365d")
  package static let timeFilter = Setting<ExportSettings.TimeFilter>(
    "--time-filter", "CLOUDSMITH_AUDIT_EXPORT_TIME_FILTER", standard: "auto",
    job: .choice(ExportSettings.TimeFilter.allCases.map(\.rawValue)),
    expected: "auto, filter, seek or walk", read: { ExportSettings.TimeFilter(rawValue: $0) })
  package static let pageSize = number("--page-size", "PAGE_SIZE", 1...500, standard: "500")
  package static let maxConcurrentRequests = number(
    "--max-concurrent-requests", "MAX_CONCURRENT_REQUESTS", 1...64, standard: "1", example: "4")
  package static let pace = Setting<PaceRule>(
    "--max-requests-per-second", "CLOUDSMITH_AUDIT_EXPORT_MAX_REQUESTS_PER_SECOND", standard: "1",
    job: .number(or: ["auto", "unlimited"]),
    expected: "a number above 0 such as 1 or 0.5, or auto, or unlimited", read: { PaceRule($0) })
  package static let rateReserve = Setting<RateReserve>(
    "--rate-reserve", "CLOUDSMITH_AUDIT_EXPORT_RATE_RESERVE", standard: "20%", job: .text,
    expected: "a share such as 20%", read: { RateReserve($0) })
  package static let maxWait = duration("--max-wait", "MAX_WAIT", standard: "2h")
  package static let retries = number("--retries", "RETRIES", 1...100, standard: "6")
  package static let requestTimeout = Setting<TimeSpan>(
    "--request-timeout", "CLOUDSMITH_AUDIT_EXPORT_REQUEST_TIMEOUT", standard: "60s", job: .text,
    expected: "a length of time of at least a second, such as 60s",
    read: { text in TimeSpan(text).flatMap { $0 >= .seconds(1) ? $0 : nil } })
  package static let compressionLevel = number(
    "--compression-level", "COMPRESSION_LEVEL", 1...9, standard: "6")
  package static let parquetCodec = Setting<ParquetCodecName>(
    "--parquet-compression", ["CLOUDSMITH_AUDIT_EXPORT_PARQUET_COMPRESSION"], standard: "gzip",
    job: .choice(ParquetCodecName.allCases.map(\.rawValue)), expected: "gzip or zstd",
    parse: { text throws(Misread) in
      guard let codec = ParquetCodecName(rawValue: text) else { throw Misread(": expected gzip or zstd") }
      guard codec.isBuiltIn else {
        throw Misread(": this program was built without it; build it with --traits zstd")
      }
      return codec
    })
  package static let memoryLimit = Setting<Int>(
    "--memory-limit", "CLOUDSMITH_AUDIT_EXPORT_MEMORY_LIMIT", standard: "256MiB", job: .text,
    expected: "a size such as 256MiB or 1GiB", read: { ByteCount($0)?.bytes })
  package static let signingKeyFile = file("--signing-key-file", "SIGNING_KEY_FILE")

  // MARK: - Connection

  package static let apiHost = Setting<String>(
    "--api-host", ["CLOUDSMITH_API_HOST"], cli: ["api_host"], standard: APIHost.cloudsmith.description,
    job: .text, expected: "a URL such as https://api.cloudsmith.io",
    isTrustedFromHere: { CloudsmithHosts.include($0) },
    shown: { URLText.withoutUser($0) },
    parse: { text throws(Misread) in
      do {
        _ = try APIHost(text)
        return text
      } catch {
        throw Misread(": \(error)", repeatsText: false)
      }
    })
  package static let apiKeyFile = file("--api-key-file", "API_KEY_FILE")
  /// In a job file alone.
  package static let apiKeyVariable = Setting<String>(
    "--api-key-variable", [], job: .text,
    expected:
      "the name of the environment variable that holds the API key, such as ACME_API_KEY (not the key)",
    parse: { text throws(Misread) in
      guard text.wholeMatch(of: /[A-Z_][A-Z0-9_]*/) == nil else { return text }
      throw Misread(
        ": expected the name of an environment variable, such as ACME_API_KEY, and not the key itself",
        repeatsText: false)
    })
  package static let oidcService = Setting<Slug>(
    "--oidc-service-slug", "CLOUDSMITH_SERVICE_SLUG", cli: ["oidc_service_slug"], job: .text,
    expected: "the slug of a service account, such as audit-export-x1y2", read: { Slug($0) })
  package static let profile = Setting<String>(
    "--profile", "CLOUDSMITH_PROFILE", job: .text, expected: "the name of a profile",
    read: { $0.isEmpty ? nil : $0 })
  package static let caFile = path("--ca-file", "CA_FILE", job: .path, expected: "a PEM file")
  package static let proxy = Setting<String>(
    "--proxy", ["CLOUDSMITH_PROXY", "CLOUDSMITH_API_PROXY"], cli: ["proxy", "api_proxy"], job: .text,
    expected: "a URL such as http://proxy:3128",
    // As cloudsmith-cli does: there is no proxy that everybody trusts.
    isTrustedFromHere: { _ in false },
    shown: { URLText.withoutUser($0) },
    parse: { text throws(Misread) in
      do {
        _ = try ProxyAddress(text)
        return text
      } catch {
        throw Misread(": \(error)", repeatsText: false)
      }
    })

  // MARK: - Other commands

  package static let config = path("--config", "CONFIG", expected: "a job file, such as job.yaml")

  package static let isJSON = Setting<Bool>(
    "--output-format", "CLOUDSMITH_AUDIT_EXPORT_OUTPUT_FORMAT", choices: ["text", "json"],
    expected: "text or json",
    read: { ["text": false, "json": true][$0] })
  package static let logLevel = Setting<Logger.Level>(
    "--log-level", "CLOUDSMITH_AUDIT_EXPORT_LOG_LEVEL",
    choices: ["debug", "info", "notice", "warning", "error"],
    expected: "debug, info, notice, warning or error",
    read: {
      ["debug": .debug, "info": .info, "notice": .notice, "warning": .warning, "error": .error][$0]
    })
  package static let html = path("--html", "HTML", expected: "the file to write, such as audit.html")
  package static let publicKeyFile = file("--public-key-file", "PUBLIC_KEY_FILE")
  package static let signedSince = Setting<Int>(
    "--signed-since", expected: "the number of the first commit that was signed, such as 7",
    read: { text in Int(text).flatMap { $0 > 0 ? $0 : nil } })
  package static let since = Setting<Int>(
    "--since", expected: "the number of the commit that was loaded last, such as 41, or 0 for everything",
    read: { text in Int(text).flatMap { $0 >= 0 ? $0 : nil } })
  /// Of `verify`.
  package static let verifiedSince = Setting<Int>(
    "--since", expected: "the number of a commit that was verified before, such as 41, or 0 for everything",
    read: { text in Int(text).flatMap { $0 >= 0 ? $0 : nil } })
  package static let commitSHA256 = Setting<String>(
    "--commit-sha256", expected: "the 64 hex digits of the commit's SHA-256",
    read: { text in
      let digits = text.lowercased()
      return digits.utf8.count == 64 && digits.allSatisfy(\.isHexDigit) ? digits : nil
    })
  package static let linkTo: Setting<String> = {
    let expected = "a folder that is not there yet, or is empty"
    return Setting("--link-to", [], expected: expected) { text throws(Misread) in
      try PathText.read(text, expected: expected, variables: [])
    }
  }()
  package static let changesForm = Setting<ChangesForm>(
    "--as", choices: ["table", "json", "paths", "sha256sums", "redshift"],
    expected: "table, json, paths, sha256sums or redshift", read: { ChangesForm(rawValue: $0) })
  package static let partFormat = Setting<PartFormat>(
    "--format", choices: ["csv", "parquet"], expected: "csv or parquet", read: { PartFormat(rawValue: $0) })
  package static let urlPrefix = Setting<String>(
    "--url-prefix", "CLOUDSMITH_AUDIT_EXPORT_URL_PREFIX",
    expected: "where the archive stands in S3, such as s3://my-bucket/audit",
    read: { text in
      let prefix = text.reversed().drop { $0 == "/" }.reversed()
      let isURL = text.hasPrefix("s3://") && prefix.count > 5
      return isURL && !text.contains { $0.isWhitespace } ? String(prefix) : nil
    })

  // MARK: - Observability

  package static let metricsFile = path(
    "--metrics-file", "METRICS_FILE",
    expected: "a file, such as /var/lib/prometheus/node-exporter/cloudsmith.prom")
  /// Read by `NoticeURL`, whose refusals do not repeat it: it is a secret.
  package static let notifyURL = Setting<String>(
    "--notify-url", ["CLOUDSMITH_AUDIT_EXPORT_NOTIFY_URL"], expected: "a URL", shown: { _ in "[redacted]" },
    parse: { $0 })
  package static let isLogJSON = Setting<Bool>(
    "--log-format", "CLOUDSMITH_AUDIT_EXPORT_LOG_FORMAT", choices: ["text", "json"],
    expected: "text or json",
    read: { ["text": false, "json": true][$0] })

  // MARK: - Kinds

  private static func time(
    _ option: String, _ name: String, job: JobForm? = nil
  ) -> Setting<Timestamp> {
    Setting(
      option, ["CLOUDSMITH_AUDIT_EXPORT_" + name], job: job,
      expected: "a time such as 2024-01-01T00:00:00Z, or a date", parse: TimeText.read)
  }

  private static func file(_ option: String, _ name: String) -> Setting<String> {
    path(option, name, job: .path, expected: "a file")
  }

  package static func path(
    _ option: String, _ name: String, job: JobForm? = nil, expected: String
  ) -> Setting<String> {
    let variables = ["CLOUDSMITH_AUDIT_EXPORT_" + name]
    return Setting(option, variables, job: job, expected: expected) { text throws(Misread) in
      try PathText.read(text, expected: expected, variables: variables)
    }
  }

  private static func duration(_ option: String, _ name: String, standard: String) -> Setting<TimeSpan> {
    Setting(
      option, "CLOUDSMITH_AUDIT_EXPORT_" + name, standard: standard, job: .text,
      expected: "a length of time such as \(standard) (s, m, h or d)",
      // A century is more than anything here can mean, and can be added to any date.
      read: { text in TimeSpan(text).flatMap { $0 <= .days(36_525) ? $0 : nil } })
  }

  private static func number(
    _ option: String, _ name: String, _ range: ClosedRange<Int>, standard: String, example: String? = nil
  ) -> Setting<Int> {
    Setting(
      option, "CLOUDSMITH_AUDIT_EXPORT_" + name, standard: standard, job: .integer(range),
      expected:
        "a whole number from \(range.lowerBound) to \(range.upperBound), such as \(example ?? standard)",
      read: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } })
  }
}

extension Settings {
  /// What an export is made of, in the order in which it is shown; what has a form for it can stand in a job file.
  package static let ofExport: [any SettingDefinition] = [
    log, archive, existing, backfillStart, from, to, wholeDays, query, formats, lookback, settle, retention,
    timeFilter,
    pageSize, maxConcurrentRequests, pace, rateReserve, maxWait, retries, requestTimeout, compressionLevel,
    parquetCodec,
    memoryLimit, signingKeyFile, apiHost, apiKeyFile, apiKeyVariable, oidcService, profile, caFile, proxy,
  ]

  /// What a job file may hold: of an export, and of `verify`.
  package static let ofJobFile: [any SettingDefinition] = (ofExport + [publicKeyFile]).filter {
    $0.job != nil
  }
}

/// How the answer of `changes` is written.
package enum ChangesForm: String {
  case table, json, paths, sha256sums, redshift
}
