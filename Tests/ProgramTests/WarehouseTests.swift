import Foundation
import TestSupport
import Testing

/// `samples/warehouses`: the loaders, run against real engines as their readers would run them.
@Suite(.fewAtOnce) struct WarehouseTests {
  private static let names = [
    "postgresql", "duckdb", "clickhouse", "spark", "bigquery", "snowflake", "redshift", "athena",
  ]

  @Test(arguments: names)
  func `the tables of the sample are those that schema prints`(name: String) throws {
    let printed = try Program.exporter.run(["schema", "--as", name])
    #expect(printed.status == 0 && printed.log.isEmpty)
    let sample = Repository.path("samples/warehouses/\(name)/schema.sql")
    #expect(try String(contentsOfFile: sample, encoding: .utf8) == printed.output)
  }

  @Test func `help of schema names every warehouse, and so does the refusal of another`() throws {
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
    .enabled(if: engines.contains("chdb") && Python.isThere, "needs chdb; Scripts/test --engines has it"),
    .needs("jq"))
  func `ClickHouse holds every cell of a nasty log, after each load and after a new export`() throws {
    try load("clickhouse")
  }

  @Test(
    .enabled(if: engines.contains("spark") && Python.isThere, "needs Spark; Scripts/test --engines has it"))
  func `Spark holds every cell of a nasty log, after each load and after a new export`() throws {
    try load("spark")
  }

  @Test(.needsPython)
  func `Other engines find every cell of a nasty log in its Parquet parts, read as one table`() throws {
    try load("parquet", [Self.engines.isEmpty ? "pyarrow,duckdb,polars" : Self.engines])
  }

  /// Those of `Scripts/test --engines`; some are too heavy for every run.
  private static let engines = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_ENGINES"] ?? ""

  private func load(_ engine: String, _ more: [String] = []) throws {
    let folder = NSTemporaryDirectory() + "audit-warehouse-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let result = try Python.run(
      "load-warehouse.py", [engine, try Program.exporter.path, try Program.emulator.path, folder] + more)
    #expect(result.status == 0, "\(result.output)\(result.log)")
    #expect(result.output.hasSuffix("done\n"), "\(result.output)")
  }

  @Test(
    .needsPython,
    .needs("jq"))
  func `what no warehouse runs here says so, and tells a client what reads as its SQL`() throws {
    let result = try Python.run("check-samples.py", ["warehouses", try Program.exporter.path])
    #expect(result.status == 0, "\(result.output)\(result.log)")
  }
}
