import AuditRecord
import Foundation
import TestSupport
import Testing

/// What `export` archives from the emulator.
@Suite(.fewAtOnce, .serialized) struct ExportTests {
  /// The number is not round, because the exporter double-checks a list that ends at a round number.
  @Test(.needsPython)
  func `100,001 events are archived once each, with the cells of an independent implementation`()
    throws
  {
    try Bench.with(Bench.generate(100_001, ["--ties", "3"])) { bench in
      let result = try bench.export([
        "--backfill-start-time", Bench.month.from, "--output-format", "json",
      ])
      #expect(result.status == 0, "\(result.log)")
      let run = try #require(try result.json["run"] as? [String: Any])
      #expect(run["rows_added"] as? Int == 100_001)
      #expect((run["requests"] as? Int).map { (200...205).contains($0) } == true)
      let check = try Python.run(
        "flatten.py",
        ["check", "--events", bench.events(), "--archive", bench.archive, "--organization", "acme"])
      #expect(check.status == 0, "\(check.output)\(check.log)")
      #expect(check.output.contains("100001 rows in 30 days equal, every cell"), "\(check.output)")
    }
  }

  @Test(arguments: ["1", "4"])
  func `requests never start faster than the given rate, however many are in flight`(
    limit: String
  ) throws {
    try Bench.with(Bench.generate(600)) { bench in
      let clock = ContinuousClock()
      let began = clock.now
      let result = try bench.export([
        "--backfill-start-time", Bench.month.from, "--page-size", "20", "--output-format", "json",
        "--max-requests-per-second", "25", "--max-concurrent-requests", limit,
      ])
      // This holds on any machine: the rate allows no shorter time.
      let requests = try #require((result.json["run"] as? [String: Any])?["requests"] as? Int)
      #expect(result.status == 0, "\(result.log)")
      #expect(requests >= 30)
      #expect(clock.now - began >= .seconds(1) * (requests - 1) / 25)
      #expect(try ArchiveOnDisk(bench.archive).identities().count == 600)
    }
  }

