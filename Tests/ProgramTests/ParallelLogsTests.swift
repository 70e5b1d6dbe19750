import Foundation
import TestSupport
import Testing

/// `--parallel-logs`: many logs at once in one process.
@Suite(.fewAtOnce, .serialized) struct ParallelLogsTests {
  /// A bench with `logs` organizations besides acme, and `keys` further keys in files.
  private func bench(
    logs: Int, keys: Int, _ more: [String] = [], _ body: (Bench, Folder) throws -> Void
  ) throws {
    let options = ["--organizations", "\(logs)", "--further-keys", "\(keys)"]
    try Bench.with(Bench.generate(30, options + more)) { bench in
      let folder = Folder(path: bench.folder)
      for key in 1...max(1, keys) { try folder.write("\(bench.key)-\(key)\n", to: "key-\(key)") }
      try body(bench, folder)
    }
  }

  /// A job file with this many logs, which use the keys in turn.
  private func job(_ logs: Int, keys: Int, settings: [String] = []) -> String {
    let common = ["archive: archive", "backfill_start_time: \(Bench.startTime)"] + settings
    let entries = (1...logs).map {
      "  - organization: org-\($0)\n    api_key_file: key-\(($0 - 1) % keys + 1)"
    }
    return (common + ["logs:"] + entries).joined(separator: "\n") + "\n"
  }

  /// The environment of a user who sets no key.
  private func environment(_ bench: Bench) -> [String: String] { ["CLOUDSMITH_API_HOST": bench.url] }

  private struct Request: Decodable {
    var path: String
    var time: String
    var keyNumber: String?

    private enum CodingKeys: String, CodingKey {
      case path, time
      case keyNumber = "key_number"
    }
  }

  /// The starts of the requests with each key, in seconds, as the emulator saw them.
  private func starts(_ bench: Bench) throws -> [String: [Double]] {
    let shown = try Command("curl", ["-sS", "\(bench.url)/emulator/requests/"]).run()
    let requests = try JSONDecoder().decode([Request].self, from: Data(shown.outputBytes))
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    var starts: [String: [Double]] = [:]
    for request in requests where request.path.contains("/audit-log/") {
      // Foundation reads only three digits of the fraction; these times have six.
      let time = request.time.replacing(/(\.\d{3})\d*Z/) { "\($0.output.1)Z" }
      let date = try format.parse(time).timeIntervalSince1970
      starts[request.keyNumber ?? "none", default: []].append(date)
    }
    return starts
  }

