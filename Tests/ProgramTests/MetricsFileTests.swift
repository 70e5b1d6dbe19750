import Foundation
import TestSupport
import Testing

/// `--metrics-file`, as Prometheus' own tool and the node exporter read it.
@Suite(.fewAtOnce, .serialized) struct MetricsFileTests {
  private static let prefix = "cloudsmith_audit_export_"

  /// The values of a metrics file by name without prefix, and the labels of all metrics but `build_info`.
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

  @Test func `the metrics file has the values of the report`() throws {
    try Bench.with(["--generate", "500", "--fail-every", "2", "--fail-status", "503"]) { bench in
      let file = bench.folder + "/cloudsmith.prom"
      let result = try bench.export([
        "--backfill-start-time", Bench.startTime, "--page-size", "200", "--metrics-file", file,
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

  @Test func `a failed run writes metrics too, and the archive remembers the last success`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      let file = bench.folder + "/cloudsmith.prom"
      let options = ["--metrics-file", file]
      #expect(try bench.export(options, environment: ["CLOUDSMITH_API_KEY": "wrong"]).status == 20)
      #expect(try metrics(file).values["last_success_timestamp_seconds"] == nil)
      #expect(try metrics(file).values["last_run_exit_status"] == 20)

      #expect(try bench.export(options + Bench.start).status == 0)
      let success = try metrics(file).values
      // The archive remembers the last success, not the file.
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
        "--organization", "acme/tools", "--backfill-start-time", Bench.startTime,
      ]
      let environment = ["CLOUDSMITH_AUDIT_EXPORT_METRICS_FILE": file]
      #expect(try bench.export(options + ["--dry-run"], environment: environment).status == 0)
      #expect(!FileManager.default.fileExists(atPath: file))
      #expect(try bench.export(options, environment: environment).status == 0)
      #expect(try metrics(file).labels == ["organization=\"acme\",repository=\"tools\""])
    }
  }

  @Test(arguments: ["000", "027", "077"])
  func `the metrics file is world-readable whatever the umask, and replaces the old one`(mask: String)
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
  func `an unwritable metrics file is only a warning`(quiet: [String]) throws {
    try Bench.with(["--generate", "50"]) { bench in
      let result = try bench.export(
        quiet + [
          "--backfill-start-time", Bench.startTime, "--metrics-file",
          bench.folder + "/none/cloudsmith.prom",
        ])
      #expect(result.status == 0)
      #expect(
        result.log.contains(
          "warning no metrics were written: The folder of --metrics-file '\(bench.folder)/none/cloudsmith.prom' does not exist"
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
      let options = Bench.start
      #expect(try bench.export(options + ["--metrics-file", link]).status == 0)
      #expect(try metrics(target).values["last_run_exit_status"] == 0)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
      let manifest = try #require(
        FileManager.default.enumerator(atPath: bench.folder)?.compactMap { $0 as? String }
          .first { $0.hasSuffix("manifest.json") })
      for (file, why) in [
        (pipe, "is a device, pipe or socket"), (bench.folder + "/" + manifest, "is in _manifest/"),
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

  @Test func `concurrent runs that share a metrics file keep the metrics of all logs`() throws {
    let names = (1...6).map { "org-\($0)" }
    let options = ["--generate", "30", "--repository", "tools"] + names.flatMap { ["--organization", $0] }
    try Bench.with(options) { bench in
      let prom = bench.folder + "/figures.prom"
      func figures() throws -> String { try String(contentsOfFile: prom, encoding: .utf8) }
      func export(_ log: String, _ more: [String] = []) throws -> RunningCommand {
        try Program.exporter.start(
          bench.arguments(
            Bench.start + [
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
      // A run replaces its own metrics and drops lines that are not valid metrics.
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
  func `a file that holds no metrics is replaced`(bytes: [UInt8]) throws {
    try Bench.with(["--generate", "30"]) { bench in
      let prom = bench.folder + "/figures.prom"
      try Data(bytes).write(to: URL(filePath: prom))
      let result = try bench.export(Bench.start + ["--metrics-file", prom])
      #expect(result.status == 0)
      #expect(
        result.log.contains("the metrics of other logs were dropped") == (bytes[0] == 0xFF), "\(result.log)")
      #expect(try String(contentsOfFile: prom, encoding: .utf8).contains("organization=\"acme\""))
    }
  }

  @Test(.needs("curl"))
  func `the documented Pushgateway command sends the metrics and keeps the exit status`() throws {
    let line = try #require(
      try Document("Monitoring").blocks.flatMap(\.session).map(\.command)
        .first { $0.contains("$PUSHGATEWAY") })
    for (key, status) in [(nil, 0), ("wrong", 20)] as [(String?, Int32)] {
      let gateway = try HeartbeatReceiver(status: 200)
      defer { gateway.stop() }
      try Bench.with(["--organization", "my-org", "--generate", "30"]) { bench in
        let command = line.replacing("/srv/audit", with: bench.archive)
          .replacing("/tmp/audit.prom", with: bench.folder + "/audit.prom")
          .replacing("cloudsmith-audit-export export", with: try Program.exporter.path + " export")
        let environment = bench.environment.merging(["PUSHGATEWAY": gateway.url]) { $1 }
          .merging(key.map { ["CLOUDSMITH_API_KEY": $0] } ?? [:]) { $1 }
        // A first run, so that this one is not the first.
        #expect(try bench.export(Bench.start + ["--organization", "my-org"]).status == 0)
        let result = try Shell.run(command, environment: environment)
        #expect(result.status == status, "\(result.log)")
        let request = try #require(gateway.received.first)
        #expect(request.request == "PUT /metrics/job/cloudsmith_audit_export/instance/my-org")
        #expect(
          request.body.contains("last_run_exit_status{organization=\"my-org\"} \(status)\n"),
          "\(request.body)")
      }
    }
  }
}
