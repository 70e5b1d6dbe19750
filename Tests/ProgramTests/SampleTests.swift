import Foundation
import TestSupport
import Testing

/// `samples/warehouses`: the loaders, run against real engines.
@Suite(.fewAtOnce) struct WarehouseTests {
  private static let names = [
    "postgresql", "duckdb", "clickhouse", "spark", "bigquery", "snowflake", "redshift", "athena",
  ]

  @Test(arguments: names)
  func `the sample tables equal the output of schema`(name: String) throws {
    let printed = try Program.exporter.run(["schema", "--as", name])
    #expect(printed.status == 0 && printed.log.isEmpty)
    let sample = Repository.path("samples/warehouses/\(name)/schema.sql")
    #expect(try String(contentsOfFile: sample, encoding: .utf8) == printed.output)
  }

  @Test func `help of schema and the error for an unknown warehouse name every warehouse`() throws {
    let help = try Program.exporter.run(["help", "schema"])
    let refusal = try Program.exporter.run(["schema", "--as", "oracle"])
    #expect(refusal.status == 64 && refusal.log.contains("'oracle'"))
    for name in Self.names { #expect(help.output.contains(name) && refusal.log.contains(name), "\(name)") }
  }

  @Test(.needsPython)
  func `DuckDB holds every cell of a nasty log, after each load and after a new export`() throws {
    try load("duckdb")
  }

  @Test(
    .needsPython,
    .enabled(
      if: Shell.works("ls /usr/lib/postgresql/*/bin/initdb && command -v psql && command -v jq"),
      "needs postgresql and jq; Scripts/test installs them"))
  func `PostgreSQL holds every cell of a nasty log, after each load and after a new export`() throws {
    try load("postgresql")
  }

  @Test(
    .enabled(if: engines.contains("chdb") && Python.exists, "needs chdb; Scripts/test --engines has it"),
    .needs("jq"))
  func `ClickHouse holds every cell of a nasty log, after each load and after a new export`() throws {
    try load("clickhouse")
  }

  @Test(
    .enabled(if: engines.contains("spark") && Python.exists, "needs Spark; Scripts/test --engines has it"))
  func `Spark holds every cell of a nasty log, after each load and after a new export`() throws {
    try load("spark")
  }

  @Test(.needsPython)
  func `other engines read every cell of a nasty log from its Parquet parts as one table`() throws {
    try load("parquet", [Self.engines.isEmpty ? "pyarrow,duckdb,polars" : Self.engines])
  }

  /// Engines that are too heavy for every run; `Scripts/test --engines` sets them.
  private static let engines = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_ENGINES"] ?? ""

  private func load(_ engine: String, _ more: [String] = []) throws {
    let temporary = try Folder.make()
    defer { temporary.remove() }
    let folder = temporary.path
    let result = try Python.run(
      "load-warehouse.py", [engine, try Program.exporter.path, try Program.emulator.path, folder] + more)
    #expect(result.status == 0, "\(result.output)\(result.log)")
    #expect(result.output.hasSuffix("done\n"), "\(result.output)")
  }

  @Test(
    .needsPython,
    .needs("jq"))
  func `samples for warehouses that cannot run here say so and have valid SQL`() throws {
    let result = try Python.run("check-samples.py", ["warehouses", try Program.exporter.path])
    #expect(result.status == 0, "\(result.output)\(result.log)")
  }
}

/// `samples/scheduling`, each file checked by the tool that reads it.
@Suite(.fewAtOnce) struct SchedulingTests {
  @Test(
    .needs("systemd-analyze"))
  func `systemd finds no fault in the service and the timer`() throws {
    let temporary = try Folder.make()
    defer { temporary.remove() }
    let folder = temporary.path
    let exporter = try Program.exporter.path
    let units = ["export", "verify"].flatMap {
      ["cloudsmith-audit-\($0)@.service", "cloudsmith-audit-\($0)@.timer"]
    }
    for unit in units {
      let text = try String(contentsOfFile: Repository.path("samples/scheduling/\(unit)"), encoding: .utf8)
      // systemd requires that the program exists.
      try text.replacing("/usr/local/bin/cloudsmith-audit-export", with: exporter)
        .write(
          toFile: "\(folder)/\(unit.replacing("@", with: "@my-org"))", atomically: true, encoding: .utf8)
    }
    let result = try Shell.run(
      "cd \(folder) && systemd-analyze verify --man=no ./cloudsmith-audit-*@my-org.*")
    #expect(
      result.status == 0 && result.log.isEmpty && result.output.isEmpty, "\(result.log)\(result.output)")
  }

