import Foundation
import TestSupport
import Testing

/// What those who watch a run from outside read: the log in JSON, and pings to a dead man's switch.
@Suite(.fewAtOnce, .serialized) struct NotificationTests {
  private func lines(_ log: String) throws -> [[String: Any]] {
    try log.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }

  @Test func `every line of a JSON log is an object with the same keys, even the last error`() throws {
    try Bench.with(["--generate", "500", "--fail-every", "2"]) { bench in
      func lines(_ result: CommandOutcome) throws -> [[String: Any]] {
        try result.log.split(separator: "\n").map { line in
          try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
      }
      let options = [
        "--backfill-start-time", Bench.startTime, "--log-format", "json", "--page-size", "200",
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

  @Test func `a successful run pings the URL, and a failed run its fail path with the message`() throws {
    let receiver = try HeartbeatReceiver(status: 200)
    defer { receiver.stop() }
    try Bench.with(["--generate", "50"]) { bench in
      let environment = ["CLOUDSMITH_AUDIT_EXPORT_NOTIFY_URL": "\(receiver.url)/ping/5up3r-53cr3t"]
      let start = Bench.start
      #expect(try bench.export(start + ["--dry-run"], environment: environment).status == 0)
      #expect(receiver.received.isEmpty)
      let done = try bench.export(start, environment: environment)
      #expect(done.status == 0)
      let refused = try bench.export(environment: environment.merging(["CLOUDSMITH_API_KEY": "wrong"]) { $1 })
      #expect(refused.status == 20)
      let usage = try Program.exporter.run(
        ["export"], environment: environment.merging(["CLOUDSMITH_API_KEY": "k-12345678"]) { $1 })
      #expect(usage.status == 64)

      let fail = "POST /ping/5up3r-53cr3t/fail"
      #expect(receiver.received.map(\.request) == ["POST /ping/5up3r-53cr3t", fail, fail])
      let bodies = receiver.received.map(\.body)
      #expect(
        try bodies.at(0).hasPrefix("cloudsmith-audit-export: done: acme: ")
          && bodies.at(0).contains("50 added"))
      #expect(try bodies.at(1).hasPrefix("cloudsmith-audit-export: key_refused: The API refused the key"))
      #expect(try bodies.at(2).hasPrefix("cloudsmith-audit-export: usage: No organization"))
      for text in [done, refused, usage].flatMap({ [$0.output, $0.log] }) {
        #expect(!text.contains("5up3r"), "\(text)")
      }
      #expect(!receiver.received.contains { $0.head.contains(bench.key) || $0.body.contains(bench.key) })
    }
  }

  @Test(arguments: [404, 500, nil] as [Int?])
  func `a failed ping is a warning and changes neither status nor archive`(status: Int?) throws {
    let receiver = try HeartbeatReceiver(status: status)
    defer { receiver.stop() }
    try Bench.with(["--generate", "50"]) { bench in
      let url = "\(receiver.url)/api/push/5up3r-53cr3t?status=up&msg=OK&ping="
      let result = try bench.export(
        ["--backfill-start-time", Bench.startTime, "--log-level", "debug", "--notify-url", url])
      #expect(result.status == 0)
      #expect(result.log.contains("warning the ping to --notify-url failed ("), "\(result.log)")
      #expect(!(result.log + result.output).contains("5up3r"))
      #expect(receiver.received.count == (status == 404 ? 1 : 3))
      #expect(
        receiver.received.allSatisfy {
          $0.request.hasPrefix("GET /api/push/5up3r-53cr3t?status=up&msg=cloudsmith-")
        })
      #expect(try bench.status()["status"] as? String == "done")
    }
  }

  @Test(arguments: ["http://example.com/5up3r-53cr3t", "5up3r-53cr3t", "https://u:5up3r-53cr3t@example.com/"])
  func `an invalid or unencrypted URL is refused and not repeated in the message`(url: String) throws {
    let result = try Program.exporter.run(
      ["export", "-o", "acme", "--archive", "/tmp/never-made", "--notify-url", url],
      environment: ["CLOUDSMITH_API_KEY": "k-12345678"])
    #expect(result.status == 64 && result.log.hasPrefix("error: --notify-url: "), "\(result.log)")
    #expect(!result.log.contains("5up3r"))
  }

  @Test
  func `all logs of a job share one metrics file and one ping, which names the failed log`()
    throws
  {
    let receiver = try HeartbeatReceiver(status: 200)
    defer { receiver.stop() }
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
        ["CLOUDSMITH_AUDIT_EXPORT_NOTIFY_URL": "\(receiver.url)/ping/u"]) { $1 }
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
      #expect(receiver.received.map(\.request) == ["POST /ping/u/fail"])
      let body = try #require(receiver.received.first?.body)
      #expect(body.hasPrefix("cloudsmith-audit-export: not_found: The API has no organization 'nobody'"))
      #expect(body.contains("\nacme: ") && body.contains("\nglobex: "))

      let check = try Program.exporter.run(["check", "--config", file], environment: bench.environment)
      #expect(check.status == 21, "\(check.log)")
      #expect(
        check.output.contains("✗ organization      The API has no organization 'nobody'"), "\(check.output)")
      #expect(check.output.contains("globex: all checks passed"), "\(check.output)")
    }
  }

  @Test func `two failed logs of a job are both reported in text, JSON, metrics and the ping`()
    throws
  {
    let receiver = try HeartbeatReceiver(status: 200)
    defer { receiver.stop() }
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
        "export", "--config", file, "--metrics-file", prom, "--notify-url", "\(receiver.url)/ping/u",
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

      let body = try #require(receiver.received.last?.body)
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
}
