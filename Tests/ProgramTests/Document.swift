import Foundation
import TestSupport
import Testing

/// README.md or a page of the documentation, with its code blocks.
struct Document {
  /// The file's name without `.md`.
  let name: String
  /// From the repository's root.
  let path: String
  let text: String
  let blocks: [Block]

  /// README first, then every page in the order of their names.
  static let names =
    ["README"]
    + (FileManager.default.subpaths(atPath: Repository.path(folder)) ?? [])
    .filter { $0.hasSuffix(".md") }.map { String($0.dropLast(3)) }.sorted()

  /// Whether the commands of the document need an existing archive.
  var beginsWithArchive: Bool { !["README", "GettingStarted", "Buckets"].contains(name) }

  private static let folder = "Sources/cloudsmith-audit-export/Documentation.docc"

  struct Block {
    let language: String
    let lines: [String]
    let line: Int
    /// False if the line before is a comment such as `<!-- not run: the reason -->`.
    let isRun: Bool

    /// The commands of a terminal session, with their outputs.
    var session: [(command: String, output: [String])] {
      var session: [(command: String, output: [String])] = []
      var isContinued = false
      for line in lines {
        if isContinued {
          session[session.count - 1].command += "\n" + line
        } else if line.hasPrefix("$ ") {
          session.append((String(line.dropFirst(2)), []))
        } else if !session.isEmpty {
          session[session.count - 1].output.append(line)
          continue
        }
        isContinued = line.hasSuffix("\\")
      }
      return session
    }
  }

  static func all() throws -> [Document] { try names.map { try Document($0) } }

  init(_ name: String) throws {
    self.name = name
    path = name == "README" ? "README.md" : "\(Self.folder)/\(name).md"
    text = try String(contentsOfFile: Repository.path(path), encoding: .utf8)
    var blocks: [Block] = []
    var open: (language: String, lines: [String], line: Int, isRun: Bool)?
    var before = ""
    for (number, line) in text.components(separatedBy: "\n").enumerated() {
      if let block = open {
        if line == "```" {
          blocks.append(
            Block(language: block.language, lines: block.lines, line: block.line, isRun: block.isRun))
          open = nil
        } else {
          open?.lines.append(line)
        }
      } else if line.hasPrefix("```") {
        open = (String(line.dropFirst(3)), [], number + 1, !before.hasPrefix("<!-- not run: "))
      }
      before = line
    }
    self.blocks = blocks
  }

  /// All inline code of the text, and every command of a session.
  var code: [String] {
    let prose = text.replacing(/(?s)```.*?```/, with: "")
    return prose.matches(of: /`([^`\n]+(?:\n[^`\n]+)?)`/).map { String($0.output.1) }
      + blocks.flatMap { block in
        ["console", "sh"].contains(block.language)
          ? block.session.map(\.command) : block.language == "crontab" ? block.lines : []
      }
  }
}

/// Runs the commands of a document against an emulator of my-org with 4,900 events of the last 30 days. The paths /srv, /etc
/// and /tmp in commands are redirected to a temporary folder, and so is the bucket: the tests have no store.
final class DocumentSession {
  private let bench: Bench
  /// `export` commands, which are repeated before each later command.
  private var exports: [String] = []

  private init(_ bench: Bench) throws {
    self.bench = bench
    let folder = bench.folder
    for path in ["bin", "srv", "etc", "tmp"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
    }
    for program in [Program.exporter, .emulator] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/bin/\(program.name)", withDestinationPath: program.path)
    }
    try Data(bench.key.utf8).write(to: URL(filePath: folder + "/etc/audit.key"))
    // As `duckdb -c SQL`.
    let python = try #require(Python.interpreter)
    let query = Repository.path("Tests/Interoperability/query-duckdb.py")
    try Data("#!/bin/sh\nexec '\(python)' '\(query)' \"$2\"\n".utf8)
      .write(to: URL(filePath: folder + "/bin/duckdb"))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/bin/duckdb")
  }

