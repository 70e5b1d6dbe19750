import Foundation
import TestSupport
import Testing

/// What those are told who watch a run from outside.
@Suite(.fewAtOnce, .serialized) struct ObservabilityTests {
  private static let recent = Date(timeIntervalSinceNow: -40 * 86_400).formatted(.iso8601)
  private static let prefix = "cloudsmith_audit_export_"

  /// The samples of a metrics file, by name without its prefix, and the labels that all but the first have.
  private func metrics(_ file: String) throws -> (values: [String: Double], labels: Set<String>) {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    if Shell.works("command -v promtool") {
      let lint = try Shell.run("promtool check metrics < \(file)")
      #expect(lint.status == 0 && lint.log.isEmpty && lint.output.isEmpty, "\(lint.log)\(lint.output)")
    }
    var values: [String: Double] = [:]
    var labels: Set<String> = []
    for match in text.matches(of: /(?m)^cloudsmith_audit_export_(\w+)\{(.*)\} (\S+)$/) {
      values[String(match.1)] = Double(match.3)
      if match.1 != "build_info" { labels.insert(String(match.2)) }
    }
    return (values, labels)
  }

  @Test func `the metrics file has what the report has, and is there for others to read`() throws {
    try Bench.with(["--generate", "500", "--fail-every", "2", "--fail-status", "503"]) { bench in
      let file = bench.folder + "/cloudsmith.prom"
      let result = try bench.export([
        "--backfill-start-time", ObservabilityTests.recent, "--page-size", "200", "--metrics-file", file,
        "--output-format", "json", "--quiet",
      ])
      #expect(result.status == 0 && result.log.isEmpty, "\(result.log)")
      let (values, labels) = try metrics(file)
      #expect(labels == ["organization=\"acme\""])
      let report = try #require(try result.json["metrics"] as? [String: Double])
      #expect(Set(values.keys) == Set(report.keys).union(["build_info"]))
      for (name, value) in report { #expect(abs((values[name] ?? -1) - value) < 0.000_01, "\(name)") }

      let run = try #require(try result.json["run"] as? [String: Any])
      for (metric, counter) in [
        ("last_run_events_received", "events_received"), ("last_run_events_added", "rows_added"),
        ("last_run_events_late", "late_events"), ("last_run_events_duplicate", "duplicates"),
        ("last_run_requests", "requests"), ("last_run_retries", "retries"),
        ("last_run_records_quarantined", "quarantined"),
      ] {
        #expect(values[metric].map { Int($0) } == run[counter] as? Int, "\(metric)")
      }
      #expect((values["last_run_retries"] ?? 0) > 0 && values["archive_events"] == 500)
      #expect((600..<660).contains(try #require(values["high_water_mark_lag_seconds"])))
      let year = 365 * 86_400.0
      #expect((year - 660...year - 600).contains(try #require(values["retention_loss_seconds"])))
      #expect((values["archive_bytes"] ?? 0) > 1_000 && values["archive_gaps"] == 0)
      #expect(values["last_success_timestamp_seconds"] == values["last_run_timestamp_seconds"])
      let entries = try FileManager.default.contentsOfDirectory(atPath: bench.folder)
      #expect(entries.sorted() == ["archive", "cloudsmith.prom"])
    }
  }

  @Test func `a run that fails writes it too, and the archive remembers the last success`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      let file = bench.folder + "/cloudsmith.prom"
      let options = ["--metrics-file", file]
      #expect(try bench.export(options, environment: ["CLOUDSMITH_API_KEY": "wrong"]).status == 20)
      #expect(try metrics(file).values["last_success_timestamp_seconds"] == nil)
      #expect(try metrics(file).values["last_run_exit_status"] == 20)

      #expect(try bench.export(options + ["--backfill-start-time", ObservabilityTests.recent]).status == 0)
      let success = try metrics(file).values
      // The file is not what remembers.
      try FileManager.default.removeItem(atPath: file)
      for (environment, more, status) in [
        (["CLOUDSMITH_API_KEY": "wrong"], [], 20),
        (["CLOUDSMITH_API_HOST": "http://127.0.0.1:1"], ["--retries", "1"], 64),
        (["CLOUDSMITH_API_KEY": ""], [], 64),
        ([:], ["--page-size", "0"], 64),
      ] as [([String: String], [String], Int32)] {
        #expect(try bench.export(options + more, environment: environment).status == status)
        let (values, labels) = try metrics(file)
        #expect(labels == ["organization=\"acme\""])
        #expect(values["last_run_exit_status"] == Double(status))
        let (then, now) = (
          try #require(success["last_success_timestamp_seconds"]),
          try #require(values["last_success_timestamp_seconds"])
        )
        #expect(now <= then && then - now < 60)
        #expect((values["last_run_timestamp_seconds"] ?? 0) > then)
        #expect(values["high_water_mark_timestamp_seconds"] == success["high_water_mark_timestamp_seconds"])
        #expect(values["archive_events"] == 50)
      }
    }
  }

  @Test func `a repository has a label of its own, and a dry run writes nothing`() throws {
    try Bench.with(["--generate", "50", "--repository", "tools"]) { bench throws in
      let file = bench.folder + "/cloudsmith.prom"
      let options = [
        "--organization", "acme/tools", "--backfill-start-time", ObservabilityTests.recent,
      ]
      let environment = ["CLOUDSMITH_AUDIT_EXPORT_METRICS_FILE": file]
      #expect(try bench.export(options + ["--dry-run"], environment: environment).status == 0)
      #expect(!FileManager.default.fileExists(atPath: file))
      #expect(try bench.export(options, environment: environment).status == 0)
      #expect(try metrics(file).labels == ["organization=\"acme\",repository=\"tools\""])
    }
  }

  @Test(arguments: ["000", "027", "077"])
  func `the metrics file can be read by all, whatever the mask, and replaces what was there`(mask: String)
    throws
  {
    try Bench.with(["--generate", "5"]) { bench in
      let file = bench.folder + "/cloudsmith.prom"
      for text in ["old", nil] {
        if let text { try Data(text.utf8).write(to: URL(filePath: file)) }
        let arguments = bench.arguments(["--metrics-file", "cloudsmith.prom"])
        let result = try Shell.run(
          "umask \(mask); cd \(bench.folder); exec \"$@\"", arguments, environment: bench.environment)
        #expect(result.status == 0, "\(result.log)")
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        #expect(try metrics(file).values["last_run_exit_status"] == 0)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder).count == 2)
    }
  }

  @Test(arguments: [[], ["--quiet"]])
  func `a metrics file that cannot be written is a warning, and harms nothing`(quiet: [String]) throws {
    try Bench.with(["--generate", "50"]) { bench in
      let result = try bench.export(
        quiet + [
          "--backfill-start-time", ObservabilityTests.recent, "--metrics-file",
          bench.folder + "/none/cloudsmith.prom",
        ])
      #expect(result.status == 0)
      #expect(
        result.log.contains(
          "warning no metrics: The folder of --metrics-file '\(bench.folder)/none/cloudsmith.prom' cannot be found"
        ))
    }
  }

  @Test func `neither a device, a pipe nor a file of the archive is replaced by metrics`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      let pipe = bench.folder + "/pipe"
      #expect(mkfifo(pipe, 0o600) == 0)
      let link = bench.folder + "/link"
      let target = bench.folder + "/target.prom"
      try Data("old".utf8).write(to: URL(filePath: target))
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
      let options = ["--backfill-start-time", ObservabilityTests.recent]
      #expect(try bench.export(options + ["--metrics-file", link]).status == 0)
      #expect(try metrics(target).values["last_run_exit_status"] == 0)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
      let manifest = try #require(
        FileManager.default.enumerator(atPath: bench.folder)?.compactMap { $0 as? String }
          .first { $0.hasSuffix("manifest.json") })
      for (file, why) in [
        (pipe, "is a device, pipe or socket"), (bench.folder + "/" + manifest, "lies in _manifest/"),
      ] {
        let result = try bench.export(options + ["--metrics-file", file])
        #expect(result.status == 0 && result.log.contains(why), "\(result.log)")
      }
      let type = try FileManager.default.attributesOfItem(atPath: pipe)[.type] as? FileAttributeType
      #expect(type != .typeRegular)
      // The archive is sound.
      #expect(try bench.export(options).status == 0)
    }
  }

  // MARK: The log

  @Test func `every line of a log in JSON is an object with the same keys, to the last error`() throws {
    try Bench.with(["--generate", "500", "--fail-every", "2"]) { bench in
      func lines(_ result: CommandOutcome) throws -> [[String: Any]] {
        try result.log.split(separator: "\n").map { line in
          try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
      }
      let options = [
        "--backfill-start-time", ObservabilityTests.recent, "--log-format", "json", "--page-size", "200",
      ]
      let good = try bench.export(options)
      let log = try lines(good)
      #expect(good.status == 0 && log.count > 4)
      for line in log {
        #expect(Set(["time", "level", "message", "program", "log"]).isSubset(of: line.keys), "\(line)")
        #expect(line["program"] as? String == "cloudsmith-audit-export" && line["log"] as? String == "acme")
        let time = try #require(line["time"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
      }
      #expect(Set(log.compactMap { $0["level"] as? String }).isSuperset(of: ["info", "notice"]))
      let last = try #require(log.last)
      #expect(last["message"] as? String == "finished" && last["status"] as? String == "done")
      #expect(last["last_run_events_added"] as? Int == 500)

      let bad = try lines(
        try bench.export(
          options, environment: ["CLOUDSMITH_AUDIT_EXPORT_PAGE_SIZE": "", "CLOUDSMITH_API_KEY": ""]))
      #expect(bad.last?["level"] as? String == "error" && bad.last?["exit_status"] as? Int == 64)
      #expect((bad.last?["message"] as? String)?.hasPrefix("No API key") == true)
      let refused = try lines(
        try bench.export(options + ["-q"], environment: ["CLOUDSMITH_API_KEY": "wrong"]))
      #expect(refused.count == 1 && refused.first?["status"] as? String == "key_refused", "\(refused)")

      let environment = ["CLOUDSMITH_AUDIT_EXPORT_LOG_FORMAT": "json"]
      let status = try Program.exporter.run(
        ["status", "-o", "nobody", "--archive", bench.archive], environment: environment)
      #expect(try lines(status).map { $0["exit_status"] as? Int } == [10])
    }
  }

  // MARK: The dead man's switch

  @Test func `a run that is done is told to the URL, one that failed to its fail, with the words`() throws {
    let device = try NoticeReceiver(status: 200)
    defer { device.stop() }
    try Bench.with(["--generate", "50"]) { bench in
      let environment = ["CLOUDSMITH_AUDIT_EXPORT_NOTIFY_URL": "\(device.url)/ping/5up3r-53cr3t"]
      let start = ["--backfill-start-time", ObservabilityTests.recent]
      #expect(try bench.export(start + ["--dry-run"], environment: environment).status == 0)
      #expect(device.received.isEmpty)
      let done = try bench.export(start, environment: environment)
      #expect(done.status == 0)
      let refused = try bench.export(environment: environment.merging(["CLOUDSMITH_API_KEY": "wrong"]) { $1 })
      #expect(refused.status == 20)
      let usage = try Program.exporter.run(
        ["export"], environment: environment.merging(["CLOUDSMITH_API_KEY": "k-12345678"]) { $1 })
      #expect(usage.status == 64)

      let fail = "POST /ping/5up3r-53cr3t/fail"
      #expect(device.received.map(\.request) == ["POST /ping/5up3r-53cr3t", fail, fail])
      let bodies = device.received.map(\.body)
      #expect(
        try bodies.at(0).hasPrefix("cloudsmith-audit-export: done: acme: ")
          && bodies.at(0).contains("50 added"))
      #expect(try bodies.at(1).hasPrefix("cloudsmith-audit-export: key_refused: The API refused the key"))
      #expect(try bodies.at(2).hasPrefix("cloudsmith-audit-export: usage: No organisation"))
      for text in [done, refused, usage].flatMap({ [$0.output, $0.log] }) {
        #expect(!text.contains("5up3r"), "\(text)")
      }
      #expect(!device.received.contains { $0.head.contains(bench.key) || $0.body.contains(bench.key) })
    }
  }

  @Test(arguments: [404, 500, nil] as [Int?])
  func `a ping that fails is a warning, and changes neither status nor archive`(status: Int?) throws {
    let device = try NoticeReceiver(status: status)
    defer { device.stop() }
    try Bench.with(["--generate", "50"]) { bench in
      let url = "\(device.url)/api/push/5up3r-53cr3t?status=up&msg=OK&ping="
      let result = try bench.export(
        ["--backfill-start-time", ObservabilityTests.recent, "--log-level", "debug", "--notify-url", url])
      #expect(result.status == 0)
      #expect(result.log.contains("warning the ping to --notify-url did not arrive"), "\(result.log)")
      #expect(!(result.log + result.output).contains("5up3r"))
      #expect(device.received.count == (status == 404 ? 1 : 3))
      #expect(
        device.received.allSatisfy {
          $0.request.hasPrefix("GET /api/push/5up3r-53cr3t?status=up&msg=cloudsmith-")
        })
      #expect(try bench.status()["status"] as? String == "done")
    }
  }

  @Test(arguments: ["http://example.com/5up3r-53cr3t", "5up3r-53cr3t", "https://u:5up3r-53cr3t@example.com/"])
  func `a URL that is none, or would go in the clear, is refused without repeating it`(url: String) throws {
    let result = try Program.exporter.run(
      ["export", "-o", "acme", "--archive", "/tmp/never-made", "--notify-url", url],
      environment: ["CLOUDSMITH_API_KEY": "k-12345678"])
    #expect(result.status == 64 && result.log.hasPrefix("error: --notify-url: "), "\(result.log)")
    #expect(!result.log.contains("5up3r"))
  }
}

