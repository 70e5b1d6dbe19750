import Foundation
import TestSupport
import Testing

/// Redacted archives, compared with unredacted ones by `redaction.py`, which shares no code with the exporter.
@Suite(.fewAtOnce, .serialized) struct RedactionTests {
  private static let keyText = "5d41402abc4b2a76b9719d911017c592"

  @Test(.needsPython)
  func `redacted and unredacted archives have the same rows, and no file has a secret`() throws {
    try Folder.with { folder in
      let logs = try Logs(folder)
      for night in ["first", "second"] {
        try logs.serving(night) { url in
          let more = night == "first" ? [] : ["--replace"]
          #expect(try logs.export("plain", from: url, more).status == (night == "first" ? 4 : 0))
          let redacted = try logs.export("redacted", from: url, logs.redaction + more)
          #expect(redacted.status == (night == "first" ? 4 : 0), "\(redacted.log)")
          try logs.expectSame(night)
          // The same events are no conflicts, although the rows of the archive are redacted already.
          let again = try logs.export("redacted", from: url, logs.redaction)
          let run = try #require(try again.json["run"] as? [String: Any])
          #expect(again.status == 0 && run["rows_added"] as? Int == 0, "\(again.log)")
          #expect(run["conflicting_events"] as? Int == 0 && run["quarantined"] as? Int == 0)
          for outcome in [redacted, again] {
            try folder.write(outcome.output + outcome.log, to: "output-\(night)-\(outcome.log.count)")
          }
        }
      }
      let report = try Program.exporter.run([
        "report", "-o", "acme", "--archive", logs.archive("redacted"), "--html", folder.path + "/report.html",
      ])
      #expect(report.status == 0, "\(report.log)")
      let outputs = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
        $0.hasPrefix("output-") || $0 == "report.html" || $0 == "metrics.prom"
      }
      #expect(outputs.count > 4)
      try logs.expectNoSecret(in: [logs.archive("redacted")] + outputs.map { folder.path + "/" + $0 })
      // The search can find secrets.
      #expect(try logs.search(in: [logs.archive("plain")]).contains("secret"))

      for engine in ["deltalake", "duckdb", "polars"] {
        let cells = try Python.run("read_table.py", [engine, logs.archive("redacted") + "/parquet"])
        let wanted = try Python.run("read_table.py", ["csv", logs.archive("redacted")])
        #expect(cells.status == 0 && cells.output == wanted.output, "\(engine): \(cells.log)")
      }
      for name in ["plain", "redacted"] {
        let verified = try Program.exporter.run(["verify", "-o", "acme", "--archive", logs.archive(name)])
        #expect(verified.status == 0, "\(verified.output)")
        let changes = try Program.exporter.run([
          "changes", "-o", "acme", "--archive", logs.archive(name), "--since", "0", "--as", "paths",
        ])
        #expect(changes.output.split(separator: "\n").count > 6, "\(changes.log)")
      }
    }
  }

  @Test(.needsPython) func `a run that is killed leaves no secret in its unfinished files`() throws {
    try Folder.with { folder in
      let logs = try Logs(folder)
      try logs.serving("first") { url in
        var staged = 0
        let options =
          logs.redaction + [
            "--memory-limit", "64KiB", "--page-size", "20", "--max-requests-per-second", "20",
          ]
        for attempt in 0..<8 {
          let running = try logs.start("redacted", from: url, options)
          usleep(UInt32(100_000 + attempt * 100_000))
          running.signal(SIGKILL)
          running.wait()
          let staging = logs.archive("redacted") + "/_staging"
          staged += FileManager.default.subpaths(atPath: staging)?.count ?? 0
          guard FileManager.default.fileExists(atPath: logs.archive("redacted")) else { continue }
          try logs.expectNoSecret(in: [logs.archive("redacted")])
        }
        #expect(staged > 0)
        #expect(try logs.export("redacted", from: url, options).status != 64)
        #expect(try [0, 4].contains(logs.export("plain", from: url).status))
        try logs.expectSame("after the kills")
      }
    }
  }

  @Test func `the first commit fixes the redaction and its key`() throws {
    try Bench.with(["--generate", "200"]) { bench in
      let folder = Folder(path: bench.folder)
      let key = ["--redaction-key-file", try folder.write(Self.keyText, to: "key")]
      let redact = ["--redact", "actor_ip_address=truncate,actor=hash"]
      let first = try bench.export(Bench.start + redact + key)
      #expect(first.status == 0, "\(first.log)")
      let before = try ArchiveOnDisk(bench.archive).files().sorted()
      let other = ["--redaction-key-file", try folder.write("\(Self.keyText)\(Self.keyText)", to: "other")]
      for (options, words) in [
        ([], "but this run has no redaction"),
        (["--redact", "actor=drop"], "but this run has the redaction actor=drop."),
        (redact + other, "actor=hash,actor_ip_address=truncate (key "),
        (["--redact", "actor=hash"] + key, "actor=hash (key "),
      ] {
        let refused = try bench.export(options)
        #expect(refused.status == 64 && refused.log.contains(words), "\(refused.log)")
        #expect(refused.log.contains("Pass the same --redact and --redaction-key-file again"))
        #expect(!refused.log.contains(Self.keyText))
      }
      #expect(try ArchiveOnDisk(bench.archive).files().sorted() == before)
      // The order does not matter, nor white space around the key.
      let spaced = ["--redaction-key-file", try folder.write("\(Self.keyText)\n", to: "spaced")]
      let again = try bench.export(["--redact", "actor=hash,actor_ip_address=truncate"] + spaced)
      #expect(again.status == 0, "\(again.log)")
      let source = try #require(try bench.manifest()["source"] as? [String: Any])
      let redaction = try #require(source["redaction"] as? [String: Any])
      #expect(redaction["columns"] as? [String: String] == ["actor": "hash", "actor_ip_address": "truncate"])
      #expect((redaction["key_fingerprint"] as? String)?.count == 16)

      let plain = bench.folder + "/plain"
      #expect(try bench.export(Bench.start + ["--archive", plain]).status == 0)
      let late = try bench.export(["--archive", plain] + redact + key)
      #expect(late.status == 64 && late.log.contains("from its first commit on, or never"), "\(late.log)")
    }
  }

  @Test func `a job file has the redaction as a mapping or as text`() throws {
    try Bench.with(["--generate", "200"]) { bench in
      let folder = Folder(path: bench.folder)
      try folder.write(Self.keyText + "\n", to: "key")
      let text = """
        archive: archive
        redaction_key_file: key
        max_requests_per_second: unlimited
        logs:
          - organization: acme
            redact:
              actor: hash
              additional_fields: drop
        """
      let job = try folder.write(text, to: "job.yaml")
      let first = try Program.exporter.run(
        ["export", "--config", job] + Bench.start, environment: bench.environment)
      #expect(first.status == 0, "\(first.log)")
      let settings = try folder.settings(["--config", job])
      #expect(settings["redact"]?.value == "actor=hash,additional_fields=drop")
      #expect(settings["redaction_key_file"]?.value == bench.folder + "/key")
      #expect(!"\(settings)".contains(Self.keyText))
      let asText = try folder.write(
        text.replacing(/redact:\n.*\n.*drop/, with: "redact: additional_fields=drop,actor=hash"),
        to: "text.yaml")
      let again = try Program.exporter.run(["export", "--config", asText], environment: bench.environment)
      #expect(again.status == 0, "\(again.log)")
    }
  }

  @Test(arguments: [
    (["--redact", "actor=hash"], "--redact with hash requires --redaction-key-file"),
    (["--redaction-key-file", "key"], "--redaction-key-file requires --redact"),
    (["--redact", "actor=hash", "--redaction-key-file", "short"], "it has fewer than 32 characters"),
    (["--redact", "actor=hash", "--redaction-key-file", "pem"], "it contains white space"),
    (["--redact", "actor=hash", "--redaction-key-file", "none"], "with the redaction key cannot be read"),
    (["--redact", "uuid=drop"], "uuid cannot be redacted"),
    (["--redact", "actor=truncate"], "truncate is only for actor_ip_address"),
    (["--redact", "actr=drop"], "there is no column 'actr'"),
    (["--redact", "actor=mask"], "'mask' is not drop, hash or truncate"),
    (["--redact", "actor"], "is not of the form COLUMN=drop"),
    (["--redact", "additional_fields=hash"], "additional_fields holds JSON"),
    (["--redact", "actor=drop,actor=drop"], "actor occurs twice"),
  ])
  func `an invalid redaction is refused before anything is created`(
    options: [String], words: String
  ) throws {
    try Folder.with { folder in
      try folder.write(Self.keyText, to: "key")
      try folder.write("sesame", to: "short")
      try folder.write("-----BEGIN PRIVATE KEY-----\nsesame\n", to: "pem")
      let refused = try Program.exporter.run(
        ["export", "-o", "acme", "--archive", "archive"] + options,
        environment: ["CLOUDSMITH_API_KEY": "k-123456"], in: folder.path)
      #expect(refused.status == 64 && refused.log.contains(words), "\(refused.log)")
      #expect(!refused.log.contains("sesame") && !refused.log.contains(Self.keyText))
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/archive"))
    }
  }

  @Test func `the command to repeat or repair an export has the redaction`() throws {
    try Bench.with(["--generate", "200"], isDamaged: true) { bench in
      let key = try Folder(path: bench.folder).write(Self.keyText, to: "key")
      let options = ["--redact", "actor=hash,actor_location=drop", "--redaction-key-file", key]
      #expect(try bench.export(Bench.start + options).status == 0)
      let part = try #require(try ArchiveOnDisk(bench.archive + "/csv").files().first)
      try FileManager.default.removeItem(atPath: part)
      let verified = try bench.verify()
      let command = "--redact 'actor=hash,actor_location=drop' --redaction-key-file KEY_FILE"
      #expect(
        verified.status == 2 && (verified.output + verified.log).contains(command), "\(verified.output)")
    }
  }
}