  /// The emulator's options on the page Getting started, without the port, which may be in use.
  static let options = ["--organization", "my-org", "--generate", "4900"]

  /// - Parameter hasArchive: an export has made /srv/audit before the first command.
  static func with(archive hasArchive: Bool, _ body: (DocumentSession) throws -> Void) throws {
    try Bench.with(options + ["--to", Past.settledMidnight]) { bench in
      let session = try DocumentSession(bench)
      if hasArchive {
        try session.run(
          "cloudsmith-audit-export export -o my-org --archive /srv/audit --backfill-start-time 2026-01-01",
          printing: [], at: "before the first command")
      }
      try body(session)
    }
  }

  /// Runs a command. It must succeed and print these lines in this order. Numbers are ignored, except numbers of events. A line
  /// `…` stands for any lines.
  ///
  /// - Parameters:
  ///   - place: the document and the line, shown in failures.
  ///   - isSilent: the command must print nothing.
  func run(_ command: String, printing output: [String], at place: String, isSilent: Bool = false) throws {
    let command = here(command)
    let settings = """
      export PATH=\(bench.folder)/bin:$PATH CLOUDSMITH_API_HOST=\(bench.url) CLOUDSMITH_API_KEY=\(bench.key) \
      CLOUDSMITH_AUDIT_EXPORT_MAX_REQUESTS_PER_SECOND=unlimited
      cd \(bench.folder)
      """
    let result = try Shell.run("set -e\n\(settings)\n" + (exports + [command]).joined(separator: "\n"))
    #expect(result.status == 0, "\(place): \(command)\n\(result.log)\(result.output)")
    let stdout = result.output.replacing(bench.folder + "/", with: "/")
    if isSilent { #expect(result.output.isEmpty && result.log.isEmpty, "\(result.output)\(result.log)") }
    for exact in output where exact.contains(#/^my-org: [0-9]|^events |readable, with/#) {
      #expect(
        stdout.split(separator: "\n").contains { $0 == exact }, "\(place): '\(exact)' is not in \(stdout)")
    }
    if command.hasPrefix("export ") { exports.append(command) }
    var printed = Self.shape(stdout)[...]
    for wanted in Self.shape(output.filter { $0 != "…" }.joined(separator: "\n")) {
      let index = printed.firstIndex(of: wanted)
      #expect(index != nil, "\(place): '\(wanted)' is not in \(Self.shape(stdout))")
      if let index { printed = printed[(index + 1)...] }
    }
  }

  /// Asks DuckDB.
  func query(_ sql: String, at place: String) throws {
    let result = try Python.run("query-duckdb.py", [here(sql)])
    #expect(result.status == 0, "\(place): \(result.log)")
  }

  /// The command with redirected paths.
  private func here(_ text: String) -> String {
    text.replacing("s3://my-bucket/audit", with: "/srv/audit")
      .replacing("/srv/audit", with: bench.folder + "/srv/audit")
      .replacing("/etc/audit.", with: bench.folder + "/etc/audit.")
      .replacing("/tmp/audit.", with: bench.folder + "/tmp/audit.")
  }

  /// Lines with normalized numbers and white space. Table rows that start with a date keep only the positions of numbers, and
  /// lines of `check` only the name, because the rest depends on the machine.
  private static func shape(_ text: String) -> [String] {
    text.split(separator: "\n").map { line in
      // "–" marks a skipped check.
      if let first = line.first, "✓–".contains(first) {
        return String(line.prefix { $0 != "\n" }.components(separatedBy: "  ").first?.dropFirst(2) ?? "")
      }
      let fields = line.split(whereSeparator: \.isWhitespace).map {
        $0.replacing(/[0-9][0-9,]*/, with: "#")
      }
      guard fields.first == "#-#-#" else {
        // Just after midnight (UTC), today is not covered yet.
        return fields.joined(separator: " ").replacing(" (# without events)", with: "")
      }
      return fields.map { $0.contains("#") ? "#" : "word" }.joined(separator: " ")
    }
  }
}
