import Foundation

/// The blocks of code in README.md, and what stands in them.
struct Readme {
  let text: String
  let blocks: [Block]

  struct Block {
    let language: String
    let lines: [String]
    let line: Int
    /// Whether a comment, `<!-- not run: the reason -->`, stands in the line before.
    let isRun: Bool

    /// Of a session in a terminal: each command, and what it prints.
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

  init() throws {
    text = try String(contentsOfFile: Repository.path("README.md"), encoding: .utf8)
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

  /// What stands between backquotes in the text, and every command of a session.
  var code: [String] {
    let prose = text.replacing(/(?s)```.*?```/, with: "")
    return prose.matches(of: /`([^`\n]+(?:\n[^`\n]+)?)`/).map { String($0.output.1) }
      + blocks.flatMap { block in
        ["console", "sh"].contains(block.language)
          ? block.session.map(\.command) : block.language == "crontab" ? block.lines : []
      }
  }
}
