import AuditRecord
import Foundation
import TestSupport
import Testing

/// The program against the emulator, both as their users run them.
@Suite(.fewAtOnce, .serialized) struct ExportTests {
  /// Days long past for the clock of the test, recent enough for the retention.
  private static let recent: (from: String, to: String) = {
    let now = Date().timeIntervalSince1970
    let today = (now / 86_400).rounded(.down) * 86_400
    func text(_ seconds: Double) -> String {
      Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
    return (text(today - 31 * 86_400), text(today - 86_400))
  }()

  private static func generate(_ count: Int, _ more: [String] = []) -> [String] {
    [
      "--generate", "\(count)", "--seed", "7", "--from", recent.from, "--to", recent.to, "--rate-limit",
      "1000000",
    ] + more
  }

  /// Not a round number of them: a list that ends there may have been cut, and a second way to its end is taken.
  @Test(.needsPython)
  func `100,001 events over 30 days are archived once each, every cell as an independent flattening has it`()
    throws
  {
    try Bench.with(ExportTests.generate(100_001, ["--ties", "3"])) { bench in
      let result = try bench.export([
        "--backfill-start-time", ExportTests.recent.from, "--output-format", "json",
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
  func `however many requests are in flight, they do not start faster than the rate that was asked for`(
    limit: String
  ) throws {
    try Bench.with(ExportTests.generate(600)) { bench in
      let clock = ContinuousClock()
      let began = clock.now
      let result = try bench.export([
        "--backfill-start-time", ExportTests.recent.from, "--page-size", "20", "--output-format", "json",
        "--max-requests-per-second", "25", "--max-concurrent-requests", limit,
      ])
      // However slow the machine: so many requests cannot have been let go in less time than this.
      let requests = try #require((result.json["run"] as? [String: Any])?["requests"] as? Int)
      #expect(result.status == 0, "\(result.log)")
      #expect(requests >= 30)
      #expect(clock.now - began >= .seconds(1) * (requests - 1) / 25)
      #expect(try archivedIdentities(bench).count == 600)
    }
  }

  @Test func `both formats, and little memory: the same archive, verified, and every day in each format`()
    throws
  {
    try Bench.with(ExportTests.generate(6_000)) { bench in
      let start = ["--backfill-start-time", ExportTests.recent.from]
      #expect(try bench.export(start).status == 0)
      let csv = try contents(of: bench.archive)
      #expect(csv.count == 30)
      let both =
        start + ["--archive", bench.folder + "/both", "--format", "csv,parquet", "--memory-limit", "20kB"]
      let result = try Program.exporter.run(bench.arguments(both), environment: bench.environment)
      #expect(result.status == 0, "\(result.log)")
      #expect(try contents(of: bench.folder + "/both") == csv)

      // The first archive becomes the same from its own rows.
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
          verify.status == 0 && verify.output.contains("60 of 60 are as they were sealed"), "\(verify.output)"
        )
        #expect(verify.output.contains("6,000 of 6,000 were read"))
      }
      // A run that says nothing of formats goes on with both.
      try FileManager.default.removeItem(atPath: "\(bench.archive)/parquet")
      let window = ["--from", ExportTests.recent.from, "--to", ExportTests.recent.to]
      let again = try bench.export(["-q", "--replace"] + window)
      #expect(again.status == 0 && !again.log.contains("leaves out"), "\(again.log)")
      let found = try Program.exporter.run(["verify", "-o", "acme", "--archive", bench.archive])
      #expect(
        found.status == 0 && found.output.contains("60 of 60 are as they were sealed"), "\(found.output)")
      // One that leaves a format out says so, also when it is to be quiet.
      let off = try bench.export(["-q", "--format", "parquet"])
      #expect(off.status == 0 && off.log.contains("warning --format leaves out csv"), "\(off.log)")
    }
  }

  @Test(.needsPython)
  func `the official Python client gets exactly the events that are archived`() throws {
    try Bench.with(ExportTests.generate(2_345)) { bench in
      #expect(try bench.export(["--backfill-start-time", ExportTests.recent.from]).status == 0)
      let client = try Python.run(
        "official_client.py", [bench.url, bench.key, "acme", "--page-size", "500"])
      #expect(client.status == 0, "\(client.log)")
      let received = client.output.split(separator: "\n").compactMap { line in
        (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["uuid"] as? String
      }
      #expect(received.count == 2_345)
      #expect(Set(received) == Set(try archivedIdentities(bench)))
    }
  }

  @Test
  func
    `a run killed at a random moment leaves an archive that the next run completes, as if nothing had been`()
    throws
  {
    try Bench.with(ExportTests.generate(6_000)) { bench in
      let options = ["--backfill-start-time", ExportTests.recent.from, "--page-size", "200"]
      #expect(try bench.export(options).status == 0)
      let whole = try contents(of: bench.archive)
      #expect(whole.count == 30)

      var kills = 0
      for attempt in 0..<8 {
        let archive = bench.folder + "/killed-\(attempt)"
        let running = try Program.exporter.start(
          bench.arguments(options) + ["--archive", archive], environment: bench.environment)
        usleep(UInt32(40_000 + attempt * 60_000))
        running.signal(SIGKILL)
        if running.wait().wasKilled { kills += 1 }
        let again = try Program.exporter.run(
          bench.arguments(options) + ["--archive", archive], environment: bench.environment)
        #expect(again.status == 0, "\(again.log)")
        #expect(try contents(of: archive) == whole, "attempt \(attempt)")
        #expect(try leftovers(in: archive) == [], "attempt \(attempt)")
      }
      #expect(kills > 0)
    }
  }

  @Test func `SIGTERM ends a run in order: what is complete is kept, the lock is free, the status is 130`()
    throws
  {
    try Bench.with(ExportTests.generate(20_000)) { bench in
      var arguments = bench.arguments([
        "--backfill-start-time", ExportTests.recent.from, "--page-size", "100",
      ])
      arguments.replace(["unlimited"], with: ["20"])
      let running = try Program.exporter.start(arguments, environment: bench.environment)
      try running.wait { try bench.hasStaged(3) }
      running.signal(SIGTERM)
      let result = running.wait()
      #expect(result.status == 130, "\(result.log)")
      #expect(result.log.contains("Interrupted; all that was complete is kept"))
      let manifest = try #require(try bench.status()["manifest"] as? [String: Any])
      #expect((manifest["coverage"] as? [Any])?.count == 1)
      #expect((manifest["gaps"] as? [Any])?.count == 1)
      #expect(try leftovers(in: bench.archive) == [])
      let again = try bench.export(["--output-format", "json"])
      #expect(again.status == 0, "\(again.log)")
      #expect((try again.json["gaps"] as? [Any])?.isEmpty == true)
    }
  }

  @Test
  func `a second run while one is under way ends at once with status 11, and says who holds the archive`()
    throws
  {
    try Bench.with(ExportTests.generate(5_000)) { bench in
      var arguments = bench.arguments(["--backfill-start-time", ExportTests.recent.from])
      arguments.replace(["unlimited"], with: ["1"])
      let first = try Program.exporter.start(arguments, environment: bench.environment)
      try first.wait { FileManager.default.fileExists(atPath: bench.archive + "/_manifest/acme/lock") }
      let second = try bench.export()
      #expect(second.status == 11, "\(second.log)")
      #expect(second.log.contains("process \(first.id)"), "\(second.log)")
      first.signal(SIGTERM)
      #expect(first.wait().status == 130)
    }
  }

  @Test func `the API key is in no output, no log, no file and no argument`() throws {
    try Bench.with(ExportTests.generate(1_000, ["--fail-every", "3", "--fail-status", "503"])) { bench in
      let running = try Program.exporter.start(
        bench.arguments([
          "--backfill-start-time", ExportTests.recent.from, "--log-level", "debug", "--page-size", "100",
        ]),
        environment: bench.environment)
      let result = running.wait()
      #expect(result.status == 0, "\(result.log)")
      #expect(result.log.contains("503"))
      #expect(!result.output.contains(bench.key))
      #expect(!result.log.contains(bench.key))
      for file in try files(in: bench.archive) {
        #expect(try Data(contentsOf: URL(filePath: file)).range(of: Data(bench.key.utf8)) == nil, "\(file)")
      }
      let refused = try bench.export(environment: ["CLOUDSMITH_API_KEY": "wrong-key-77"])
      #expect(refused.status == 20)
      #expect(!refused.log.contains("wrong-key-77"))
    }
  }

  @Test(arguments: [
    ([], ["CLOUDSMITH_API_KEY": "wrong"], 20, ["401", "mistyped, expired or revoked", "CLOUDSMITH_API_KEY"]),
    (["--forbidden"], [:], 20, ["403", "Manager or Owner"]),
    (["--plan-without-audit-log"], [:], 22, ["402", "plan"]),
    (["--fail-every", "1", "--fail-status", "500"], [:], 75, ["in 2 tries", "500", "run again"]),
  ])
  func `what the API refuses is told with its causes and cures`(
    options: [String], environment: [String: String], status: Int, words: [String]
  ) throws {
    try Bench.with(["--generate", "10"] + options) { bench in
      let result = try bench.export(
        ["--backfill-start-time", ExportTests.recent.from, "--retries", "2"], environment: environment)
      #expect(result.status == Int32(status), "\(result.log)")
      for word in words { #expect(result.log.contains(word), "\(word): \(result.log)") }
      #expect(!FileManager.default.fileExists(atPath: bench.archive), "nothing is begun that cannot go on")
    }
  }

  @Test func `what the summary says was received is all that was, twice or in vain too`() throws {
    try Bench.with(ExportTests.generate(1_200)) { bench in
      func counts(_ result: CommandOutcome) throws -> [String: Int] {
        let line = try #require(result.output.split(separator: "\n").first)
        let parts = line.matches(of: /([\d,]+) ([a-z ]+)/).map {
          (String($0.2), Int($0.1.replacing(",", with: "")) ?? -1)
        }
        return Dictionary(parts) { first, _ in first }
      }
      let first = try counts(bench.export(["--backfill-start-time", ExportTests.recent.from]))
      // A run ends where it began: the last page and the first are read twice.
      let twice = (first["known already"] ?? 0) + (first["read twice or outside the window"] ?? 0)
      #expect(first["added"] == 1_200 && twice > 0)
      #expect(first["events received"] == 1_200 + twice && first["days written"] == 30)
      let again = try counts(bench.export(["--lookback", "5d"]))
      let known = try #require(again["known already"])
      #expect(again["added"] == 0 && known > 0)
      #expect(again["events received"] == known + (again["read twice or outside the window"] ?? 0))
    }
  }

  @Test func `an organisation that is not there is told with its causes and cures`() throws {
    try Bench.with(["--generate", "10"]) { bench in
      let result = try bench.export([
        "--organization", "amce", "--backfill-start-time", ExportTests.recent.from,
      ])
      #expect(result.status == 21, "\(result.log)")
      for word in ["404", "'amce'", "typos", "deleted or archived", "lower case with hyphens"] {
        #expect(result.log.contains(word), "\(word): \(result.log)")
      }
      #expect(!FileManager.default.fileExists(atPath: bench.archive))
    }
  }

  @Test
  func `a rate limit that asks for a longer wait than allowed ends the run as incomplete, with what it has`()
    throws
  {
    try Bench.with([
      "--generate", "3000", "--rate-limit", "4", "--from", ExportTests.recent.from, "--to",
      ExportTests.recent.to,
    ]) { bench in
      let result = try bench.export(["--backfill-start-time", ExportTests.recent.from, "--max-wait", "1m"])
      #expect(result.status == 3, "\(result.log)")
      #expect(result.log.contains("longer than --max-wait"))
      #expect(result.log.contains("share the key"))
      #expect(try bench.status()["manifest"] != nil)
    }
  }

  @Test func `an API that is not there is status 75`() throws {
    let result = try Program.exporter.run(
      [
        "export", "-o", "acme", "--archive", NSTemporaryDirectory() + UUID().uuidString, "--retries", "1",
        "--api-host", "http://127.0.0.1:1",
      ], environment: ["CLOUDSMITH_API_KEY": "abc-123"])
    #expect(result.status == 75, "\(result.log)")
    #expect(result.log.contains("no connection"))
  }

  @Test func `no events is success, and the causes are named`() throws {
    try Bench.with(["--generate", "0"]) { bench in
      let result = try bench.export(["--backfill-start-time", ExportTests.recent.from])
      #expect(result.status == 0, "\(result.log)")
      #expect(result.output.contains("no events in the window"))
      #expect(result.output.contains("lack access to the audit log"))
    }
  }

  @Test func `records that cannot be rows go to quarantine once: status 4, then 0`() throws {
    let folder = NSTemporaryDirectory() + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let events = #"[{"uuid":"a","event_at":"\#(ExportTests.recent.to)"},{"uuid":"b"},7]"#
    try Data(events.utf8).write(to: URL(filePath: folder + "/events.json"))
    try Bench.with(["--events", folder + "/events.json"]) { bench in
      let first = try bench.export(["--backfill-start-time", ExportTests.recent.from])
      #expect(first.status == 4, "\(first.log)")
      #expect(first.log.contains("2 records"))
      let second = try bench.export()
      #expect(second.status == 0, "\(second.log)")
      let manifest = try #require(try bench.status()["manifest"] as? [String: Any])
      #expect(manifest["quarantined_records"] as? Int == 2)
    }
  }

  /// All of the second is one instant, so that no event of it is found out of order.
  @Test
  func
    `events of a leap second are archived on the next day and counted, an offset without a colon is not read`()
    throws
  {
    let day = String(ExportTests.recent.from.prefix(10))
    let next = try #require(Day(day)).next
    let times = [
      "\(next)T00:00:00.000001Z", "\(day)T23:59:60.9Z", "\(day)T23:59:60.5Z", "\(next)T05:29:60+05:30",
      "\(next)T00:00:00Z",
      "\(day)T23:59:59.999999Z", "\(day)T12:00:00+0000", "\(day)T12:00:00",
    ]
    let events = times.enumerated().map { #"{"uuid":"u\#($0)","event_at":"\#($1)"}"# }
    try Folder.with { folder in
      let file = try folder.write("[\(events.joined(separator: ","))]", to: "events.json")
      try Bench.with(["--events", file]) { bench in
        let options = ["--backfill-start-time", ExportTests.recent.from, "--output-format", "json"]
        let first = try bench.export(options)
        #expect(first.status == 4, "\(first.log)")
        let run = try #require(try first.json["run"] as? [String: Any])
        #expect(run["rows_added"] as? Int == 6 && run["quarantined"] as? Int == 2)
        // What is received twice is counted twice.
        let leapSeconds = try #require(run["leap_seconds"] as? Int)
        #expect(leapSeconds >= 3 && leapSeconds.isMultiple(of: 3))
        let partitions = try #require(try bench.manifest()["partitions"] as? [[String: Any]])
        let rows = Dictionary(
          partitions.map { ($0["event_date"] as? String ?? "", $0["rows"] as? Int ?? 0) }, uniquingKeysWith: +
        )
        #expect(rows[day] == 1 && rows["\(next)"] == 5, "\(rows)")

        let quarantine = try #require(
          FileManager.default.subpaths(atPath: bench.archive)?.first { $0.hasSuffix(".jsonl") })
        let lines = try String(contentsOfFile: bench.archive + "/" + quarantine, encoding: .utf8)
        #expect(
          lines.contains(
            #""reason":"unreadable event_at: its offset is not of the form +00:00","record":{"event_at":"\#(times[6])""#
          ))
        #expect(
          lines.contains(
            #""reason":"unreadable event_at: it has no time zone","record":{"event_at":"\#(times[7])""#))

        // Read again, they are known.
        let second = try bench.export(options)
        let again = try #require(try second.json["run"] as? [String: Any])
        #expect(second.status == 0 && again["rows_added"] as? Int == 0, "\(second.log)")
        #expect(try Program.exporter.run(["verify", "-o", "acme", "--archive", bench.archive]).status == 0)
        if Python.isThere {
          let check = try Python.run(
            "flatten.py",
            ["check", "--events", bench.events(), "--archive", bench.archive, "--organization", "acme"])
          #expect(check.status == 0, "\(check.output)\(check.log)")
        }
      }
    }
  }

  @Test func `a repository's log has an archive of its own kind`() throws {
    try Bench.with([
      "--repository", "my-repo", "--generate", "300", "--from", ExportTests.recent.from, "--to",
      ExportTests.recent.to,
    ]) { bench in
      let options = ["--backfill-start-time", ExportTests.recent.from]
      let result = try bench.export(options + ["--organization", "acme/my-repo"])
      #expect(result.status == 0, "\(result.log)")
      #expect(
        FileManager.default.fileExists(atPath: bench.archive + "/csv/organization=acme/repository=my-repo"))
      #expect(FileManager.default.fileExists(atPath: bench.archive + "/_manifest/acme/my-repo/manifest.json"))
      #expect(try bench.export(options).status == 64)
    }
  }

  @Test func `a first run that fails fixes nothing: the archive can still become one of the other kind`()
    throws
  {
    try Bench.with(["--generate", "20"]) { bench in
      let wrong = try bench.export(["--organization", "acme/typo"])
      #expect(wrong.status == 21, "\(wrong.log)")
      let right = try bench.export(["--backfill-start-time", ExportTests.recent.from])
      #expect(right.status == 0, "\(right.log)")
    }
  }

  @Test func `a file of quarantine that is gone is told by status and by runs, with the cure`() throws {
    let folder = NSTemporaryDirectory() + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let events = #"[{"uuid":"a","event_at":"\#(ExportTests.recent.to)"},{"uuid":"b"}]"#
    try Data(events.utf8).write(to: URL(filePath: folder + "/events.json"))
    try Bench.with(["--events", folder + "/events.json"]) { bench in
      #expect(try bench.export(["--backfill-start-time", ExportTests.recent.from]).status == 4)
      try FileManager.default.removeItem(atPath: bench.archive + "/quarantine")
      let status = try Program.exporter.run(["status", "-o", "acme", "--archive", bench.archive])
      #expect(status.status == 2 && status.output.contains("damaged          quarantine/organization=acme/"))
      let run = try bench.export()
      #expect(run.status == 2, "\(run.log)")
      let command = try #require(run.log.firstMatch(of: /--from (\S+) --to (\S+) --replace/))
      #expect(status.log.contains(command.0))
      // What the sentence says, done to the letter. The run before has met the record again, and stored it.
      let cure = try bench.export(["--from", "\(command.1)", "--to", "\(command.2)", "--replace"])
      #expect(cure.status == 0, "\(cure.log)")
      #expect(try bench.export().status == 0)
      #expect(try Program.exporter.run(["status", "-o", "acme", "--archive", bench.archive]).status == 0)
    }
  }

  @Test func `a dry run tells windows, days, requests and time, and writes nothing`() throws {
    try Bench.with(ExportTests.generate(3_000)) { bench in
      let options = ["--backfill-start-time", ExportTests.recent.from, "--page-size", "100", "--dry-run"]
      let text = try bench.export(options + ["--max-requests-per-second", "1"])
      #expect(text.status == 0, "\(text.log)")
      #expect(text.output.contains("would fetch"), "\(text.output)")
      #expect(text.output.contains("at the present pace"), "\(text.output)")
      let json = try bench.export(options + ["--output-format", "json"]).json
      #expect(json["status"] as? String == "planned")
      #expect((json["requests_expected"] as? Int).map { (20...60).contains($0) } == true, "\(json)")
      #expect(!FileManager.default.fileExists(atPath: bench.archive))
      // Of a night, which reads one page and that again, nothing is left to guess.
      let start = ["--backfill-start-time", ExportTests.recent.from]
      #expect(try bench.export(start).status == 0)
      let night = ["--page-size", "500", "--lookback", "1m", "--output-format", "json"]
      let expected = try bench.export(night + ["--dry-run"]).json["requests_expected"] as? Int
      let run = try bench.export(night).json["run"] as? [String: Any]
      #expect(
        expected != nil && run?["requests"] as? Int == expected,
        "\(String(describing: expected)), \(run ?? [:])")
    }
  }

  @Test func `an archive of a query holds what it finds, and no other query is mixed into it`() throws {
    try Bench.with(ExportTests.generate(2_000)) { bench in
      let options = ["--backfill-start-time", ExportTests.recent.from, "--query", "event:login"]
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
  func `the time filter is used when asked for, and only where its answers agree`(filter: String) throws {
    try Bench.with(ExportTests.generate(3_001) + ["--time-filter", filter]) { bench in
      let options = ["--backfill-start-time", ExportTests.recent.from, "--page-size", "100"]
      let result = try bench.export(options + ["--time-filter", "filter", "--output-format", "json"])
      #expect(result.status == 0, "\(result.log)")
      let run = try #require(try result.json["run"] as? [String: Any])
      // Seeking ends on the first page, where the window begins.
      #expect(run["time_filter"] as? String == (filter == "exact" ? "filter" : "walk"))
      #expect(result.log.contains("the time filter is not used") == (filter == "ignored"))
    }
  }

  // MARK: - Looking into an archive

  private func files(in folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).map { folder + "/" + $0 }.filter { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }
  }

  /// Per day: rows and content.
  private func contents(of archive: String) throws -> [String: String] {
    let status = try Program.exporter.run([
      "status", "-o", "acme", "--archive", archive, "--output-format", "json",
    ])
    let manifest = try #require(try status.json["manifest"] as? [String: Any])
    let partitions = try #require(manifest["partitions"] as? [[String: Any]])
    var contents: [String: String] = [:]
    for partition in partitions where partition["rows"] as? Int != 0 {
      contents["\(partition["event_date"] ?? "")"] =
        "\(partition["rows"] ?? "") \(partition["content_sha256"] ?? "")"
    }
    return contents
  }

  /// Files that neither the manifest names nor the archive needs.
  private func leftovers(in archive: String) throws -> [String] {
    let data = try Data(contentsOf: URL(filePath: archive + "/_manifest/acme/manifest.json"))
    let manifest = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let partitions = try #require(manifest?["partitions"] as? [[String: Any]])
    let named = Set(
      partitions.flatMap { $0["files"] as? [[String: Any]] ?? [] }.compactMap { $0["path"] as? String })
    return try files(in: archive).map { String($0.dropFirst(archive.count + 1)) }
      .filter { !$0.hasPrefix("_manifest/") && !named.contains($0) }
  }

  private func archivedIdentities(_ bench: Bench) throws -> [String] {
    try files(in: bench.archive + "/csv").flatMap { file in
      try Command("gzip", ["-dc", file]).run().output.split(separator: "\n").dropFirst().map {
        String($0.prefix(36))
      }
      .filter { $0.count == 36 && $0.split(separator: "-").count == 5 }
    }
  }
}
