import AuditArchive
import Foundation
import TestSupport
import Testing

/// The page about the format says what is on disk.
@Suite(.fewAtOnce) struct FormatPageTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The code block in the page after `<!-- kind path -->`.
  private struct Excerpt {
    var kind: String
    var file: URL
    var text: String
  }

  private static func page() throws -> String {
    try String(
      contentsOf: root.appending(path: "Sources/AuditArchive/Documentation.docc/Format.md"), encoding: .utf8)
  }

  private static func excerpts(_ kind: String) throws -> [Excerpt] {
    let parts = try page().components(separatedBy: "<!-- ").dropFirst()
    let all = try parts.map { part in
      let words = part.prefix { $0 != "\n" }.split(separator: " ")
      let lines = part.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
      let block = try #require(lines.first).hasPrefix("```") ? lines.dropFirst().prefix { $0 != "```" } : []
      return try Excerpt(
        kind: String(words.at(0)), file: root.appending(path: String(words.at(1))),
        text: block.joined(separator: "\n"))
    }
    let chosen = all.filter { $0.kind == kind }
    try #require(!chosen.isEmpty, "the page has no excerpt of \(kind)")
    return chosen
  }

  @Test func `the page shows the folder tree of the sample`() throws {
    for excerpt in try FormatPageTests.excerpts("tree") {
      let names = try FileManager.default.subpathsOfDirectory(atPath: excerpt.file.path)
      let files = names.filter { name in
        var isFolder: ObjCBool = false
        let path = excerpt.file.appending(path: name).path
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
      }
      #expect(excerpt.text == files.sorted().joined(separator: "\n"))
    }
  }

  @Test func `the JSON in the page occurs in the sample's files`() throws {
    for excerpt in try FormatPageTests.excerpts("json") {
      let text = try String(contentsOf: excerpt.file, encoding: .utf8)
      #expect(text.contains(excerpt.text), "\(excerpt.file.lastPathComponent)")
    }
  }

  @Test func `the CSV lines in the page are the first lines of the sample's part`() throws {
    for excerpt in try FormatPageTests.excerpts("csv") {
      let unpacked = try Command("gzip", ["-dc", excerpt.file.path]).run().output
      #expect(unpacked.hasPrefix(excerpt.text + "\n"))
    }
  }

  @Test func `the hashes in the page are those of the sample's files and form the chain`()
    throws
  {
    for excerpt in try FormatPageTests.excerpts("sha256") {
      for line in excerpt.text.split(separator: "\n") {
        let words = line.split(separator: " ")
        let bytes = try Data(contentsOf: excerpt.file.appending(path: String(words.at(1))))
        let hash = sha256(bytes)
        #expect(try hash == words.at(0), "\(words)")
      }
    }
  }

  @Test func `the page names every member of manifest and commit`() throws {
    let page = try FormatPageTests.page()
    for schema in ["manifest", "commit"] {
      let data = try Data(
        contentsOf: FormatPageTests.root.appending(path: "samples/\(schema).schema.json"))
      let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      let definitions = try #require(object["$defs"] as? [String: [String: Any]])
      let run = definitions["run"]?["properties"] as? [String: Any] ?? [:]
      let members = try Array(#require(object["properties"] as? [String: Any]).keys) + run.keys
      #expect(members.count > 10)
      for member in members {
        #expect(page.contains("`\(member)`") || page.contains("\"\(member)\""), "\(schema): \(member)")
      }
    }
  }
}
