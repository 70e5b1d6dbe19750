import Foundation
import TestSupport
import Testing

/// The scripts of `--generate-completion-script`, run in their shells.
@Suite(.fewAtOnce) struct CompletionTests {
  /// Lines, with the words that must and must not be offered.
  static let lines: [(line: String, offered: [String], never: [String])] = [
    ("cloudsmith-audit-export ", ["export", "status", "verify", "changes", "schema", "manual"], ["csv"]),
    ("cloudsmith-audit-export ver", ["verify"], ["export"]),
    ("cloudsmith-audit-export export --max-", ["--max-wait", "--max-requests-per-second"], ["--from"]),
    ("cloudsmith-audit-export export --time-filter ", ["auto", "filter", "seek", "walk"], ["a-file"]),
    ("cloudsmith-audit-export export -q --format cs", ["csv", "csv,parquet"], ["parquet"]),
    ("cloudsmith-audit-export schema --as post", ["postgresql"], ["duckdb"]),
    ("cloudsmith-audit-export changes -o acme --as ", ["sha256sums", "redshift"], ["athena"]),
    ("cloudsmith-audit-export verify --output-format j", ["json"], ["text"]),
    ("cloudsmith-audit-export export --api-key-file a-", ["a-file", "a-folder"], ["export"]),
    ("cloudsmith-audit-export status --archive a-", ["a-folder"], ["a-file"]),
  ]

  @Test func `bash completes commands, options, values, files and folders`() throws {
    // Do what bash does on Tab: set the variables, then call the function.
    try check("bash", "for line; do complete_line; done") {
      """
      source \($0)
      complete_line() {
        COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=($line) COMPREPLY=()
        [[ $line != *' ' ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p cloudsmith-audit-export | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        "$function" cloudsmith-audit-export "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        echo "> $line"
        printf '%s\\n' "${COMPREPLY[@]}"
      }
      """
    }
  }

  @Test(.needs("fish"))
  func `fish completes commands, options, values, files and folders`() throws {
    try check(
      "fish", "for line in $argv; echo \"> $line\"; complete -C \"$line\" | cut -f1 | sed 's,/$,,'; end"
    ) {
      "source \($0)"
    }
  }

  @Test(.needs("zsh"))
  func `zsh accepts its script`() throws {
    let script = try Program.exporter.run(["--generate-completion-script", "zsh"]).output
    #expect(script.hasPrefix("#compdef cloudsmith-audit-export\n"))
    try withFile(script) { path in
      let result = try Shell.run("zsh -n \(path)")
      #expect(result.status == 0 && result.log.isEmpty, "\(result.log)")
    }
  }

  @Test func `options for files complete with files, and options for folders with folders`() throws {
    for command in try ProgramHelp.of(.exporter).commands {
      for argument in command.arguments {
        let name = "\(command.commandName) \(argument.long)"
        if argument.valueName == "file" { #expect(argument.completionKind?.file != nil, "\(name)") }
        if argument.valueName == "dir" { #expect(argument.completionKind?.directory != nil, "\(name)") }
      }
    }
  }

  /// Completes every line in a shell, in a folder that holds a file and a folder, with the program on the `PATH`.
  private func check(_ shell: String, _ loop: String, prepare: (String) -> String) throws {
    let script = try Program.exporter.run(["--generate-completion-script", shell])
    #expect(script.status == 0)
    try withFile(script.output) { path in
      let folder = URL(filePath: path).deletingLastPathComponent().path
      try FileManager.default.createDirectory(atPath: folder + "/a-folder", withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: folder + "/a-file"))
      try Data((prepare(path) + "\n" + loop).utf8).write(to: URL(filePath: folder + "/complete"))
      let bin = URL(filePath: try Program.exporter.path).deletingLastPathComponent().path
      let result = try Shell.run(
        "shift; cd \(folder) && PATH=\(bin):$PATH HOME=\(folder) exec \(shell) complete \"$@\"",
        Self.lines.map(\.line))
      #expect(result.status == 0 && result.log.isEmpty, "\(result.log)")
      let answers = result.output.components(separatedBy: "> ").dropFirst()
      #expect(answers.count == Self.lines.count)
      for (answer, wanted) in zip(answers, Self.lines) {
        let offered = answer.split(separator: "\n").dropFirst().map(String.init)
        for word in wanted.offered { #expect(offered.contains(word), "\(wanted.line)\(word): \(offered)") }
        for word in wanted.never { #expect(!offered.contains(word), "\(wanted.line)\(word)") }
      }
    }
  }

  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    try Folder.with { try body($0.write(text, to: "script")) }
  }
}