extension ObservabilityTests {
  @Test
  func `the logs of a job file stand in one metrics file and one ping, of which one that fails is told`()
    throws
  {
    let device = try NoticeReceiver(status: 200)
    defer { device.stop() }
    try Bench.with(["--generate", "50", "--organization", "globex"]) { bench in
      let file = bench.folder + "/job.yaml"
      let prom = bench.folder + "/cloudsmith.prom"
      try Data(
        """
        archive: archive
        max_requests_per_second: unlimited
        logs:
          - organization: nobody
          - organization: acme
          - organization: globex
        """.utf8
      ).write(to: URL(filePath: file))
      let arguments = ["export", "--config", file, "--metrics-file", prom, "--log-format", "json"]
      let environment = bench.environment.merging(
        ["CLOUDSMITH_AUDIT_EXPORT_NOTIFY_URL": "\(device.url)/ping/u"]) { $1 }
      let result = try Program.exporter.run(arguments, environment: environment)
      #expect(result.status == 21, "\(result.log)")
      let text = try String(contentsOfFile: prom, encoding: .utf8)
      for (log, status) in [("nobody", 21), ("acme", 0), ("globex", 0)] {
        let name = "cloudsmith_audit_export_last_run_exit_status"
        #expect(text.contains("\n\(name){organization=\"\(log)\"} \(status)\n"), "\(text)")
      }
      #expect(text.ranges(of: "# TYPE cloudsmith_audit_export_last_run_exit_status gauge").count == 1)
      if Shell.works("command -v promtool") {
        #expect(try Shell.run("promtool check metrics < \(prom)").status == 0)
      }
      #expect(device.received.map(\.request) == ["POST /ping/u/fail"])
      let body = try #require(device.received.first?.body)
      #expect(body.hasPrefix("cloudsmith-audit-export: not_found: The API has no organisation 'nobody'"))
      #expect(body.contains("\nacme: ") && body.contains("\nglobex: "))

      let check = try Program.exporter.run(["check", "--config", file], environment: bench.environment)
      #expect(check.status == 21, "\(check.log)")
      #expect(
        check.output.contains("✗ organisation      The API has no organisation 'nobody'"), "\(check.output)")
      #expect(check.output.contains("globex: nothing wrong was found"), "\(check.output)")
    }
  }
}