  @Test(.needs("systemd-analyze"))
  func `systemd finds no fault in the units and drop-ins of the documentation`() throws {
    let temporary = try Folder.make()
    defer { temporary.remove() }
    for unit in ["export", "verify"].map({ "cloudsmith-audit-\($0)@.service" }) {
      let text = try String(contentsOfFile: Repository.path("samples/scheduling/\(unit)"), encoding: .utf8)
      try temporary.write(
        text.replacing("/usr/local/bin/cloudsmith-audit-export", with: try Program.exporter.path), to: unit)
    }
    let blocks = try ["Scheduling", "Monitoring"].flatMap { try Document($0).blocks }
      .filter { $0.language == "ini" }
    #expect(blocks.count == 3)
    for block in blocks {
      let place = try #require(block.lines.first?.wholeMatch(of: #/# /etc/systemd/system/(.+)/#)).output.1
      try temporary.write(block.lines.joined(separator: "\n") + "\n", to: String(place))
    }
    let result = try Shell.run(
      """
      cd \(temporary.path) && for name in export verify; do
        ln -s cloudsmith-audit-$name@.service cloudsmith-audit-$name@my-org.service
      done
      systemd-analyze verify --man=no ./cloudsmith-audit-*@my-org.service
      """)
    #expect(
      result.status == 0 && result.log.isEmpty && result.output.isEmpty, "\(result.log)\(result.output)")
  }

  @Test(
    .needsPython,
    arguments: ["kubernetes", "github", "airflow", "crontab"])
  func `the samples for other schedulers are valid`(scheduler: String) throws {
    let result = try Python.run("check-samples.py", [scheduler])
    #expect(result.status == 0, "\(result.output)\(result.log)")
  }

  @Test func `every option that a sample passes to the program exists`() throws {
    let help = try ["export", "changes", "verify", "status"]
      .map { try Program.exporter.run(["help", $0]).output }.joined()
    let known = Set(help.matches(of: /--[a-z][-a-z]+/).map { String($0.output) })
    let folder = Repository.path("samples/scheduling")
    var seen = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
      // An option belongs to the program if its command precedes it on the same, possibly continued, line. Arguments of a container
      // belong to it too.
      for call in text.matches(of: /(?:cloudsmith-audit-export"?,? |args: \[)(?:[^\n]*\\\n)*[^\n]*/) {
        for option in call.output.matches(of: /--[a-z][-a-z]+/) {
          #expect(known.contains(String(option.output)), "\(file): \(option.output)")
          seen += 1
        }
      }
    }
    #expect(seen > 5)
  }
}

/// `samples/monitoring`, checked by promtool and against the metrics that the program writes.
@Suite(.fewAtOnce) struct MonitoringTests {
  private static let folder = Repository.path("samples/monitoring")

  @Test(.needs("promtool"))
  func `promtool finds no fault in the alerts, and each fires when it should`() throws {
    for command in ["check rules alerts.yaml", "test rules alerts-test.yaml"] {
      let result = try Shell.run("cd \(MonitoringTests.folder) && promtool \(command)")
      #expect(result.status == 0, "\(result.output)\(result.log)")
      #expect(result.output.contains("SUCCESS"), "\(result.output)\(result.log)")
    }
  }

  @Test(
    .needs("promtool"),
    arguments: [
      ("> 26 * 3600", "> 96 * 3600"), ("> 3 * 86400", "> 9 * 86400"), ("< 7 * 86400", "< 5 * 86400"),
      ("!= 0) != 4", "!= 0)"), ("== 2", "== 3"), ("gaps > 0", "gaps > 1"), ("vanished > 0", "vanished > 9"),
      ("for: 2h", "for: 0h"),
    ])
  func `the alert tests detect a changed alert`(text: String, other: String) throws {
    let temporary = try Folder.make()
    defer { temporary.remove() }
    let folder = temporary.path + "/monitoring"
    try FileManager.default.copyItem(atPath: MonitoringTests.folder, toPath: folder)
    let alerts = try String(contentsOfFile: "\(folder)/alerts.yaml", encoding: .utf8)
    try #require(alerts.contains(text))
    try alerts.replacing(text, with: other)
      .write(toFile: "\(folder)/alerts.yaml", atomically: true, encoding: .utf8)
    let result = try Shell.run("promtool test rules \(folder)/alerts-test.yaml")
    #expect(result.status != 0, "\(result.output)")
  }

  @Test func `every alert and every test is about a metric that the program writes`() throws {
    try Bench.with(["--generate", "20"]) { bench in
      let file = bench.folder + "/cloudsmith.prom"
      let start = Past.time(daysAgo: 40)
      #expect(try bench.export(["--backfill-start-time", start, "--metrics-file", file]).status == 0)
      let written = Set(
        try String(contentsOfFile: file, encoding: .utf8).matches(of: /# TYPE (\w+) gauge/)
          .map { String($0.1) })
      #expect(written.count > 20)
      for name in ["alerts.yaml", "alerts-test.yaml"] {
        let text = try String(contentsOfFile: "\(MonitoringTests.folder)/\(name)", encoding: .utf8)
        let used = Set(text.matches(of: /cloudsmith_audit_export_\w+/).map { String($0.output) })
        #expect(used.count > 4 && used.isSubset(of: written), "\(name): \(used.subtracting(written))")
      }
    }
  }
}
