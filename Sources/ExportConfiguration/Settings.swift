package import AuditArchive
package import AuditExport
package import AuditRecord
import BucketArchive
package import CloudsmithAPI
import HTTP
package import Logging
import PartitionFormats

/// The table of all settings.
package enum Settings {
  // MARK: - What to export

  package static let log = Setting<LogName>(
    "--organization", variables: ["CLOUDSMITH_WORKSPACE", "CLOUDSMITH_ORG"],
    cli: ["workspace", "organization", "org", "oidc_org"], valueName: "org",
    help: "The organization's slug, as in its URL, or ORG/REPO for the log of one repository.",
    expected: """
      the organization's slug as in its URL, such as 'my-org', or 'my-org/my-repo' (letters, digits, '-', '_' and '.'; \
      not the display name)
      """, parse: { LogName($0) })
  package static let archive: Setting<ArchiveAddress> = {
    let expected = "a folder such as /srv/audit, or a bucket such as s3://my-bucket/audit"
    return Setting(
      "--archive", job: .path, valueName: "dir",
      help: "The archive: a folder, or a bucket (s3://bucket/prefix).",
      expected: expected
    ) { text throws(ValueError) in
      guard !BucketAddress.isMeant(by: text) else {
        if let slip = Slip(text, variables: [variable("--archive")]) { throw ValueError(slip.words) }
        do {
          return .bucket(try BucketAddress(text))
        } catch {
          throw ValueError("\(error)")
        }
      }
      return .folder(try PathText.read(text, expected: expected, variables: [variable("--archive")]))
    }
  }()
  package static let config = path(
    "--config", valueName: "file",
    help: """
      A job file. The command runs for each log in it, or only for the one given by --organization. Options and environment \
      variables take precedence over the file.
      """, expected: "a job file, such as job.yaml")
  package static let existing = boolean(
    "--existing",
    help: """
      Never create an archive. If there is none, for example because the path is mistyped or the volume is not mounted, exit with status \
      \(ExitStatus.noArchive.rawValue). Use it for every run but the first.
      """)
  package static let backfillStart = time(
    "--backfill-start-time", job: .text,
    help: """
      The time at which a new archive begins. Without it, a new archive begins now. Pass an earlier time later to extend the archive backwards; \
      the next run fills the gap.
      """)
  package static let from = time("--from", help: "Export from this time on (requires --to).")
  package static let to = time("--to", help: "Export up to this time, exclusive (requires --from).")
  package static let wholeDays = boolean("--whole-days", help: "Export only completed days (UTC).")
  package static let query = Setting<String>(
    "--query", job: .text, valueName: "query",
    help:
      "Export only events that match a Cloudsmith search, such as actor:some-user. Fixed for the life of the archive.",
    expected: "a Cloudsmith search, such as actor:some-user",
    parse: { $0.allSatisfy(\.isWhitespace) ? nil : $0 })
  package static let formats = Setting<ArchiveFormats>(
    "--format", job: .list(ArchiveFormats.names), valueName: "formats",
    help: """
      csv, parquet, delta, or several, such as csv,delta (default: the formats of the archive's newest days; csv for a new archive). \
      delta is Parquet, and makes the archive a Delta Lake table, which it then stays. Days that lack a format are converted from the \
      archive, without the API. Files of a format that is left out stay until their day changes.
      """, expected: "csv, parquet, delta, or several, such as csv,delta",
    parse: { ArchiveFormats($0) })
  package static let keepSuperseded = Setting<TimeSpan>(
    "--keep-superseded", job: .text, valueName: "duration",
    help: """
      Keep the Parquet files that an export replaces for this long, for queries that read an earlier version of the Delta Lake table \
      (default: delete them at once).
      """, expected: "a duration such as 48h (s, m, h or d)", parse: { readSpan($0) })
  package static let lookback = duration(
    "--lookback", default: ExportSettings.Default.lookback,
    help: "How far before the end of the coverage to read again, for events that were written late.")

  // MARK: - How to export

  package static let settle = duration(
    "--settle", default: ExportSettings.Default.settle,
    help: "Skip events newer than this; the next run exports them.")
  package static let quietCommitInterval = duration(
    "--quiet-commit-interval", default: ExportSettings.Default.quietCommitInterval,
    help: """
      Record a run that found nothing new only if the newest commit is at least this old; the next run also covers its window. 0s \
      records every run.
      """)
  package static let retention = duration(
    "--retention", default: ExportSettings.Default.retention,
    help: "How long your plan keeps events. Nothing older counts as covered. Some plans keep 30d or 60d.")
  package static let timeFilter = Setting<ExportSettings.TimeFilter>(
    "--time-filter", default: ExportSettings.Default.timeFilter.rawValue,
    job: .choice(ExportSettings.TimeFilter.allCases.map(\.rawValue)), valueName: "method",
    help: """
      How to reach an old window: seek (binary search over the pages), walk (read all newer pages), filter (the API's time \
      filter), or auto: seek, and filter only where the API refuses deep pages.
      """, expected: "auto, filter, seek or walk", parse: { ExportSettings.TimeFilter(rawValue: $0) })
  package static let pageSize = number(
    "--page-size", 1...500, default: ExportSettings.Default.pageSize, help: "Events per page, 1 to 500.")
  package static let maxConcurrentRequests = number(
    "--max-concurrent-requests", 1...64, default: ExportSettings.Default.maxConcurrentRequests, example: 4,
    help: "Pages to request at once, 1 to 64. The request rate stays the same.")
  package static let pace = Setting<PaceRule>(
    "--max-requests-per-second", default: "1", job: .number(or: ["auto", "unlimited"]), valueName: "rate",
    help: "A number, auto (as fast as the rate limit allows, less the reserve), or unlimited.",
    expected: "a number above 0 such as 1 or 0.5, or auto, or unlimited", parse: { PaceRule($0) })
  package static let rateReserve = Setting<RateReserve>(
    "--rate-reserve", default: "20%", job: .text, valueName: "share",
    help: "With auto: the share of the rate limit to leave for other users of the key.",
    expected: "a share such as 20%", parse: { RateReserve($0) })
  package static let maxWait = duration(
    "--max-wait", default: RetryPolicy.Default.maxWait,
    help:
      "The longest wait to accept from the API. If it asks for more, the run stops and keeps completed days.")
  package static let maxAttempts = number(
    "--max-attempts", formerly: "--retries", 1...100, default: RetryPolicy.Default.attempts,
    help: "Attempts per page, including the first.")
  package static let requestTimeout = Setting<TimeSpan>(
    "--request-timeout", default: "60s", job: .text, valueName: "duration",
    help: "The longest time for one request, including at most 10s to connect.",
    expected: "a duration of at least one second, such as 60s",
    parse: { text in TimeSpan(text).flatMap { $0 >= .seconds(1) ? $0 : nil } })
  package static let compressionLevel = number(
    "--compression-level", 1...9, default: WriterSettings.defaultCompressionLevel,
    help: "gzip level, 1 (fastest) to 9 (smallest).")
  package static let parquetCodec = Setting<ParquetCodec>(
    "--parquet-compression", default: ParquetCodec.gzip.rawValue,
    job: .choice(ParquetCodec.allCases.map(\.rawValue)), valueName: "codec",
    help: "Compression of Parquet files: gzip, or zstd in a build with the package trait zstd.",
    expected: "gzip or zstd",
    parsing: { text throws(ValueError) in
      guard let codec = ParquetCodec(rawValue: text) else { throw ValueError(": expected gzip or zstd") }
      guard codec.isBuiltIn else {
        throw ValueError(": this program was built without it; build it with --traits zstd")
      }
      return codec
    })
  package static let maxLogDuration = Setting<TimeSpan>(
    "--max-log-duration", job: .text, valueName: "duration",
    help: """
      Stop the export of a log after this time (default: no limit). It keeps completed days and ends with status \
      \(ExitStatus.incomplete.rawValue); the next run continues.
      """, expected: "a duration of at least one second, such as 2h (s, m, h or d)",
    parse: { text in TimeSpan(text).flatMap { $0 >= .seconds(1) && $0 <= .days(36_525) ? $0 : nil } })
  package static let memoryLimit = Setting<Int>(
    "--memory-limit", default: "\(ExportSettings.Default.memoryLimit >> 20)MiB", job: .text,
    valueName: "size",
    help: """
      Memory for events of days that are not complete yet. Beyond it, they are spilled to disk. With --parallel-logs, the limit \
      applies to the whole process.
      """,
    expected: "a size such as 256MiB or 1GiB", parse: { ByteCount($0)?.bytes })
  package static let signingKeyFile = file(
    "--signing-key-file",
    help: """
      Sign every commit with this Ed25519 key (PEM, as written by openssl genpkey -algorithm ed25519). The signature is stored \
      beside the commit.
      """)

  // MARK: - Connection

  package static let apiHost = Setting<String>(
    "--api-host", variables: ["CLOUDSMITH_API_HOST"], cli: ["api_host"],
    default: APIHost.cloudsmith.description, job: .text, valueName: "url",
    help: "The URL of the API. Plain http is allowed only on loopback.",
    expected: "a URL such as https://api.cloudsmith.io",
    isTrustedFromWorkingDirectory: { CloudsmithHosts.include($0) },
    shown: { URLText.withoutUser($0) },
    parsing: { text throws(ValueError) in
      do {
        _ = try APIHost(text)
        return text
      } catch {
        throw ValueError(": \(error)", repeatsText: false)
      }
    })
  package static let apiKeyFile = file(
    "--api-key-file", help: "A file with the API key, or - for stdin. The key itself is never an argument.")
  /// Only in job files.
  package static let apiKeyVariable = Setting<String>(
    "--api-key-variable", variables: [], job: .text,
    help: "The environment variable that holds the API key of this log.",
    expected:
      "the name of the environment variable that holds the API key, such as ACME_API_KEY (not the key)",
    parsing: { text throws(ValueError) in
      guard text.wholeMatch(of: /[A-Z_][A-Z0-9_]*/) == nil else { return text }
      throw ValueError(
        ": expected the name of an environment variable, such as ACME_API_KEY, not the key itself",
        repeatsText: false)
    })
  package static let oidcService = Setting<Slug>(
    "--oidc-service-slug", variables: ["CLOUDSMITH_SERVICE_SLUG"], cli: ["oidc_service_slug"], job: .text,
    valueName: "slug",
    help: "The service account to authenticate as, with the identity token in CLOUDSMITH_OIDC_TOKEN.",
    expected: "the slug of a service account, such as audit-export-x1y2", parse: { Slug($0) })
  package static let profile = Setting<String>(
    "--profile", variables: ["CLOUDSMITH_PROFILE"], job: .text, valueName: "name",
    help: "The profile to read from cloudsmith-cli's config.ini and credentials.ini.",
    expected: "the name of a profile", parse: { $0.isEmpty ? nil : $0 })
  package static let caFile = path(
    "--ca-file", job: .path, valueName: "file",
    help: "Trust only the certificates in this PEM file (default: the system's).", expected: "a PEM file")
  package static let proxy = Setting<String>(
    "--proxy", variables: ["CLOUDSMITH_PROXY", "CLOUDSMITH_API_PROXY"], cli: ["proxy", "api_proxy"],
    job: .text, valueName: "url",
    help: "Proxy for the API and the store of a bucket (default: HTTPS_PROXY, ALL_PROXY and NO_PROXY).",
    expected: "a URL such as http://proxy:3128",
    // As in cloudsmith-cli: a proxy from a file in the working directory is never trusted.
    isTrustedFromWorkingDirectory: { _ in false },
    shown: { URLText.withoutUser($0) },
    parsing: { text throws(ValueError) in
      do {
        _ = try ProxyAddress(text)
        return text
      } catch {
        throw ValueError(": \(error)", repeatsText: false)
      }
    })

  // MARK: - Output

  package static let outputFormat = Setting<OutputFormat>(
    "--output-format", choices: OutputFormat.allCases.map(\.rawValue), valueName: "format",
    help: """
      The format of the result on stdout: text (default), json, or jsonl (JSON on one line). With a job file, json and jsonl print one \
      line for each log when it ends; json puts the lines into one document.
      """, expected: "text, json or jsonl", parse: { OutputFormat(rawValue: $0) })
  package static let logLevel = Setting<Logger.Level>(
    "--log-level", choices: ["debug", "info", "notice", "warning", "error"], valueName: "level",
    help:
      "What to log on stderr: debug, info, notice, warning or error (default: info; notice on a terminal).",
    expected: "debug, info, notice, warning or error",
    parse: {
      ["debug": .debug, "info": .info, "notice": .notice, "warning": .warning, "error": .error][$0]
    })
  package static let isLogJSON = Setting<Bool>(
    "--log-format", choices: ["text", "json"], valueName: "format",
    help: "The format of the log on stderr: text (default), or json with one object per line.",
    expected: "text or json", parse: { ["text": false, "json": true][$0] })
  package static let metricsFile = path(
    "--metrics-file", valueName: "file",
    help: """
      Write metrics of the run to this file, even if the run fails, for the textfile collector of Prometheus node_exporter. The \
      name should end in .prom.
      """, expected: "a file, such as /var/lib/prometheus/node-exporter/cloudsmith.prom")
  /// `HeartbeatURL` parses it. Its errors do not repeat the text, which is a secret.
  package static let notifyURL = Setting<String>(
    "--notify-url", valueName: "url",
    help: """
      Ping a heartbeat monitor when the run ends: POST to this URL, or to URL/fail with the reason (healthchecks.io); URLs of \
      Cronitor and Uptime Kuma get their own parameters. The URL is a secret, so prefer \(variable("--notify-url")). A failed ping is \
      only a warning.
      """, expected: "a URL", shown: { _ in "[redacted]" }, parsing: { $0 })

  // MARK: - Other commands

  package static let html = path(
    "--html", valueName: "file", help: "The HTML file to write.",
    expected: "the file to write, such as audit.html")
  package static let publicKeyFile = file(
    "--public-key-file", help: "Check the signature of every commit with this Ed25519 public key (PEM).")
  package static let signedSince = Setting<Int>(
    "--signed-since", variables: [], valueName: "commit", help: "The first commit that must be signed.",
    expected: "the number of the first commit that was signed, such as 7",
    parse: { text in Int(text).flatMap { $0 > 0 ? $0 : nil } })
  /// `changes --since`.
  package static let since = Setting<Int>(
    "--since", variables: [], valueName: "commit", help: "The commit that was loaded last; 0 for everything.",
    expected: "the number of the commit that was loaded last, such as 41, or 0 for everything",
    parse: { text in Int(text).flatMap { $0 >= 0 ? $0 : nil } })
  /// `verify --since`.
  package static let verifiedSince = Setting<Int>(
    "--since", variables: [], valueName: "commit",
    help: "Verify only what came after this commit, which was verified before.",
    expected: "the number of a commit that was verified before, such as 41, or 0 for everything",
    parse: { text in Int(text).flatMap { $0 >= 0 ? $0 : nil } })
  package static let commitSHA256 = Setting<String>(
    "--commit-sha256", variables: [], valueName: "hash",
    help: "The SHA-256 that was reported with that commit. A different one means that history was rewritten.",
    expected: "the 64 hex digits of the commit's SHA-256",
    parse: { text in
      let digits = text.lowercased()
      return digits.utf8.count == 64 && digits.allSatisfy(\.isHexDigit) ? digits : nil
    })
  package static let linkTo: Setting<String> = {
    let expected = "a folder that does not exist yet, or is empty"
    return Setting(
      "--link-to", variables: [], valueName: "folder",
      help: """
        Also put the named files into this new or empty folder, as hard links or copies, so that no run deletes them while you \
        load them.
        """, expected: expected
    ) { text throws(ValueError) in try PathText.read(text, expected: expected, variables: []) }
  }()
  package static let changesForm = Setting<ChangesForm>(
    "--as", variables: [], choices: ChangesForm.allCases.map(\.rawValue), valueName: "form",
    help: """
      table (default), json, paths (one per line, relative to the archive; URLs for a bucket), sha256sums (for sha256sum -c in the \
      archive) or redshift (a manifest for COPY).
      """, expected: "table, json, paths, sha256sums or redshift", parse: { ChangesForm(rawValue: $0) })
  package static let partFormat = Setting<PartFormat>(
    "--format", variables: [], choices: PartFormat.allCases.map(\.rawValue), valueName: "format",
    help: "List only files of this format: csv or parquet (default: all).", expected: "csv or parquet",
    parse: { PartFormat(rawValue: $0) })
  package static let urlPrefix = Setting<String>(
    "--url-prefix", valueName: "url",
    help:
      "With --as redshift: where a copy of the archive is in S3 (default: the archive, if it is in a bucket).",
    expected: "the location of the archive in S3, such as s3://my-bucket/audit",
    parse: { text in
      let prefix = text.reversed().drop { $0 == "/" }.reversed()
      let isURL = text.hasPrefix("s3://") && prefix.count > 5
      return isURL && !text.contains { $0.isWhitespace } ? String(prefix) : nil
    })

  // MARK: - Lists

  /// The settings of an export, in the order in which reports show them.
  package static let ofExport: [any SettingDefinition] = [
    log, archive, existing, backfillStart, from, to, wholeDays, query, redact, redactionKeyFile, formats,
    keepSuperseded, lookback, settle, quietCommitInterval, retention, timeFilter, pageSize,
    maxConcurrentRequests, pace, rateReserve, maxWait, maxAttempts, requestTimeout, parallelLogs,
    maxLogDuration, compressionLevel, parquetCodec, memoryLimit, signingKeyFile, apiHost, apiKeyFile,
    apiKeyVariable,
    oidcService, profile, caFile, proxy, s3Endpoint, s3Region, s3Addressing, s3Encryption, scratchFolder,
  ]

  /// The settings that a job file may hold: those of an export and of `verify`.
  package static let ofJobFile: [any SettingDefinition] = (ofExport + [publicKeyFile]).filter {
    $0.jobForm != nil
  }

  /// The names of settings that apply to a whole job. The entry of a log cannot have them.
  static let ofWholeJob: Set = [parallelLogs.name]

  /// `CLOUDSMITH_AUDIT_EXPORT_PAGE_SIZE` for `--page-size`.
  static func variable(_ option: String) -> String {
    "CLOUDSMITH_AUDIT_EXPORT_" + name(of: option).uppercased()
  }

  /// `page_size` for `--page-size`.
  static func name(of option: String) -> String {
    String(option.drop { $0 == "-" }).replacing("-", with: "_")
  }
}

/// The formats in which commands print their results.
package enum OutputFormat: String, CaseIterable, Sendable {
  case text, json
  case jsonLines = "jsonl"
}

/// The forms in which `changes` prints its result.
package enum ChangesForm: String, CaseIterable, Sendable {
  case table, json, paths, sha256sums, redshift
}
