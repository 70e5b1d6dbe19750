import Foundation
import TestSupport
import Testing

/// What goes to stdout and stderr.
@Suite(.fewAtOnce, .serialized) struct OutputTests {
  private func lines(_ log: String) throws -> [[String: Any]] {
    try log.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }

  @Test func `with --quiet, a successful run prints nothing unless output is requested`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      for options in [["-q"], ["-q", "--log-format", "json"]] {
        let result = try bench.export(Bench.start + options)
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

  @Test func `with -q and a JSON log, every line is JSON, whatever goes wrong`() throws {
    try Bench.with(["--generate", "50"], isDamaged: true) { bench in
      let options = ["-q", "--log-format", "json"]
      #expect(try bench.export(Bench.start).status == 0)
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
      let verified = try bench.verify(options)
      #expect(verified.status == 2 && verified.output.isEmpty)
      #expect(try lines(verified.log).contains { ($0["details"] as? String)?.contains(part) == true })
      let checked = try Program.exporter.run(
        ["check", "-o", "nobody"] + options, environment: bench.environment)
      #expect(checked.status == 21 && checked.output.isEmpty)
      #expect(try lines(checked.log).contains { ($0["message"] as? String)?.contains("'nobody'") == true })
    }
  }

  @Test func `with --quiet, a successful run still prints warnings that need action`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      let start = Date(timeIntervalSinceNow: -20.8 * 3_600).formatted(.iso8601)
      let result = try bench.export([
        "-q", "--backfill-start-time", start, "--settle", "20h", "--retention", "21h",
      ])
      #expect(result.status == 0 && result.output.isEmpty, "\(result.output)")
      #expect(result.log.contains("warning the archive lacks events from"), "\(result.log)")
    }
  }

  /// Events expire by the API's clock, and one warning does not hide another.
  @Test func `a fast clock hides no warning, and metrics use the API's clock`() throws {
    func before(_ days: Double) -> String { Past.time(daysAgo: days) }
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

  @Test func `a refused key is not reported as a lack of events`() throws {
    try Bench.with(["--generate", "50"]) { bench in
      for (environment, status, words) in [
        (["CLOUDSMITH_API_KEY": "wrong"], 20, "the key was refused"),
        (["CLOUDSMITH_API_HOST": "https://127.0.0.1:1"], 75, "the API was unreachable or kept failing"),
      ] as [([String: String], Int32, String)] {
        let result = try bench.export(Bench.start + ["--max-attempts", "1"], environment: environment)
        #expect(result.status == status, "\(result.log)")
        #expect(
          result.output.hasPrefix("acme: nothing was exported, because ") && result.output.contains(words),
          "\(result.output)")
        #expect(!result.output.contains("no events"))
        #expect(result.log.hasPrefix("error: ") || result.log.contains("\nerror: "), "\(result.log)")
      }
    }
  }

  @Test func `a run that fails half way reports its work in text, JSON and metrics`() throws {
    try Bench.with(["--generate", "5000", "--rate-limit", "7", "--rate-window", "1h"]) { bench in
      let file = bench.folder + "/figures.prom"
      let options =
        Bench.start + ["--max-wait", "1s", "--page-size", "100", "--metrics-file", file]
      for (format, archive) in [("json", bench.archive), ("text", bench.folder + "/other")] {
        let result = try bench.export(options + ["--output-format", format, "--archive", archive])
        #expect(result.status == 3 && result.log.contains("longer than --max-wait allows"), "\(result.log)")
        guard format == "json" else {
          // The previous run used up the limit, so this one received nothing.
          #expect(
            result.output.hasPrefix("acme: nothing was exported, because the API asks for"),
            "\(result.output)")
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

  @Test func `a run without any response does not claim that there were no events`() throws {
    try Bench.with(["--generate", "50", "--date-behind", "3h"]) { bench in
      let future = ["--backfill-start-time", Date(timeIntervalSinceNow: -3_600).formatted(.iso8601)]
      for (options, environment, status, words) in [
        ([], ["CLOUDSMITH_API_KEY": "wrong"], 20, "the key was refused"),
        (future, [:], 64, "the requested time is in the future"),
        (["--organization", "nobody"], [:], 21, "the key cannot see this log"),
        (
          ["--proxy", "http://127.0.0.1:1"], ["CLOUDSMITH_API_HOST": "https://127.0.0.1:2"], 75,
          "the API was unreachable or kept failing"
        ),
      ] as [([String], [String: String], Int32, String)] {
        let result = try bench.export(
          Bench.start + ["--max-attempts", "1"] + options, environment: environment)
        #expect(result.status == status, "\(result.log)")
        #expect(
          result.output.contains(": nothing was exported, because ") && result.output.contains(words),
          "\(result.output)")
        #expect(!result.output.contains("no events"), "\(result.output)")
      }
    }
  }
}