  private func lines(_ output: String) throws -> [[String: Any]] {
    try output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test(.needs("curl"))
  func `40 logs with 4 keys: each key keeps its pace at the server, and no key waits for another`() throws {
    try bench(logs: 40, keys: 4) { bench, folder in
      let file = try folder.write(
        job(40, keys: 4, settings: ["parallel_logs: 8", "max_requests_per_second: 10"]), to: "job.yaml")
      let began = Date()
      let result = try Program.exporter.run(
        ["export", "--config", file, "--output-format", "jsonl"], environment: environment(bench))
      let took = Date().timeIntervalSince(began)
      #expect(result.status == 0, "\(result.log)")
      let logs = try lines(result.output)
      #expect(logs.count == 41)
      #expect(Set(logs.dropLast().compactMap { $0["source"] as? String }).count == 40)
      #expect(logs.last?["log_count"] as? Int == 40 && logs.last?["status"] as? String == "done")
      #expect(logs.last?["logs_by_status"] as? [String: Int] == ["done": 40])
      let starts = try starts(bench)
      #expect(starts.keys.sorted() == ["1", "2", "3", "4"])
      var needed = 0.0
      for (key, times) in starts {
        let sorted = times.sorted()
        // Any eleven starts in a row take a second. Network delays may shorten a single interval.
        for (first, last) in zip(sorted, sorted.dropFirst(10)) { #expect(last - first > 0.9, "key \(key)") }
        needed = max(needed, Double(times.count - 1) / 10)
      }
      // One key after another would take four times as long. The rest is slack for a busy machine.
      #expect(took < 2 * needed + ScaledTimeout.seconds(10), "\(took) s, needed \(needed)")
    }
  }

  @Test func `a log that fails beside others fails alone, and its lines are together`() throws {
    try bench(logs: 6, keys: 2) { bench, folder in
      let text = job(6, keys: 2, settings: ["max_requests_per_second: unlimited"]).replacing(
        "  - organization: org-3\n", with: "  - organization: nobody\n")
      let file = try folder.write(text, to: "job.yaml")
      let result = try Program.exporter.run(
        ["export", "--config", file, "--parallel-logs", "4"], environment: environment(bench))
      #expect(result.status == 21, "\(result.log)")
      #expect(result.log.contains("error: nobody: "))
      for log in ["org-1", "org-2", "org-4", "org-5", "org-6"] {
        let isThere = result.output.split(separator: "\n").contains {
          $0.hasPrefix("\(log): ") && $0.contains(" 30 added")
        }
        #expect(isThere, "\(result.output)")
      }
      // Each line of the log names its log, and no other log's line is between them.
      let names = result.log.split(separator: "\n").compactMap {
        $0.firstMatch(of: #/^\S+Z [a-z]+ (org-\d): /#).map { String($0.output.1) }
      }
      #expect(Set(names).count == 5)
      var runs = names
      runs = runs.enumerated().filter { $0.offset == 0 || names[$0.offset - 1] != $0.element }.map(\.element)
      #expect(runs.count == 5, "\(names)")
    }
  }

  @Test func `with more than 20 logs, the text has only the failed logs and a summary`() throws {
    try bench(logs: 24, keys: 3) { bench, folder in
      let text = job(24, keys: 3, settings: ["max_requests_per_second: unlimited", "parallel_logs: 6"])
        .replacing("  - organization: org-7\n", with: "  - organization: nobody\n")
      let file = try folder.write(text, to: "job.yaml")
      let result = try Program.exporter.run(["export", "--config", file], environment: environment(bench))
      #expect(result.status == 21, "\(result.log)")
      #expect(result.output.hasPrefix("nobody: nothing was exported"), "\(result.output)")
      #expect(
        result.output.contains("\n\nfailed: nobody (not_found)\n24 logs: 23 done, 1 not_found\n"),
        "\(result.output)")
      #expect(result.output.contains(" 690 added, "), "\(result.output)")
      #expect(!result.output.contains("org-1:"), "\(result.output)")
      let quiet = try Program.exporter.run(
        ["verify", "--config", file, "-q", "--parallel-logs", "6"], environment: environment(bench))
      #expect(
        quiet.status == 10 && quiet.output.hasPrefix("failed: nobody (no_archive)\n"), "\(quiet.output)")
      // The purpose of status is its text.
      let status = try Program.exporter.run(["status", "--config", file], environment: environment(bench))
      #expect(status.output.contains("source           org-1 at"))
      #expect(status.output.hasSuffix("24 logs: 23 done, 1 no_archive\n"), "\(status.output)")
    }
  }

  @Test func `JSON is a line for each log when it ends, and json makes one document of the lines`() throws {
    try bench(logs: 3, keys: 1) { bench, folder in
      let file = try folder.write(
        job(3, keys: 1, settings: ["max_requests_per_second: unlimited", "parallel_logs: 3"]), to: "job.yaml")
      let made = try Program.exporter.run(
        ["export", "--config", file, "--output-format", "json"], environment: environment(bench))
      #expect(made.status == 0, "\(made.log)")
      let parts = made.output.split(separator: "\n")
      #expect(parts.count == 5 && parts.first == #"{"logs":["#)
      #expect(parts.last == #"],"exit_status":0,"status":"done"}"#)
      #expect((try made.json["logs"] as? [[String: Any]])?.count == 3)
      for command in ["status", "verify", "check"] {
        let result = try Program.exporter.run(
          [command, "--config", file, "--output-format", "jsonl"], environment: environment(bench))
        let logs = try lines(result.output)
        #expect(logs.count == 4, "\(command): \(result.output)\(result.log)")
        #expect(
          Set(logs.dropLast().compactMap { $0["source"] as? String }) == ["org-1", "org-2", "org-3"],
          "\(command)")
      }
      let one = try Program.exporter.run([
        "status", "-o", "org-1", "--archive", bench.archive, "--output-format", "jsonl",
      ])
      #expect(try lines(one.output).count == 1 && one.json["status"] as? String == "done")
    }
  }

