import Foundation
import TestSupport

/// README.md or a page of the documentation: its text and its blocks of code.
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

  /// Whether an export has made the archive that the document's commands use.
  var beginsWithArchive: Bool { !["README", "GettingStarted"].contains(name) }

  private static let folder = "Sources/cloudsmith-audit-export/Documentation.docc"

  struct Block {
    let language: String
    let lines: [String]
    let line: Int
    /// Whether the line before is not a comment such as `<!-- not run: the reason -->`.
    let isRun: Bool

    /// The commands of a terminal session, each with its output.
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

  /// Everything between backquotes in the text, and every command of a session.
  var code: [String] {
    let prose = text.replacing(/(?s)```.*?```/, with: "")
    return prose.matches(of: /`([^`\n]+(?:\n[^`\n]+)?)`/).map { String($0.output.1) }
      + blocks.flatMap { block in
        ["console", "sh"].contains(block.language)
          ? block.session.map(\.command) : block.language == "crontab" ? block.lines : []
      }
  }
}