/// The log of `acme` with the events of `redaction.py`, and archives of it.
private struct Logs {
  let redaction: [String]
  private let folder: Folder
  private let key: String
  private static let apiKey = "test-key-3f9a77"
  private let firstDay = String(Past.midnight(daysAgo: 9).prefix(10))

  init(_ folder: Folder) throws {
    self.folder = folder
    key = try folder.write("c9f0f895fb98ab9159f51fd0297e236d\n", to: "key/redaction")
    let policy = try Python.run("redaction.py", ["policy"])
    try #require(policy.status == 0, "\(policy.log)")
    redaction = ["--redact", policy.output.trimmingCharacters(in: .newlines), "--redaction-key-file", key]
  }

  func archive(_ name: String) -> String { folder.path + "/" + name }

  /// Runs an emulator with the events of a night, always on the same port.
  func serving(_ night: String, _ body: (_ url: String) throws -> Void) throws {
    let events = try Python.run("redaction.py", ["events", night, firstDay])
    try #require(events.status == 0, "\(events.log)")
    let path = try folder.write(events.outputBytes, to: "\(night).json")
    let port = folder.path + "/port"
    let emulator = try Program.emulator.start([
      "--organization", "acme", "--api-key", Self.apiKey, "--events", path, "--port",
      FileManager.default.fileExists(atPath: port) ? try String(contentsOfFile: port, encoding: .utf8) : "0",
    ])
    defer {
      emulator.signal(SIGTERM)
      emulator.wait()
    }
    let url = try #require(emulator.line(beginning: "listening on "), "the emulator did not start")
    try folder.write(String(url.split(separator: ":").last ?? ""), to: "port")
    try body(url)
  }

