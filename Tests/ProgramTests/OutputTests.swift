import Foundation
import TestSupport
import Testing

/// What goes to stdout and stderr, and what does not.
@Suite(.fewAtOnce, .serialized) struct OutputTests {
  private static let start = [
    "--backfill-start-time", Date(timeIntervalSinceNow: -40 * 86_400).formatted(.iso8601),
  ]

  private func lines(_ log: String) throws -> [[String: Any]] {
    try log.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }

  // MARK: Quiet

  @Test func `with --quiet a run that is done says nothing, unless an answer is asked for`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      for options in [["-q"], ["-q", "--log-format", "json"]] {
        let result = try bench.export(OutputTests.start + options)
        #expect(
          result.status == 0 && result.output.isEmpty && result.log.isEmpty, "\(result.output)\(result.log)")
        for command in [["verify"], ["check"]] {
          let result = try Program.exporter.run(
            command + ["-o", "acme", "--archive", bench.archive] + options, environment: bench.environment)
          #expect(
            result.status == 0 && result.output.isEmpty && result.log.isEmpty, "\(result.output)\(result.log)"
          )
        }
      }
      for format in ["text", "json"] {
        #expect(try bench.export(["-q", "--output-format", format]).output.contains("acme"))
      }
      #expect(try bench.export(["-q", "--dry-run"]).output.contains("would fetch"))
      for (options, isSaid) in [(["-q"], true), (["-q", "--log-format", "json"], false)] {
        let page = [
          "report", "-o", "acme", "--archive", bench.archive, "--html", bench.folder + "/page.html",
        ]
        let result = try Program.exporter.run(page + options)
        #expect(
          result.status == 0 && result.output.isEmpty != isSaid && result.log.isEmpty, "\(result.output)")
      }
      for command in [["status"], ["changes", "--since", "0"]] {
        let result = try Program.exporter.run(command + ["-q", "-o", "acme", "--archive", bench.archive])
        #expect(!result.output.isEmpty && result.log.isEmpty)
      }
    }
  }

  @Test func `with -q and a log in JSON there is nothing but JSON, whatever goes wrong`() throws {
    try Bench.with(["--generate", "50"], isDamaged: true) { bench in
      let options = ["-q", "--log-format", "json"]
      #expect(try bench.export(OutputTests.start).status == 0)
      for (more, environment, status) in [
        ([], ["CLOUDSMITH_API_KEY": "wrong"], 20), ([], ["CLOUDSMITH_API_KEY": ""], 64),
        (["--page-size", "0"], [:], 64), (["--log-level", "loud"], [:], 64),
        (["--output-format", "xml"], [:], 64),
        (["--no-such-option"], [:], 64), (["--archive", "s3://bucket"], [:], 64),
        (["-archive", "x"], [:], 64), (["--organization", "nobody"], [:], 21),
      ] as [([String], [String: String], Int32)] {
        let result = try bench.export(options + more, environment: environment)
        #expect(result.status == status && result.output.isEmpty, "\(more): \(result.output)")
        let log = try lines(result.log)
        #expect(log.count == 1, "\(log)")
      }
      // No command, with the form of the log from the environment.
      let none = try Program.exporter.run([], environment: ["CLOUDSMITH_AUDIT_EXPORT_LOG_FORMAT": "json"])
      #expect(none.status == 64 && none.output.isEmpty)
      #expect(try lines(none.log).count == 1)

      // What is wrong with an archive, and with what `check` looks at, is in the lines.
      let part = try #require(
        try FileManager.default.subpathsOfDirectory(atPath: bench.archive).first { $0.hasSuffix(".csv.gz") })
      try FileManager.default.removeItem(atPath: bench.archive + "/" + part)
      let verified = try Program.exporter.run(["verify", "-o", "acme", "--archive", bench.archive] + options)
      #expect(verified.status == 2 && verified.output.isEmpty)
      #expect(try lines(verified.log).contains { ($0["details"] as? String)?.contains(part) == true })
      let checked = try Program.exporter.run(
        ["check", "-o", "nobody"] + options, environment: bench.environment)
      #expect(checked.status == 21 && checked.output.isEmpty)
      #expect(try lines(checked.log).contains { ($0["message"] as? String)?.contains("'nobody'") == true })
    }
  }

  @Test func `with --quiet a run that is done still warns of what somebody should act on`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      let start = Date(timeIntervalSinceNow: -20.8 * 3_600).formatted(.iso8601)
      let result = try bench.export([
        "-q", "--backfill-start-time", start, "--settle", "20h", "--retention", "21h",
      ])
      #expect(result.status == 0 && result.output.isEmpty, "\(result.output)")
      #expect(result.log.contains("warning the archive lacks events from"), "\(result.log)")
    }
  }

  /// What is about to be lost is so by the API's clock, and two warnings do not hide each other.
  @Test func `a clock that is ahead hides no warning, and the figures are those of the API's clock`() throws {
    func before(_ days: Double) -> String { Date(timeIntervalSinceNow: -days * 86_400).formatted(.iso8601) }
    let ahead = 10.0
    let options = [
      "--generate", "50", "--from", before(20), "--to", before(ahead + 1), "--date-behind", "10d",
    ]
    try Bench.with(options) { bench in
      let prom = bench.folder + "/figures.prom"
      let options = [
        "-q", "--backfill-start-time", before(ahead + 20.8 / 24), "--settle", "20h", "--retention", "21h",
      ]
      let result = try bench.export(options + ["--metrics-file", prom])
      #expect(result.status == 0 && result.output.isEmpty, "\(result.output)")
      #expect(result.log.contains("warning the archive lacks events from"), "\(result.log)")
      #expect(
        result.log.contains("warning this machine's clock is 10 days ahead of the API's"), "\(result.log)")
      let text = try String(contentsOfFile: prom, encoding: .utf8)
      func figure(_ name: String) throws -> Double {
        let match = try #require(try text.firstMatch(of: Regex("\(name)\\{[^}]*\\} (\\S+)")))
        return try #require(match.output[1].substring.flatMap { Double($0) })
      }
      let ended = Date(timeIntervalSince1970: try figure("last_run_timestamp_seconds"))
      #expect((-600...600).contains(ended.timeIntervalSinceNow + ahead * 86_400), "\(ended)")
      #expect((71_000...76_000).contains(try figure("high_water_mark_lag_seconds")))
      #expect((0...4_500).contains(try figure("retention_loss_seconds")))
      let said = try bench.export(["--settle", "20h", "--retention", "21h", "--output-format", "json"]).json
      let warning = try #require(said["warning"] as? String)
      #expect(warning.contains("the archive lacks events") && warning.contains("10 days ahead"), "\(warning)")
    }
  }

  // MARK: A run that fails

  @Test func `a refused key is not told as a want of events`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      for (environment, status, words) in [
        (["CLOUDSMITH_API_KEY": "wrong"], 20, "the key was refused"),
        (["CLOUDSMITH_API_HOST": "https://127.0.0.1:1"], 75, "could not be reached"),
      ] as [([String: String], Int32, String)] {
        let result = try bench.export(OutputTests.start + ["--retries", "1"], environment: environment)
        #expect(result.status == status, "\(result.log)")
        #expect(
          result.output.hasPrefix("acme: nothing was exported: ") && result.output.contains(words),
          "\(result.output)")
        #expect(!result.output.contains("no events"))
      }
    }
  }

  @Test func `a run that fails half way tells what it did, in text, in JSON and in its metrics`() throws {
    try Bench.with(["--generate", "5000", "--rate-limit", "7", "--rate-window", "1h"]) { bench in
      let file = bench.folder + "/figures.prom"
      let options =
        OutputTests.start + ["--max-wait", "1s", "--page-size", "100", "--metrics-file", file]
      for (format, archive) in [("json", bench.archive), ("text", bench.folder + "/other")] {
        let result = try bench.export(options + ["--output-format", format, "--archive", archive])
        #expect(result.status == 3 && result.log.contains("longer than --max-wait allows"), "\(result.log)")
        guard format == "json" else {
          // The limit was used up by the run before: this one received nothing.
          #expect(result.output.hasPrefix("acme: nothing was exported: the API asks for"), "\(result.output)")
          continue
        }
        let run = try #require(try result.json["run"] as? [String: Any])
        let rows = try #require(run["rows_added"] as? Int)
        #expect(rows >= 300 && run["events_received"] as? Int ?? 0 >= rows, "\(run)")
        #expect((7...8).contains(try #require(run["requests"] as? Int)), "\(run)")
        #expect((4...7).contains(try #require(try result.json["pages_received"] as? Int)))
        let commits = try #require(try result.json["commits"] as? [Int])
        #expect(!commits.isEmpty)
        let figures = try String(contentsOfFile: file, encoding: .utf8)
        for (name, value) in [
          ("last_run_commits", commits.count), ("last_run_events_added", rows), ("archive_events", rows),
          ("last_run_requests", run["requests"] as? Int ?? -1), ("last_run_exit_status", 3),
          ("last_run_pages_received", try result.json["pages_received"] as? Int ?? -1),
        ] {
          #expect(figures.contains("\(name){organization=\"acme\"} \(value)\n"), "\(name): \(figures)")
        }
      }
    }
  }

  @Test func `a run that asked nothing, or was not answered, does not say that there were no events`() throws
  {
    try Bench.with(["--generate", "50", "--date-behind", "3h"]) { bench in
      let future = ["--backfill-start-time", Date(timeIntervalSinceNow: -3_600).formatted(.iso8601)]
      for (options, environment, status, words) in [
        ([], ["CLOUDSMITH_API_KEY": "wrong"], 20, "the key was refused"),
        (future, [:], 64, "the time asked for lies in the future"),
        (["--organization", "nobody"], [:], 21, "there is no such log"),
        (
          ["--proxy", "http://127.0.0.1:1"], ["CLOUDSMITH_API_HOST": "https://127.0.0.1:2"], 75,
          "the API could not"
        ),
      ] as [([String], [String: String], Int32, String)] {
        let result = try bench.export(
          OutputTests.start + ["--retries", "1"] + options, environment: environment)
        #expect(result.status == status, "\(result.log)")
        #expect(
          result.output.contains(": nothing was exported: ") && result.output.contains(words),
          "\(result.output)")
        #expect(!result.output.contains("no events"), "\(result.output)")
      }
    }
  }

  @Test func `two logs of a job that fail are both told, in the log, in JSON and to the dead man's switch`()
    throws
  {
    let device = try NoticeReceiver(status: 200)
    defer { device.stop() }
    try Bench.with(["--generate", "50"]) { bench in
      let file = try Folder(path: bench.folder).write(
        """
        max_requests_per_second: unlimited
        logs:
          - organization: without-archive
          - organization: nobody
            archive: archive
          - organization: acme
            archive: archive
          - organization: without-key
            archive: archive
            signing_key_file: no-such-key
        """, to: "job.yaml")
      let prom = bench.folder + "/figures.prom"
      let arguments = [
        "export", "--config", file, "--metrics-file", prom, "--notify-url", "\(device.url)/ping/u",
      ]
      let failed = ["without-archive", "nobody", "without-key"]
      let text = try Program.exporter.run(arguments, environment: bench.environment)
      #expect(text.status == 64)
      for log in failed {
        #expect(text.log.contains("\n\(log): ") || text.log.contains("error: \(log): "), "\(text.log)")
      }

      let json = try Program.exporter.run(
        arguments + ["-q", "--log-format", "json"], environment: bench.environment)
      let log = try lines(json.log)
      for name in failed {
        #expect(
          log.contains { $0["log"] as? String == name && $0["level"] as? String == "error" },
          "\(name): \(log)")
      }

      let body = try #require(device.received.last?.body)
      let first = try #require(body.split(separator: "\n").first)
      let parts = ["without-archive usage", "nobody not_found", "without-key usage", "acme done"]
      #expect(first == "cloudsmith-audit-export: usage: \(parts.joined(separator: ", "))", "\(body)")
      #expect(body.contains("No archive") && body.contains("'nobody'") && body.contains("no-such-key"))
      let figures = try String(contentsOfFile: prom, encoding: .utf8)
      for (name, status) in zip(failed + ["acme"], [64, 21, 64, 0]) {
        #expect(figures.contains("last_run_exit_status{organization=\"\(name)\"} \(status)\n"), "\(figures)")
      }
    }
  }

  // MARK: One metrics file

  @Test func `runs of two logs that share a metrics file keep both, also when they end at once`() throws {
    let names = (1...6).map { "org-\($0)" }
    let options = ["--generate", "30", "--repository", "tools"] + names.flatMap { ["--organization", $0] }
    try Bench.with(options) { bench in
      let prom = bench.folder + "/figures.prom"
      func figures() throws -> String { try String(contentsOfFile: prom, encoding: .utf8) }
      func export(_ log: String, _ more: [String] = []) throws -> RunningCommand {
        try Program.exporter.start(
          bench.arguments(
            OutputTests.start + [
              "-o", log, "--archive", "\(bench.archive)-\(log.contains("/"))", "--metrics-file", prom,
            ]
              + more),
          environment: bench.environment)
      }
      let logs = names + ["acme/tools"]
      for run in try logs.map({ try export($0) }) {
        let result = run.wait()
        #expect(result.status == 0 && !result.log.contains("warning"), "\(result.log)")
      }
      func labels() throws -> [String] {
        try figures().matches(of: /last_run_exit_status\{(.*)\} 0\n/).map { String($0.1) }.sorted()
      }
      let wanted = names.map { "organization=\"\($0)\"" } + ["organization=\"acme\",repository=\"tools\""]
      #expect(try labels() == wanted.sorted())
      // A run replaces its own figures, and nothing that another program would not read stays.
      try Data((figures() + "other{a=\"b\"} 1\n\u{1B}[2J\n").utf8).write(to: URL(filePath: prom))
      let again = try export("org-1").wait()
      #expect(again.status == 0, "\(again.log)")
      #expect(try labels() == wanted.sorted())
      #expect(try !figures().contains("other{") && !figures().contains("\u{1B}"))
      #expect(try figures().matches(of: /# TYPE cloudsmith_audit_export_archive_events gauge/).count == 1)
      if Shell.works("command -v promtool") {
        let lint = try Shell.run("promtool check metrics < \(prom)")
        #expect(lint.status == 0 && lint.log.isEmpty, "\(lint.log)\(lint.output)")
      }
    }
  }

  @Test(arguments: [[0xFF, 0x00], Array("# HELP".utf8)] as [[UInt8]])
  func `a metrics file that is none is replaced`(bytes: [UInt8]) throws {
    try Bench.with(["--generate", "30"]) { bench in
      let prom = bench.folder + "/figures.prom"
      try Data(bytes).write(to: URL(filePath: prom))
      let result = try bench.export(OutputTests.start + ["--metrics-file", prom])
      #expect(result.status == 0)
      #expect(
        result.log.contains("the figures of other logs are dropped") == (bytes[0] == 0xFF), "\(result.log)")
      #expect(try String(contentsOfFile: prom, encoding: .utf8).contains("organization=\"acme\""))
    }
  }

  @Test(.needs("curl"))
  func `the documented line for a Pushgateway sends the figures, and keeps the status`() throws {
    let line = try #require(
      try Document("Monitoring").blocks.flatMap(\.session).map(\.command)
        .first { $0.contains("$PUSHGATEWAY") })
    for (key, status) in [(nil, 0), ("wrong", 20)] as [(String?, Int32)] {
      let gateway = try NoticeReceiver(status: 200)
      defer { gateway.stop() }
      try Bench.with(["--organization", "my-org", "--generate", "30"]) { bench in
        let command = line.replacing("/srv/audit", with: bench.archive)
          .replacing("/tmp/audit.prom", with: bench.folder + "/audit.prom")
          .replacing("cloudsmith-audit-export export", with: try Program.exporter.path + " export")
        let environment = bench.environment.merging(["PUSHGATEWAY": gateway.url]) { $1 }
          .merging(key.map { ["CLOUDSMITH_API_KEY": $0] } ?? [:]) { $1 }
        // The first night, which is not this one.
        #expect(try bench.export(OutputTests.start + ["--organization", "my-org"]).status == 0)
        let result = try Shell.run(command, environment: environment)
        #expect(result.status == status, "\(result.log)")
        let sign = try #require(gateway.received.first)
        #expect(sign.request == "PUT /metrics/job/cloudsmith_audit_export/instance/my-org")
        #expect(
          sign.body.contains("last_run_exit_status{organization=\"my-org\"} \(status)\n"), "\(sign.body)")
      }
    }
  }

  // MARK: Escapes

  /// A terminal would clear the screen, change its title, read on from the right, begin a line of its own.
  private static let nasty = "\u{1B}[2J\u{9B}31m\u{202E}\u{7F}\u{2028}\nerror: forged"

  private static func isClean(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      scalar == "\n"
        || ![.control, .lineSeparator, .paragraphSeparator, .format].contains(
          scalar.properties.generalCategory)
    } && !text.split(separator: "\n").contains { $0.hasPrefix("error: forged") }
  }

  @Test(arguments: [
    "schema", "api_host", "query", "tool_version", "path", "csv_dialect", "commit_sha256", "format_version",
  ])
  func `nothing that a manifest says reaches a terminal as an escape`(member: String) throws {
    try Folder.with { folder in
      let archive = folder.path + "/archive"
      try FileManager.default.copyItem(atPath: Repository.path("samples/archive"), toPath: archive)
      let file = archive + "/_manifest/acme/manifest.json"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      let escaped = try String(decoding: JSONEncoder().encode(OutputTests.nasty), as: UTF8.self)
      let pattern = try Regex("(\"\(member)\"\\s*:\\s*)(\"[^\"]*\"|[0-9]+|null)")
      var changed = text.replacing(pattern, maxReplacements: 1) { match in
        String(match.output[1].substring ?? "") + escaped
      }
      if changed == text {
        changed = text.replacing("{", with: "{ \"\(member)\": \(escaped),", maxReplacements: 1)
      }
      try changed.write(toFile: file, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
      let about = ["-o", "acme", "--archive", archive]
      for command in [
        ["verify"], ["verify", "--quick"], ["status"], ["status", "--days"], ["changes", "--since", "0"],
        ["changes", "--since", "0", "--as", "paths"], ["report", "--html", folder.path + "/page.html"],
        ["export", "--api-key-file", file, "--from", "2024-02-12", "--to", "2024-02-13"], ["check"],
      ] {
        for format in [[], ["--log-format", "json"], ["--output-format", "json"]] {
          if command[0] == "changes", format.first == "--output-format" { continue }
          let result = try Program.exporter.run(
            command + about + format,
            environment: [
              "CLOUDSMITH_API_KEY": "k-123456", "CLOUDSMITH_API_HOST": "https://127.0.0.1:1",
              "CLOUDSMITH_COLOR": "never",
              "CLOUDSMITH_AUDIT_EXPORT_RETRIES": command[0] == "export" ? "1" : "",
            ])
          #expect(
            OutputTests.isClean(result.output), "\(command) \(format): \(result.output.debugDescription)")
          #expect(OutputTests.isClean(result.log), "\(command) \(format): \(result.log.debugDescription)")
        }
      }
    }
  }

  @Test func `nothing that a server says reaches a terminal as an escape`() throws {
    let detail = try String(decoding: JSONEncoder().encode(OutputTests.nasty), as: UTF8.self)
    let oneLine = OutputTests.nasty.replacing("\n", with: "")
    for (status, head, body) in [
      (200, "", "{\"authenticated\":true,\"slug\":\(detail),\"detail\":\(detail)}"),
      (400, "", "{\"detail\":\(detail)}"),
      (400, "X-Request-Id: \(oneLine)\r\n", "{\"detail\":\(detail)}"), (401, "", "{\"detail\":\(detail)}"),
      (402, "", "{\"detail\":\(detail)}"), (403, "", "{\"detail\":\(detail)}"),
      (404, "", "{\"detail\":\(detail)}"),
      (429, "Retry-After: 1\r\n", "{\"detail\":\(detail)}"), (503, "", "{\"detail\":\(detail)}"),
      (302, "Location: https://\(oneLine).example/\r\n", ""), (302, "Location: \(oneLine)\r\n", ""),
      (200, "Content-Encoding: \(oneLine)\r\n", "[]"),
      (200, "Content-Type: \(oneLine)\r\n", OutputTests.nasty),
    ] {
      let server = try NoticeReceiver(status: status, head: head, body: body)
      defer { server.stop() }
      try Folder.with { folder in
        for command in [["check"], ["export", "--archive", folder.path + "/a", "--retries", "1"]] {
          for format in [[], ["--log-format", "json"], ["--output-format", "json"]] {
            let result = try Program.exporter.run(
              command + ["-o", "acme"] + format,
              environment: ["CLOUDSMITH_API_KEY": "k-123456", "CLOUDSMITH_API_HOST": server.url])
            #expect(result.status != 0, "\(status) \(command)")
            #expect(
              OutputTests.isClean(result.output), "\(status) \(command): \(result.output.debugDescription)")
            #expect(OutputTests.isClean(result.log), "\(status) \(command): \(result.log.debugDescription)")
          }
        }
      }
    }
  }

  @Test func `nothing that a file of settings or its name says reaches a terminal as an escape`() throws {
    let nasty = OutputTests.nasty
    let escaped = try String(decoding: JSONEncoder().encode(nasty), as: UTF8.self)
    try Folder.with { folder in
      let named = try folder.write("k-123456", to: nasty.replacing("/", with: "") + ".key")
      let key = try folder.write("\(nasty)\n", to: "key")
      let jobs = try [
        "organization: \(escaped)", "\(escaped): 1", "organization: acme\narchive: \(escaped)",
        "organization: acme\nno_such: \(escaped)", nasty, "logs: [\(escaped)]",
      ].enumerated().map { try folder.write($1, to: "job-\($0).yaml") }
      try folder.write("[default]\napi_host = https://\(nasty)\nworkspace = \(nasty)\n", to: "config.ini")
      try folder.write("[default]\napi_key = \(nasty)\n", to: "credentials.ini")
      let archive = ["-o", "acme", "--archive", folder.path + "/a"]
      for arguments in [
        ["export", "--api-key-file", key] + archive, ["export", "--api-key-file", named] + archive,
        ["export", "--api-key-file", named, "--ca-file", named] + archive,
        ["export", "--signing-key-file", named] + archive,
        ["verify", "--public-key-file", named] + archive,
        ["verify", "--archive", folder.path + "/" + nasty, "-o", "acme"],
        ["status", "--settings"], ["status", "--settings"] + archive, ["check"], ["export"] + archive,
        ["report", "--html", folder.path + "/\(nasty)/x"] + archive,
      ]
        + jobs.flatMap({
          [
            ["status", "--config", $0], ["check", "--config", $0], ["status", "--settings", "--config", $0],
          ]
        })
      {
        for format in [[], ["--log-format", "json"], ["--output-format", "json"]] {
          let result = try Program.exporter.run(
            arguments + format,
            environment: [
              "CLOUDSMITH_CONFIG_FILE": folder.path + "/config.ini", "CLOUDSMITH_COLOR": "never",
              "CLOUDSMITH_CREDENTIALS_FILE": folder.path + "/credentials.ini",
              "CLOUDSMITH_AUDIT_EXPORT_RETRIES": "1",
            ])
          #expect(OutputTests.isClean(result.output), "\(arguments): \(result.output.debugDescription)")
          #expect(OutputTests.isClean(result.log), "\(arguments): \(result.log.debugDescription)")
        }
      }
    }
  }

  @Test func `nothing that a lock file or an unlisted file's name says reaches a terminal as an escape`()
    throws
  {
    try Bench.with(["--generate", "50"], isDamaged: true) { bench in
      #expect(try bench.export(OutputTests.start).status == 0)
      let note = try String(
        decoding: JSONSerialization.data(withJSONObject: [
          "pid": 1, "host": OutputTests.nasty, "since": "2024-01-01T00:00:00.000000Z",
        ]), as: UTF8.self)
      try Data(note.utf8).write(to: URL(filePath: bench.archive + "/_manifest/acme/lock"))
      try Data().write(to: URL(filePath: bench.archive + "/csv/organization=acme/\(OutputTests.nasty)"))
      let holder = try Shell.run(
        #"exec 9<>"$2/_manifest/acme/lock"; flock 9; "$1" export -o acme --archive "$2" 9>&-; exit $?"#,
        [bench.archive], environment: bench.environment)
      #expect(holder.status == 11 && OutputTests.isClean(holder.log), "\(holder.log.debugDescription)")
      let verified = try Program.exporter.run(["verify", "-o", "acme", "--archive", bench.archive])
      #expect(verified.status == 2 && OutputTests.isClean(verified.output + verified.log))
    }
  }
}
