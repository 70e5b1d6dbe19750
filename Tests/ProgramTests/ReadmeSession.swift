import Foundation
import Testing

/// A machine as the README has it: an organisation my-org with events, a folder /srv/audit, keys. Both stand in a folder of
/// their own, and so do the paths in the commands.
final class ReadmeSession {
  private let bench: Bench
  /// Variables and folder that one command leaves to the next.
  private var exports: [String] = []

  private init(_ bench: Bench) throws {
    self.bench = bench
    let folder = bench.folder
    for path in ["bin", "srv", "etc"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
    }
    for program in [Program.exporter, .emulator] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/bin/\(program.name)", withDestinationPath: program.path)
    }
    try Data(bench.key.utf8).write(to: URL(filePath: folder + "/etc/audit.key"))
  }

  /// The emulator is the one that the README starts, but for the port, which may be taken.
  static func with(_ body: (ReadmeSession) throws -> Void) throws {
    let commands = try Readme().blocks.flatMap(\.session).map(\.command)
    let start = try #require(commands.first { $0.hasPrefix("cloudsmith-emulator ") })
    let words = start.split(separator: " ").map(String.init).dropFirst()
    let options = zip(words, words.dropFirst() + [""]).filter { $0.0.hasPrefix("--") && $0.0 != "--port" }
    try Bench.with(options.flatMap { [$0.0, $0.1] }) { bench in try body(ReadmeSession(bench)) }
  }

  /// A block of the README begins in a folder of the user's.
  func leaveBlock() { exports.removeAll { $0.hasPrefix("cd ") } }

  /// Runs a command; it has to end well and to print these lines, whatever the numbers in them; those of events and days are the
  /// emulator's, and have to be right.
  ///
  /// - Parameter isSilent: nothing may be printed at all.
  func run(_ command: String, printing output: [String], line: Int, isSilent: Bool = false) throws {
    let command = here(command)
    let settings = """
      export PATH=\(bench.folder)/bin:$PATH CLOUDSMITH_API_HOST=\(bench.url) CLOUDSMITH_API_KEY=\(bench.key) \
      CLOUDSMITH_AUDIT_EXPORT_MAX_REQUESTS_PER_SECOND=unlimited
      cd \(bench.folder)
      """
    let result = try Shell.run("set -e\n\(settings)\n" + (exports + [command]).joined(separator: "\n"))
    #expect(result.status == 0, "README, line \(line): \(command)\n\(result.log)\(result.output)")
    if isSilent { #expect(result.output.isEmpty && result.log.isEmpty, "\(result.output)\(result.log)") }
    for exact in output where exact.contains(#/^my-org: [0-9]|^events |it can be read/#) {
      #expect(
        result.output.split(separator: "\n").contains { $0 == exact }, "'\(exact)' is not in \(result.output)"
      )
    }
    if command.hasPrefix("export ") { exports.append(command) }
    var printed = Self.shape(result.output)[...]
    for wanted in Self.shape(output.joined(separator: "\n")) {
      let place = printed.firstIndex(of: wanted)
      #expect(place != nil, "README, line \(line): '\(wanted)' is not in \(Self.shape(result.output))")
      if let place { printed = printed[(place + 1)...] }
    }
  }

  /// Asks DuckDB.
  func query(_ sql: String, line: Int) throws {
    let result = try Python.run("query-duckdb.py", [here(sql)])
    #expect(result.status == 0, "README, line \(line): \(result.log)")
  }

  /// A command with this machine's paths in place of the README's.
  private func here(_ text: String) -> String {
    text.replacing("/srv/audit", with: bench.folder + "/srv/audit")
      .replacing("/etc/audit.key", with: bench.folder + "/etc/audit.key")
  }

  /// Lines without numbers and white space; of the rows of a table, which begin with a date, only where numbers are; of what is
  /// ticked off only its name, for the rest is about this machine.
  private static func shape(_ text: String) -> [String] {
    text.split(separator: "\n").map { line in
      // "–" is what this machine or the emulator has not: here the time in answers.
      if let first = line.first, "✓–".contains(first) {
        return String(line.prefix { $0 != "\n" }.components(separatedBy: "  ").first?.dropFirst(2) ?? "")
      }
      let fields = line.split(whereSeparator: \.isWhitespace).map {
        $0.replacing(/[0-9][0-9,]*/, with: "#")
      }
      guard fields.first == "#-#-#" else { return fields.joined(separator: " ") }
      return fields.map { $0.contains("#") ? "#" : "word" }.joined(separator: " ")
    }
  }
}