  func export(_ name: String, from url: String, _ options: [String] = []) throws -> CommandOutcome {
    try Program.exporter.run(arguments(name, options), environment: environment(url))
  }

  func start(_ name: String, from url: String, _ options: [String]) throws -> RunningCommand {
    try Program.exporter.start(arguments(name, options), environment: environment(url))
  }

  private func environment(_ url: String) -> [String: String] {
    ["CLOUDSMITH_API_HOST": url, "CLOUDSMITH_API_KEY": Self.apiKey]
  }

  private func arguments(_ name: String, _ options: [String]) -> [String] {
    [
      "export", "-o", "acme", "--archive", archive(name), "--from", Past.midnight(daysAgo: 9), "--to",
      Past.midnight(daysAgo: 3), "--max-requests-per-second", "unlimited", "--format", "csv,delta",
      "--output-format", "json", "--log-level", "debug", "--log-format", "json", "--metrics-file",
      folder.path + "/metrics.prom",
    ] + options
  }

  func expectSame(_ step: String) throws {
    let found = try Python.run("redaction.py", ["compare", archive("plain"), archive("redacted"), key])
    #expect(found.status == 0 && found.output == "", "\(step): \(found.output.prefix(2_000))\(found.log)")
  }

  func search(in places: [String]) throws -> String {
    let found = try Python.run("redaction.py", ["search", key] + places)
    try #require(found.status == 0, "\(found.log)")
    return found.output
  }

  func expectNoSecret(in places: [String]) throws {
    let found = try search(in: places)
    #expect(found == "", "\(found.prefix(2_000))")
  }
}