  @Test func `a signal stops every log, and each is reported`() throws {
    try bench(logs: 12, keys: 4, ["--delay", "600s"]) { bench, folder in
      let file = try folder.write(job(12, keys: 4, settings: ["parallel_logs: 2"]), to: "job.yaml")
      let run = try Program.exporter.start(
        ["export", "--config", file, "--output-format", "json"], environment: environment(bench))
      let port = try #require(bench.url.split(separator: ":").last)
      let ask = #"GET /emulator/requests/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"#
      let isAsked = "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(ask)' >&3; grep -q audit-log <&3"
      try run.wait { Shell.works("bash <<'END'\n\(isAsked)\nEND") }
      run.signal(SIGTERM)
      let result = run.wait()
      #expect(result.status == 130, "\(result.log)")
      let logs = try #require(try result.json["logs"] as? [[String: Any]])
      #expect(logs.count == 12 && logs.allSatisfy { $0["status"] as? String == "interrupted" })
    }
  }

  @Test func `a log that takes too long is incomplete, and the others go on`() throws {
    try bench(logs: 4, keys: 4) { bench, folder in
      let text = job(4, keys: 4, settings: ["max_requests_per_second: unlimited", "parallel_logs: 4"])
        .replacing(
          "  - organization: org-2\n",
          with: "  - organization: org-2\n    max_log_duration: 1s\n    max_requests_per_second: 0.01\n")
      let file = try folder.write(text, to: "job.yaml")
      let result = try Program.exporter.run(
        ["export", "--config", file, "--output-format", "json"], environment: environment(bench))
      #expect(result.status == 3, "\(result.log)")
      let logs = try #require(try result.json["logs"] as? [[String: Any]])
      let late = try #require(logs.first { $0["source"] as? String == "org-2" })
      #expect(late["status"] as? String == "incomplete")
      #expect(
        (late["message"] as? String)?.contains("was stopped after 1s, the limit of --max-log-duration")
          == true)
      #expect(logs.filter { $0["status"] as? String == "done" }.count == 3)
      #expect(result.log.contains("error: org-2: The export of 'org-2' was stopped after 1s"))
    }
  }

  @Test func `parallel_logs applies to the whole job, and is from 1 to 64`() throws {
    try Folder.with { folder in
      let inEntry = try folder.write("logs:\n  - organization: acme\n    parallel_logs: 2\n", to: "a.yaml")
      let refused = try Program.exporter.run(["status", "--config", inEntry])
      #expect(refused.status == 64)
      #expect(refused.log.contains("a.yaml:3:5: 'parallel_logs' applies to the whole job"), "\(refused.log)")
      for number in ["0", "65", "many"] {
        let result = try Program.exporter.run(["status", "-o", "acme", "--parallel-logs", number])
        #expect(result.status == 64 && result.log.contains("a whole number from 1 to 64"), "\(result.log)")
      }
    }
  }
}

/// `--shard`: some of the logs of a job file.
@Suite(.fewAtOnce, .serialized) struct ShardTests {
  private let job =
    "archive: archive\nbackfill_start_time: \(Bench.startTime)\nmax_requests_per_second: unlimited\nlogs:\n"
    + (1...8).map { "  - organization: org-\($0)\n" }.joined()

