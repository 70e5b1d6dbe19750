import Foundation
import TestSupport
import Testing

/// What the commands tell about an archive that is a Delta Lake table.
@Suite(.fewAtOnce) struct TableTextTests {
  private func run(_ command: String, _ bench: Bench, _ options: [String] = []) throws -> CommandOutcome {
    try Program.exporter.run(
      [command, "-o", "acme", "--archive", bench.archive] + options, environment: bench.environment)
  }

  private func json(_ command: String, _ bench: Bench, _ options: [String] = []) throws -> [String: Any] {
    try run(command, bench, options + ["--output-format", "json"]).json
  }

  /// `table_version` in what `changes` prints.
  private func tableVersion(_ bench: Bench) throws -> Int? {
    try json("changes", bench, ["--since", "0"])["table_version"] as? Int
  }

  /// How many parts the folder of the table has.
  private func parquetFiles(_ bench: Bench) throws -> Int {
    try FileManager.default.subpathsOfDirectory(atPath: bench.archive + "/parquet/organization=acme")
      .count { $0.hasSuffix(".parquet") }
  }

  /// The line of the table in what a command prints.
  private func tableLine(_ command: String, _ bench: Bench, _ options: [String] = []) throws -> String? {
    try run(command, bench, options).output.split(separator: "\n").first { $0.hasPrefix("table ") }
      .map(String.init)
  }

  @Test func `each command names the table's version, and changes the version of the newest commit`() throws {
    try Bench.with(["--generate", "200"]) { bench in
      let exported = try bench.export(Bench.start + ["--format", "csv,delta"])
      #expect(exported.status == 0, "\(exported.log)")
      let line = "table            version 0, with all commits"
      let page = bench.folder + "/audit.html"
      #expect(try tableLine("status", bench) == line)
      #expect(try tableLine("verify", bench) == line)
      #expect(try tableLine("report", bench, ["--html", page]) == line)
      let html = try String(contentsOfFile: page, encoding: .utf8)
      #expect(html.contains("Delta Lake table: version 0, with all commits"))
      let newest = try #require(try bench.manifest()["commit"] as? Int)
      for (command, options) in [("status", []), ("verify", []), ("report", ["--html", page])] {
        let table = try #require(try json(command, bench, options)["table"] as? [String: Any], "\(command)")
        #expect(table["version"] as? Int == 0 && table["commit"] as? Int == newest, "\(command): \(table)")
        #expect(table["commits_lacking"] as? Int == 0, "\(command): \(table)")
      }
      #expect(try tableVersion(bench) == 0)
      let checked = try run("check", bench).output
      #expect(checked.contains("✓ table             version 0, with all commits\n"), "\(checked)")
    }
  }

  @Test func `without a table no command mentions one`() throws {
    try Bench.with(["--generate", "200"]) { bench in
      #expect(try bench.export(Bench.start).status == 0)
      for command in ["status", "verify"] {
        #expect(try tableLine(command, bench) == nil)
        let table = try json(command, bench)["table"]
        #expect(table == nil)
      }
      #expect(try tableVersion(bench) == nil)
      let checked = try run("check", bench).output
      #expect(!checked.contains(" table  "), "\(checked)")
    }
  }