  @Test func `both formats and little memory give the same verified archive`()
    throws
  {
    try Bench.with(Bench.generate(6_000)) { bench in
      let start = ["--backfill-start-time", Bench.month.from]
      #expect(try bench.export(start).status == 0)
      let csv = try ArchiveOnDisk(bench.archive).reportedContent()
      #expect(csv.count == 30)
      let both =
        start + ["--archive", bench.folder + "/both", "--format", "csv,parquet", "--memory-limit", "20kB"]
      let result = try Program.exporter.run(bench.arguments(both), environment: bench.environment)
      #expect(result.status == 0, "\(result.log)")
      #expect(try ArchiveOnDisk(bench.folder + "/both").reportedContent() == csv)

      // The first archive is converted from its own rows.
      let converted = try bench.export(["--format", "csv,parquet"])
      #expect(converted.status == 0, "\(converted.log)")
      for archive in [bench.archive, bench.folder + "/both"] {
        let paths = try Program.exporter.run([
          "changes", "-o", "acme", "--archive", archive, "--since", "0", "--format", "parquet", "--as",
          "paths",
        ])
        #expect(paths.output.split(separator: "\n").count == 30, "\(paths.output)")
        let verify = try Program.exporter.run(["verify", "-o", "acme", "--archive", archive])
        #expect(
          verify.status == 0 && verify.output.contains("60 of 60 intact"), "\(verify.output)"
        )
        #expect(verify.output.contains("6,000 of 6,000 read from intact files"))
      }
      // A run without --format keeps both formats.
      try FileManager.default.removeItem(atPath: "\(bench.archive)/parquet")
      let window = ["--from", Bench.month.from, "--to", Bench.month.to]
      let again = try bench.export(["-q", "--replace"] + window)
      #expect(again.status == 0 && !again.log.contains("leaves out"), "\(again.log)")
      let found = try bench.verify()
      #expect(
        found.status == 0 && found.output.contains("60 of 60 intact"), "\(found.output)")
      // A run that drops a format warns, also with -q.
      let off = try bench.export(["-q", "--format", "parquet"])
      #expect(off.status == 0 && off.log.contains("warning --format leaves out csv"), "\(off.log)")
    }
  }

  @Test(.needsPython)
  func `the official Python client gets exactly the events that are archived`() throws {
    try Bench.with(Bench.generate(2_345)) { bench in
      #expect(try bench.export(["--backfill-start-time", Bench.month.from]).status == 0)
      let client = try Python.run(
        "official_client.py", [bench.url, bench.key, "acme", "--page-size", "500"])
      #expect(client.status == 0, "\(client.log)")
      let received = try client.output.split(separator: "\n").compactMap { line in
        (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["uuid"] as? String
      }
      #expect(received.count == 2_345)
      #expect(Set(received) == Set(try ArchiveOnDisk(bench.archive).identities()))
    }
  }

  @Test func `the summary counts every received event, also repeated and useless ones`() throws {
    try Bench.with(Bench.generate(1_200)) { bench in
      func counts(_ result: CommandOutcome) throws -> [String: Int] {
        let line = try #require(result.output.split(separator: "\n").first)
        let parts = line.matches(of: /([\d,]+) ([a-z ]+)/).map {
          (String($0.2), Int($0.1.replacing(",", with: "")) ?? -1)
        }
        return Dictionary(parts) { first, _ in first }
      }
      let first = try counts(bench.export(["--backfill-start-time", Bench.month.from]))
      // A run reads the last page and the first page twice.
      let twice = (first["received before"] ?? 0) + (first["read twice or outside the window"] ?? 0)
      #expect(first["added"] == 1_200 && twice > 0)
      #expect(first["events received"] == 1_200 + twice && first["days changed"] == 30)
      let again = try counts(bench.export(["--lookback", "5d"]))
      let known = try #require(again["received before"])
      #expect(again["added"] == 0 && known > 0)
      #expect(again["events received"] == known + (again["read twice or outside the window"] ?? 0))
    }
  }

  @Test func `a run that finds nothing new says up to when, and is not recorded`() throws {
    try Bench.with(Bench.generate(300)) { bench in
      #expect(try bench.export(["--backfill-start-time", Bench.month.from]).status == 0)
      let quiet = ["--quiet-commit-interval", "1h"]
      // The API's clock has whole seconds.
      Thread.sleep(forTimeInterval: 2.1)
      let text = try bench.export(quiet)
      #expect(text.status == 0 && text.output.contains("\nnothing new up to "), "\(text)")
      let json = try bench.export(quiet + ["--output-format", "json"])
      #expect(try json.json["commits"] as? [Int] == [])
      #expect(try json.json["unrecorded_until"] is String, "\(json.output)")
      let metrics = try #require(try json.json["metrics"] as? [String: Double])
      #expect(metrics["last_run_commits"] == 0 && metrics["archive_commit"] == 1)
      #expect(metrics["last_success_timestamp_seconds"] == metrics["last_run_timestamp_seconds"])
      #expect(try bench.export().status == 0)
      #expect(try bench.manifest()["commit"] as? Int == 2)
    }
  }

  @Test func `the log of a repository gets its own kind of archive`() throws {
    try Bench.with([
      "--repository", "my-repo", "--generate", "300", "--from", Bench.month.from, "--to",
      Bench.month.to,
    ]) { bench in
      let options = ["--backfill-start-time", Bench.month.from]
      let result = try bench.export(options + ["--organization", "acme/my-repo"])
      #expect(result.status == 0, "\(result.log)")
      #expect(
        FileManager.default.fileExists(atPath: bench.archive + "/csv/organization=acme/repository=my-repo"))
      #expect(FileManager.default.fileExists(atPath: bench.archive + "/_manifest/acme/my-repo/manifest.json"))
      #expect(try bench.export(options).status == 64)
    }
  }

  @Test func `a dry run prints windows, days, requests and duration, and writes nothing`() throws {
    try Bench.with(Bench.generate(3_000)) { bench in
      let options = ["--backfill-start-time", Bench.month.from, "--page-size", "100", "--dry-run"]
      let text = try bench.export(options + ["--max-requests-per-second", "1"])
      #expect(text.status == 0, "\(text.log)")
      #expect(text.output.contains("would fetch"), "\(text.output)")
      #expect(text.output.contains("at the current pace"), "\(text.output)")
      let json = try bench.export(options + ["--output-format", "json"]).json
      #expect(json["status"] as? String == "planned")
      #expect((json["requests_expected"] as? Int).map { (20...60).contains($0) } == true, "\(json)")
      #expect(!FileManager.default.fileExists(atPath: bench.archive))
      // A nightly run reads one page twice, so the forecast is exact.
      let start = ["--backfill-start-time", Bench.month.from]
      #expect(try bench.export(start).status == 0)
      let night = ["--page-size", "500", "--lookback", "1m", "--output-format", "json"]
      let expected = try bench.export(night + ["--dry-run"]).json["requests_expected"] as? Int
      let run = try bench.export(night).json["run"] as? [String: Any]
      #expect(
        expected != nil && run?["requests"] as? Int == expected,
        "\(String(describing: expected)), \(run ?? [:])")
    }
  }

  @Test func `an archive of a query holds its events, and other queries are refused`() throws {
    try Bench.with(Bench.generate(2_000)) { bench in
      let options = ["--backfill-start-time", Bench.month.from, "--query", "event:login"]
      let result = try bench.export(options + ["--output-format", "json"])
      #expect(result.status == 0, "\(result.log)")
      let run = try #require(try result.json["run"] as? [String: Any])
      let rows = try #require(run["rows_added"] as? Int)
      #expect(rows > 0 && rows < 2_000)
      let other = try bench.export(["--query", "event:package"])
      #expect(other.status == 64, "\(other.log)")
      #expect(other.log.contains("event:login"))
      #expect(try bench.export([]).status == 64)
    }
  }

  @Test(arguments: ["exact", "ignored"])
  func `the time filter is used if requested and consistent`(filter: String) throws {
    try Bench.with(Bench.generate(3_001) + ["--time-filter", filter]) { bench in
      let options = ["--backfill-start-time", Bench.month.from, "--page-size", "100"]
      let result = try bench.export(options + ["--time-filter", "filter", "--output-format", "json"])
      #expect(result.status == 0, "\(result.log)")
      let run = try #require(try result.json["run"] as? [String: Any])
      // The seek ends on the first page, where the window starts.
      #expect(run["time_filter"] as? String == (filter == "exact" ? "filter" : "walk"))
      #expect(result.log.contains("the time filter is not used") == (filter == "ignored"))
    }
  }
}
