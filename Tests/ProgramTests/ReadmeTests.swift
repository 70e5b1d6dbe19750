import Foundation
import TestSupport
import Testing

/// README.md, held to what the programs are and do.
@Suite(.fewAtOnce) struct ReadmeTests {
  @Test func `every command is shown in the README`() throws {
    let code = try Readme().code
    for command in try ProgramHelp.of(.exporter).commands {
      let isShown = code.contains { $0.contains("cloudsmith-audit-export \(command.commandName)") }
      #expect(isShown, "\(command.commandName)")
    }
  }

  @Test func `every option that the README names is one of the program that it is given to`() throws {
    let (exporter, emulator) = (try ProgramHelp.of(.exporter), try ProgramHelp.of(.emulator))
    let scripts = try ["release", "test", "benchmark", "demo"]
      .map { try String(contentsOfFile: Repository.path("Scripts/\($0)"), encoding: .utf8) }.joined()
    let own = Set(exporter.options + exporter.commands.flatMap(\.options))
    // Of swift, sha256sum, psql and rsync.
    let others: Set = [
      "--product", "--static-swift-stdlib", "--traits", "--check", "--file", "--files-from",
    ]
    var seen = 0
    for code in try Readme().code {
      let call = code.firstMatch(of: /(?:^|cloudsmith-audit-export )([a-z]+)/)
      let command = exporter.commands.first { $0.commandName == call?.output.1 ?? "" }
      for option in code.matches(of: /(?:^|\s)(--[a-z][-a-z0-9]*)/).map({ String($0.output.1) }) {
        seen += 1
        if let command {
          #expect(command.options.contains(option) || others.contains(option), "\(code)")
        } else if code.contains("cloudsmith-emulator") {
          #expect(emulator.options.contains(option), "\(code)")
        } else {
          #expect(own.contains(option) || others.contains(option) || scripts.contains(option), "\(code)")
        }
      }
    }
    #expect(seen > 30)
  }

  @Test func `every variable that the README names is in the manual page, or is an option's`() throws {
    let page = try Program.exporter.run(["manual"]).output
    let options = Set(try ProgramHelp.of(.exporter).commands.flatMap(\.options))
    for match in try Readme().text.matches(of: /CLOUDSMITH_[A-Z_]*[A-Z]/) {
      let name = String(match.output)
      let option =
        "--" + name.lowercased().replacing("cloudsmith_audit_export_", with: "").replacing("_", with: "-")
      #expect(page.contains(name) || options.contains(option), "\(name)")
    }
  }

  @Test(
    .enabled(if: Python.isThere, "needs CLOUDSMITH_TEST_PYTHON; Scripts/test sets it"),
    .enabled(if: Shell.works("command -v jq && command -v openssl"), "needs jq and openssl"))
  func `what the README shows in a terminal is what happens`() throws {
    try ReadmeSession.with { session in
      var commands = 0
      for block in try Readme().blocks where block.isRun {
        switch block.language {
        case "console":
          for (command, output) in block.session {
            try session.run(command, printing: output, line: block.line)
            commands += 1
          }
        case "crontab":
          for line in block.lines {
            // Five fields tell when; cron hands the rest to sh.
            let command = try line.split(maxSplits: 5, whereSeparator: \.isWhitespace).at(5)
            try session.run(String(command), printing: [], line: block.line, isSilent: true)
            commands += 1
          }
        case "sql":
          try session.query(block.lines.joined(separator: "\n"), line: block.line)
          commands += 1
        default: break
        }
        session.leaveBlock()
      }
      #expect(commands >= 10)
    }
  }

  @Test(.enabled(if: Python.isThere, "needs CLOUDSMITH_TEST_PYTHON; Scripts/test sets it"))
  func `the README's query of CSV reads rows beyond two megabytes, and names every column`() throws {
    let query = try #require(
      try Readme().blocks.first { $0.language == "sql" && $0.lines.joined().contains("read_csv") })
    let sql = query.lines.joined(separator: "\n")
    let schema = try Program.exporter.run(["schema"]).output.split(separator: "\n").dropFirst()
    let columns = schema.compactMap {
      $0.split(whereSeparator: \.isWhitespace).dropFirst().first.map(String.init)
    }
    #expect(sql.matches(of: #/(\w+): '\w+'/#).map { String($0.1) } == columns)
    try Folder.with { folder in
      let record = try #require(
        try JSONSerialization.jsonObject(
          with: Data(contentsOf: URL(filePath: Repository.path("samples/pages/page-1.json"))))
          as? [[String: Any]]
      ).first
      var long = try #require(record)
      long["context"] = String(repeating: "long \"text\",\n", count: 250_000)
      try folder.write(try JSONSerialization.data(withJSONObject: [long]), to: "page.json")
      try Bench.with(["--organization", "my-org", "--events", folder.path + "/page.json"]) { bench in
        let result = try bench.export([
          "-o", "my-org", "--backfill-start-time", "2024-01-01", "--retention", "36500d",
        ])
        #expect(result.status == 0, "\(result.log)")
        let found = try Python.run("query-duckdb.py", [sql.replacing("/srv/audit", with: bench.archive)])
        #expect(found.status == 0 && found.output.contains("│"), "\(found.log)")
        #expect(found.output.contains(try #require(long["event"] as? String)), "\(found.output)")
      }
    }
  }

  @Test func `what the README says of its tests is what continuous integration runs`() throws {
    let run = try String(contentsOfFile: Repository.path(".ci/run"), encoding: .utf8)
    #expect(run.contains("Scripts/test\n") && !run.contains("--engines"))
    // These two are in Scripts/test --engines alone.
    for paragraph in try Readme().text.components(separatedBy: "\n\n")
    where paragraph.contains(#/[Tt]he tests/#) && paragraph.contains(#/ClickHouse|Spark/#) {
      #expect(paragraph.contains("`Scripts/test --engines`"), "\(paragraph)")
    }
  }

  @Test func `licence and status are said, and the same everywhere`() throws {
    func text(_ file: String) throws -> String {
      try String(contentsOfFile: Repository.path(file), encoding: .utf8)
    }
    let readme = try text("README.md").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for words in [
      "[Apache-2.0](.github/LICENSE)", "nothing is released yet", "glibc", "x86-64",
      "not yet against a live account",
    ] {
      #expect(readme.contains(words), "\(words)")
    }
    #expect(try text(".github/LICENSE").contains("Apache License"))
    #expect(try text("Package.swift").contains("\n// SPDX-License-Identifier: Apache-2.0\n"))
    #expect(try text("Scripts/packaging/copyright").contains("\nLicense: Apache-2.0\n"))
  }

  @Test func `few blocks are not run, each for a reason`() throws {
    let kept = try Readme().blocks.filter { !$0.isRun }
    #expect(kept.count <= 7, "\(kept.map(\.line))")
    for match in try Readme().text.matches(of: /<!-- not run:(.*)-->/) { #expect(match.output.1.count > 10) }
  }
}