  @Test func `a table whose log was removed is status 2 with a remedy, and the next export rebuilds it`()
    throws
  {
    try Bench.with(["--generate", "200"]) { bench in
      #expect(try bench.export(Bench.start + ["--format", "delta"]).status == 0)
      try FileManager.default.moveItem(
        atPath: bench.archive + "/parquet/_delta_log", toPath: bench.folder + "/moved")
      let verified = try bench.verify()
      #expect(verified.status == 2)
      #expect(
        verified.log == """
          error: The archive '\(bench.archive)' of 'acme' matches its commits, but its Delta Lake table does not \
          (1 finding: 1 wrong-table).

          """)
      #expect(
        verified.output.hasPrefix(
          """
          wrong-table      parquet/_delta_log
                           is missing, but the archive is a Delta Lake table

          """), "\(verified.output)")
      #expect(
        verified.output.hasSuffix(
          """

          wrong-table: The next export rebuilds it from the commits, with the same table id. Find out who removed it.

          """), "\(verified.output)")
      let line = "table            no version yet; the next export creates the table"
      #expect(try tableLine("status", bench) == line)
      let checked = try run("check", bench).output
      #expect(checked.contains("! table             the Delta Lake table has no version yet"), "\(checked)")
      #expect(try tableVersion(bench) == nil)
      #expect(try bench.export().status == 0)
      #expect(
        try tableLine("status", bench) == "table            version 0, with all commits")
    }
  }

  @Test
  func `an export that cannot append to the table archives its events and ends with status 2 and a remedy`()
    throws
  {
    try Bench.with(["--generate", "200"]) { bench in
      #expect(try bench.export(Bench.start).status == 0)
      let folder = bench.archive + "/parquet/_delta_log"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data("no version".utf8).write(to: URL(filePath: "\(folder)/00000000000000000000.json"))
      for _ in 0..<2 {
        let exported = try bench.export(["--format", "csv,delta"])
        #expect(exported.status == 2, "\(exported.log)")
        let message = """
          The events are archived in '\(bench.archive)', but cannot be appended to its Delta Lake table: \
          parquet/_delta_log/00000000000000000000.json cannot be read: line 1
          """
        #expect(exported.log.contains(message), "\(exported.log)")
        let cure = "move the folder '\(folder)' out of the archive. The next export makes the table again"
        #expect(exported.log.contains(cure), "\(exported.log)")
        #expect(try bench.verify().status == 2)
      }
      try FileManager.default.moveItem(atPath: folder, toPath: bench.folder + "/moved")
      #expect(try bench.export().status == 0)
      #expect(try tableLine("status", bench) == "table            version 0, with all commits")
    }
  }

  @Test func `verify notes kept files, and --keep-superseded is refused without a table`() throws {
    try Bench.with(["--generate", "200"]) { bench in
      let keep = ["--keep-superseded", "48h"]
      let refused = try bench.export(Bench.start + keep)
      #expect(refused.status == 64)
      #expect(
        refused.log.contains(
          "Cannot use '\(bench.archive)' with --keep-superseded: the archive is not a Delta Lake table"),
        "\(refused.log)")
      #expect(!FileManager.default.fileExists(atPath: bench.archive))
      #expect(try bench.export(Bench.start + keep + ["--format", "delta"]).status == 0)
      func notes() throws -> [[String: String]] {
        try json("verify", bench)["notes"] as? [[String: String]] ?? []
      }
      #expect(try notes() == [])
      let days = try parquetFiles(bench)
      // Each day gets a new revision in both formats.
      let converted = try bench.export(keep + ["--format", "csv,delta"])
      #expect(converted.status == 0, "\(converted.log)")
      #expect(try parquetFiles(bench) == 2 * days)
      let noted = try bench.verify()
      #expect(noted.status == 0, "\(noted.log)")
      let text = "note             parquet/organization=acme\n                 has \(days) replaced "
      #expect(noted.output.hasPrefix(text), "\(noted.output)")
      let note = try #require(try notes().first)
      #expect(note["kind"] == "kept-superseded" && note["path"] == "parquet/organization=acme")
      #expect(note["message"]?.hasSuffix("kept for readers of the table") == true, "\(note)")
      #expect(try bench.export(keep.dropLast() + ["1h"]).status == 0)
      #expect(try notes().count == 1)
      #expect(try bench.export().status == 0)
      #expect(try notes() == [])
      #expect(try parquetFiles(bench) == days)
    }
  }

  @Test func `a version of another program is a note, or a finding if it changes rows`() throws {
    try Bench.with(["--generate", "200"], isDamaged: true) { bench in
      #expect(try bench.export(Bench.start + ["--format", "delta"]).status == 0)
      let path = "parquet/_delta_log/00000000000000000001.json"
      func write(_ lines: String) throws {
        try Data(lines.utf8).write(to: URL(filePath: "\(bench.archive)/\(path)"))
      }
      let info = #"{"commitInfo":{"operation":"VACUUM START","engineInfo":"delta-rs"}}"#
      try write(info + "\n")
      let noted = try bench.verify()
      #expect(noted.status == 0, "\(noted.log)")
      #expect(
        noted.output.hasPrefix(
          """
          note             \(path)
                           is not of this tool and changes no row: its program is 'delta-rs', its operation 'VACUUM START'

          """), "\(noted.output)")
      let notes = try json("verify", bench)["notes"] as? [[String: Any]]
      #expect(notes?.map { $0["kind"] as? String } == ["foreign-version"])
      try write(info + #"\#n{"remove":{"path":"a","dataChange":true}}\#n"#)
      let refused = try bench.verify()
      #expect(refused.status == 2)
      #expect(refused.output.contains("changes the table, but is not of this tool"), "\(refused.output)")
      #expect(
        refused.output.contains("wrong-table: Move parquet/_delta_log away and run export again"),
        "\(refused.output)")
    }
  }
}
