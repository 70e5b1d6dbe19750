import Foundation
import TestSupport
import Testing

/// README.md and the pages of the documentation, compared with what the programs are and do.
@Suite(.fewAtOnce) struct DocumentTests {
  @Test func `README fits on a page and links to every other page`() throws {
    let readme = try Document("README").text
    #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 140)
    #expect(readme.split(whereSeparator: \.isWhitespace).count <= 1_000)
    #expect(Document.names.count > 10)
    for name in Document.names.dropFirst() {
      #expect(readme.contains("(Sources/cloudsmith-audit-export/Documentation.docc/\(name).md)"), "\(name)")
    }
  }

  @Test func `every command is shown on the page of commands`() throws {
    let code = try Document("Commands").code
    for command in try ProgramHelp.of(.exporter).commands {
      let isShown = code.contains { $0.contains("cloudsmith-audit-export \(command.commandName)") }
      #expect(isShown, "\(command.commandName)")
    }
  }

  @Test func `every option in the documentation belongs to the program it is passed to`() throws {
    let (exporter, emulator) = (try ProgramHelp.of(.exporter), try ProgramHelp.of(.emulator))
    let scripts = try ["release", "test", "benchmark", "demo"]
      .map { try String(contentsOfFile: Repository.path("Scripts/\($0)"), encoding: .utf8) }.joined()
    let own = Set(exporter.options + exporter.commands.flatMap(\.options))
    // Of swift, sha256sum, psql, rsync, aws, docker, Scripts/benchmark's guard and Chromium.
    let others: Set = [
      "--product", "--static-swift-stdlib", "--traits", "--check", "--file", "--files-from", "--update",
      "--no-sandbox", "--screenshot", "--blink-settings", "--exact-timestamps", "--delete", "--exclude",
      "--bucket", "--lifecycle-configuration", "--rm", "--read-only", "--tmpfs",
    ]
    var seen = 0
    for code in try Document.all().flatMap(\.code) {
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

  @Test func `every variable in the documentation is in the manual page or belongs to an option`() throws {
    let page = try Program.exporter.run(["manual"]).output
    let options = Set(try ProgramHelp.of(.exporter).commands.flatMap(\.options))
    for match in try Document.all().flatMap({ $0.text.matches(of: /CLOUDSMITH_[A-Z_]*[A-Z]/) }) {
      let name = String(match.output)
      let option =
        "--" + name.lowercased().replacing("cloudsmith_audit_export_", with: "").replacing("_", with: "-")
      #expect(page.contains(name) || options.contains(option), "\(name)")
    }
  }

  @Test(
    .needsPython,
    .needs("jq", "openssl"),
    arguments: Document.names)
  func `the shown sessions print what the documents show`(_ name: String) throws {
    let document = try Document(name)
    let blocks = document.blocks.filter { $0.isRun && ["console", "crontab", "sql"].contains($0.language) }
    guard !blocks.isEmpty else { return }
    try DocumentSession.with(archive: document.beginsWithArchive) { session in
      for block in blocks {
        let place = "\(name), line \(block.line)"
        switch block.language {
        case "console":
          for (command, output) in block.session {
            try session.run(command, printing: output, at: place)
          }
        case "crontab":
          for line in block.lines {
            // Five fields tell when; cron hands the rest to sh.
            let command = try line.split(maxSplits: 5, whereSeparator: \.isWhitespace).at(5)
            try session.run(String(command), printing: [], at: place, isSilent: true)
          }
        default:
          try session.query(block.lines.joined(separator: "\n"), at: place)
        }
      }
    }
  }

  @Test(.needsPython)
  func `the DuckDB query for CSV reads rows over two megabytes and names every column`() throws {
    let query = try #require(
      try Document("Loading").blocks.first { $0.language == "sql" && $0.lines.joined().contains("read_csv") })
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

  @Test func `the documented test commands are those of continuous integration`() throws {
    let run = try String(contentsOfFile: Repository.path(".ci/run"), encoding: .utf8)
    #expect(run.contains("Scripts/test\n") && !run.contains("--engines"))
    // These two are in Scripts/test --engines alone.
    for paragraph in try Document.all().flatMap({ $0.text.components(separatedBy: "\n\n") })
    where paragraph.contains(#/[Tt]he tests/#) && paragraph.contains(#/ClickHouse|Spark/#) {
      #expect(paragraph.contains("`Scripts/test --engines`"), "\(paragraph)")
    }
  }

  @Test func `license and status are stated alike everywhere`() throws {
    func text(_ file: String) throws -> String {
      try String(contentsOfFile: Repository.path(file), encoding: .utf8)
    }
    let readme = try text("README.md").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for words in [
      "[Apache-2.0](.github/LICENSE)", "There is no release yet", "glibc 2.35 or later", "x86-64",
      "not yet against a live account",
    ] {
      #expect(readme.contains(words), "\(words)")
    }
    #expect(try text(".github/LICENSE").contains("Apache License"))
    #expect(try text("Package.swift").contains("\n// SPDX-License-Identifier: Apache-2.0\n"))
    #expect(try text("Scripts/packaging/copyright").contains("\nLicense: Apache-2.0\n"))
  }

  @Test func `every link in the documentation leads to an existing file and heading`() throws {
    let root = URL(filePath: Repository.path("."))
    var seen = 0
    for document in try Document.all() {
      for link in document.text.matches(of: #/\]\(([^)\s]+)\)/#).map({ String($0.output.1) })
      where !link.contains("://") {
        seen += 1
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(
          String.init)
        let file =
          parts[0].isEmpty
          ? root.appending(path: document.path)
          : root.appending(path: document.path).deletingLastPathComponent().appending(path: parts[0])
        #expect(FileManager.default.fileExists(atPath: file.path), "\(document.name): \(link)")
        guard parts.count == 2 else { continue }
        // As GitHub makes them.
        let anchors = try String(contentsOf: file, encoding: .utf8).matches(of: #/(?m)^#+ (.+)$/#).map {
          $0.output.1.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
            .replacing(" ", with: "-")
        }
        #expect(anchors.contains(parts[1]), "\(document.name): \(link)")
      }
    }
    #expect(seen > 50)
  }

  @Test
  func `the sessions use the emulator of the first page and run most shown commands`()
    throws
  {
    let commands = try Document("GettingStarted").blocks.flatMap(\.session).map(\.command)
    #expect(
      commands.contains {
        $0.hasPrefix("cloudsmith-emulator \(DocumentSession.options.joined(separator: " "))")
      })
    let run = try Document.all().map { $0.blocks.filter(\.isRun).flatMap(\.session).count }.reduce(0, +)
    #expect(run >= 30)
  }

  @Test func `a heading that a message names is on the format's page`() throws {
    let messages = Repository.path("Sources/CommandResults")
    let page = try String(
      contentsOfFile: Repository.path("Sources/AuditArchive/Documentation.docc/Format.md"), encoding: .utf8)
    let headings = page.split(separator: "\n").filter { $0.hasPrefix("#") }.map {
      $0.drop { "# ".contains($0) }
    }
    var named: [Substring] = []
    for file in try FileManager.default.contentsOfDirectory(atPath: messages) {
      let text = try String(contentsOfFile: "\(messages)/\(file)", encoding: .utf8)
      named += text.matches(of: /"([^"\n]+)" in Format\.md/).map(\.output.1)
    }
    #expect(!named.isEmpty && Set(named).isSubset(of: headings), "\(named)")
  }

  @Test func `few blocks are not run, and each states a reason`() throws {
    let documents = try Document.all()
    let kept = documents.flatMap { document in
      document.blocks.filter { !$0.isRun }.map { "\(document.name), line \($0.line)" }
    }
    #expect(kept.count <= 15, "\(kept)")
    for match in documents.flatMap({ $0.text.matches(of: /<!-- not run:(.*)-->/) }) {
      #expect(match.output.1.count > 10)
    }
  }
}
