import Foundation
import TestSupport
import Testing

/// `--config FILE`: many logs in one run.
@Suite(.fewAtOnce, .serialized) struct JobFileTests {
  private static let logs = """
    max_requests_per_second: unlimited
    backfill_start_time: 2020-01-01
    archive: archive
    logs:
      - organization: acme
      - organization: nobody
      - organization: globex
        format: [csv, parquet]

    """

  @Test func `one log that fails does not stop the others, and the worst status is that of the run`() throws {
    try Bench.with(["--organization", "globex", "--generate", "40"]) { bench in
      let folder = Folder(path: bench.folder)
      let file = try folder.write(JobFileTests.logs, to: "job.yaml")
      let result = try Program.exporter.run(
        ["export", "--config", file, "--output-format", "json"], environment: bench.environment)
      #expect(result.status == 21, "\(result.log)")
      let answer = try result.json
      #expect(answer["exit_status"] as? Int == 21 && answer["status"] as? String == "not_found")
      let logs = try #require(answer["logs"] as? [[String: Any]])
      #expect(logs.map { $0["source"] as? String } == ["acme", "nobody", "globex"])
      #expect(logs.map { $0["exit_status"] as? Int } == [0, 21, 0])
      let format = Shell.works("ls \(bench.archive)/parquet/organization=globex/*/*.parquet")
      #expect(format && !Shell.works("ls \(bench.archive)/parquet/organization=acme"))

      // A relative archive is relative to the job file, not to the working directory.
      let status = try Program.exporter.run(["status", "--config", file], in: "/")
      #expect(status.status == 10)
      #expect(status.output.contains("source           acme at"))
      #expect(status.output.contains("source           globex at"))
      #expect(status.log.contains("error: nobody: No archive of 'nobody'"))
      let verify = try Program.exporter.run(["verify", "--config", file, "--output-format", "json"])
      #expect(verify.status == 10)
      #expect((try verify.json["logs"] as? [[String: Any]])?.map { $0["exit_status"] as? Int } == [0, 10, 0])
      let changes = try Program.exporter.run(["changes", "--config", file, "-o", "globex", "--since", "0"])
      #expect(changes.status == 0 && changes.output.contains("commit "))
      let which = try Program.exporter.run(["changes", "--config", file, "--since", "0"])
      #expect(which.status == 64 && which.log.contains("The job file has 3 logs"))
      let none = try Program.exporter.run(["status", "--config", "\(bench.folder)/nope.yaml"])
      #expect(
        none.log.hasPrefix("error: The job file '\(bench.folder)/nope.yaml' cannot be read ("), "\(none.log)")
    }
  }

  @Test func `--organization runs only that log of a job`() throws {
    try Bench.with(["--organization", "globex", "--generate", "40"]) { bench in
      let file = try Folder(path: bench.folder).write(JobFileTests.logs, to: "job.yaml")
      // CLOUDSMITH_WORKSPACE does not select a log of the job.
      let environment = bench.environment.merging(["CLOUDSMITH_WORKSPACE": "acme"]) { $1 }
      let one = try Program.exporter.run(
        ["export", "--config", file, "-o", "globex", "--output-format", "json"], environment: environment)
      #expect(one.status == 0, "\(one.log)")
      #expect((try one.json["logs"] as? [[String: Any]])?.map { $0["source"] as? String } == ["globex"])
      #expect(!FileManager.default.fileExists(atPath: bench.archive + "/csv/organization=acme"))
      let none = try Program.exporter.run(
        ["export", "--config", file, "-o", "globx"], environment: environment)
      #expect(none.status == 64)
      #expect(none.log.contains("Its logs are acme, nobody, globex. Did you mean 'globex'?"), "\(none.log)")
      let dry = try Program.exporter.run(
        ["export", "--config", file, "--dry-run", "--output-format", "json"], environment: environment)
      #expect(dry.status == 21)
      #expect((try dry.json["logs"] as? [Any])?.count == 3)
    }
  }

  @Test func `each log has a lock of its own`() throws {
    try Bench.with(["--organization", "globex", "--generate", "40"]) { bench in
      let file = try Folder(path: bench.folder).write(
        JobFileTests.logs.replacing("  - organization: nobody\n", with: ""), to: "job.yaml")
      let made = try Program.exporter.run(["export", "--config", file], environment: bench.environment)
      #expect(made.status == 0, "\(made.log)")
      let result = try Shell.run(
        #"exec 9<>"$2/_manifest/acme/lock"; flock 9; "$1" export --config "$3" --output-format json 9>&-; exit $?"#,
        [bench.archive, file], environment: bench.environment)
      #expect(result.status == 11, "\(result.log)")
      #expect((try result.json["logs"] as? [[String: Any]])?.map { $0["exit_status"] as? Int } == [11, 0])
    }
  }

  @Test func `an interrupted run starts no other log and reports each of them, also in metrics`() throws {
    try Bench.with(["--organization", "globex", "--generate", "40", "--delay", "600s"]) { bench in
      let file = try Folder(path: bench.folder).write(JobFileTests.logs, to: "job.yaml")
      let metrics = bench.folder + "/cloudsmith.prom"
      let run = try Program.exporter.start(
        ["export", "--config", file, "--output-format", "json", "--metrics-file", metrics],
        environment: bench.environment)
      // The first request shows that the run has started.
      let port = try #require(bench.url.split(separator: ":").last)
      let ask = #"GET /emulator/requests/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"#
      let isAsked = "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(ask)' >&3; grep -q audit-log <&3"
      try run.wait { Shell.works("bash <<'END'\n\(isAsked)\nEND") }
      run.signal(SIGTERM)
      let result = run.wait()
      #expect(result.status == 130, "\(result.log)")
      let logs = try #require(try result.json["logs"] as? [[String: Any]])
      #expect(logs.map { $0["status"] as? String } == ["interrupted", "interrupted", "interrupted"])
      #expect(logs.map { $0["source"] as? String } == ["acme", "nobody", "globex"])
      let figures = try String(contentsOfFile: metrics, encoding: .utf8)
      for log in ["acme", "nobody", "globex"] {
        #expect(
          figures.contains("cloudsmith_audit_export_last_run_exit_status{organization=\"\(log)\"} 130"))
      }
    }
  }

  @Test func `the schema in the samples equals the program's output`() throws {
    let printed = try Program.exporter.run(["schema", "--as", "job-file"])
    let sample = try String(contentsOfFile: Repository.path("samples/job.schema.json"), encoding: .utf8)
    #expect(printed.output == sample)
  }

  @Test func `the sample job file names every setting with its default and is accepted unchanged`() throws {
    let text = try String(contentsOfFile: Repository.path("samples/job.yaml"), encoding: .utf8)
    let schema = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(filePath: Repository.path("samples/job.schema.json"))))
    let properties = try #require((schema as? [String: Any])?["properties"] as? [String: [String: Any]])
    for (name, property) in properties {
      // The sample mentions a former name beside the new one.
      if property["deprecated"] as? Bool == true {
        #expect(text.contains("its former name, \(name),"), "\(name)")
        continue
      }
      let line = try #require(
        text.split(separator: "\n").first { $0.hasPrefix("\(name):") || $0.hasPrefix("#\(name):") })
      let description = property["description"] as? String ?? ""
      if let standard = description.firstMatch(of: /Default: (.+)\.$/)?.output.1 {
        #expect(line.contains(standard), "\(line)")
      }
    }
    try Folder.with { folder in
      // The same with all that stands behind a #, but the second way to name a key.
      let whole = text.replacing(/(?m)^#(?!api_key_variable)([a-z0-9_]+: )/) { $0.output.1 }
      for text in [text, whole] {
        let file = try folder.write(text, to: "job.yaml")
        let settings = try folder.settings(["--config", file, "-o", "my-org"])
        #expect(settings["format"]?.value == "csv,parquet")
        #expect(settings["organization"]?.value == "my-org")
      }
    }
  }

  @Test func `the page shows the real output of status --settings for the sample`() throws {
    let result = try Program.exporter.run(
      ["status", "--config", "job.yaml", "--organization", "my-org", "--settings"],
      in: Repository.path("samples"))
    let page = try Document("Configuration").text
    let session = try #require(page.firstMatch(of: /my-org --settings\n((?s:.)+?)```/)?.output.1)
    let said = Set(result.output.split(separator: "\n").map(cells))
    let shown = session.split(separator: "\n").map(cells)
    #expect(shown.count == 5)
    // There is no key here.
    for row in shown where row.first != "api_key" { #expect(said.contains(row), "\(row)") }
  }

  private func cells(_ line: Substring) -> [String] { line.split(separator: " ").map(String.init) }

  @Test(.needsPython)
  func `check-jsonschema takes the sample, and refuses what the program refuses`() throws {
    let result = try Python.run("check-samples.py", ["job"])
    #expect(result.status == 0, "\(result.output)\(result.log)")
  }
}