  @Test func `two shards at once make one table, each log once, also when one is killed and run again`()
    throws
  {
    try Bench.with(Bench.generate(40, ["--organizations", "8"])) { bench in
      let file = try Folder(path: bench.folder).write(job + "format: delta\n", to: "job.yaml")
      func arguments(_ shard: String) -> [String] {
        ["export", "--config", file, "--shard", shard, "--parallel-logs", "4", "--output-format", "jsonl"]
      }
      let killed = try Program.exporter.start(arguments("0/2"), environment: bench.environment)
      let other = try Program.exporter.start(
        arguments("/2"), environment: bench.environment.merging(["JOB_COMPLETION_INDEX": "1"]) { $1 })
      killed.signal(SIGKILL)
      killed.wait()
      let second = other.wait()
      #expect(second.status == 0, "\(second.log)")
      let first = try Program.exporter.run(arguments("0/2"), environment: bench.environment)
      #expect(first.status == 0, "\(first.log)")
      #expect(sources(first) == ["org-1", "org-3", "org-6", "org-7"])
      #expect(sources(second) == ["org-2", "org-4", "org-5", "org-8"])
      let verify = try Program.exporter.run(
        ["verify", "--config", file, "--parallel-logs", "4"], environment: bench.environment)
      #expect(verify.status == 0, "\(verify.log)\(verify.output)")
    }
  }

  /// The logs of a result in JSON Lines.
  private func sources(_ result: CommandOutcome) -> [String] {
    result.output.matches(of: #/"source":"(org-[0-9]+)"/#).map { String($0.output.1) }
      .reduce(into: Set()) { $0.insert($1) }.sorted()
  }

  @Test func `a shard without a log does nothing and says so`() throws {
    try Folder.with { folder in
      // Both are in shard 1 of 2.
      let file = try folder.write("logs: [{organization: globex}, {organization: initech}]\n", to: "job.yaml")
      for command in ["export", "verify", "status", "check"] {
        let result = try Program.exporter.run([command, "--config", file, "--shard", "0/2"])
        #expect(result.status == 0 && result.output.isEmpty, "\(command): \(result.log)")
        #expect(result.log.contains("shard 0/2 has none of the logs of '"), "\(command): \(result.log)")
      }
      let json = try Program.exporter.run(
        ["status", "--config", file, "--shard", "0/2", "--output-format", "json"])
      #expect((try json.json["logs"] as? [Any])?.isEmpty == true)
    }
  }

  @Test(arguments: [
    ("2/2", "expected the number of a shard and how many there are"),
    ("0/0", "expected the number of a shard"),
    ("-1/2", "expected the number"), ("1", "expected the number"), ("1/2/3", "expected the number"),
    ("+1/2", "expected the number"), ("/2", "JOB_COMPLETION_INDEX, which is not set"),
  ])
  func `a wrong shard is refused`(shard: String, words: String) throws {
    try Folder.with { folder in
      let file = try folder.write("logs: [{organization: acme}]\n", to: "job.yaml")
      let result = try Program.exporter.run(["status", "--config", file, "--shard=\(shard)"])
      #expect(result.status == 64 && result.log.contains(words), "\(result.log)")
    }
  }

  @Test func `a shard needs a job file, and an index below the number of shards`() throws {
    let alone = try Program.exporter.run([
      "status", "-o", "acme", "--archive", "/tmp/never-made", "--shard", "0/2",
    ])
    #expect(alone.status == 64 && alone.log.contains("--shard requires --config"), "\(alone.log)")
    try Folder.with { folder in
      let file = try folder.write("logs: [{organization: acme}]\n", to: "job.yaml")
      for index in ["2", "-1", "x"] {
        let result = try Program.exporter.run(
          ["status", "--config", file, "--shard", "/2"], environment: ["JOB_COMPLETION_INDEX": index])
        #expect(result.status == 64)
        #expect(result.log.contains("JOB_COMPLETION_INDEX '\(index)': expected a number from 0 to 1"))
      }
    }
  }
}
