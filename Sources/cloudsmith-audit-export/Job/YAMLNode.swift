import Yams

/// A YAML document as a tree in which everything knows its place. Scalars are told apart as YAML 1.2 does (core schema, 10.3.2):
/// `no` and `on` are text.
///
/// Anchors, aliases and tags are refused: a job file needs none, and they can make a small text stand for a huge one.
struct YAMLNode: Sendable {
  enum Value: Sendable {
    case empty
    case text(String)
    case boolean(Bool)
    case integer(String)
    case number(String)
    case list([YAMLNode])
    case mapping([Member])
  }

  struct Member: Sendable {
    let key: String
    let place: YAMLPlace
    let value: YAMLNode
  }

  let value: Value
  let place: YAMLPlace

  /// nil when the text holds nothing but comments.
  static func read(_ text: String) throws(YAMLFault) -> YAMLNode? {
    try refuseAliases(text)
    do {
      let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
      // The tree refers to its anchors weakly: the parser has to outlive the reading.
      return try withExtendedLifetime(parser) {
        try parser.singleRoot().map { try YAMLNode($0, depth: 0) }
      }
    } catch let error as YamlError {
      throw YAMLFault(error)
    } catch let error as YAMLFault {
      throw error
    } catch {
      throw YAMLFault(words: "it is not YAML")
    }
  }

  /// How deep a job file can go, and some more.
  private static let deepest = 8

  private init(_ node: Node, depth: Int) throws(YAMLFault) {
    let place = YAMLPlace(node.mark)
    guard node.anchor == nil else { throw YAMLFault(place, "anchors (&) are not used here") }
    guard depth < YAMLNode.deepest else { throw YAMLFault(place, "nested deeper than a job file is") }
    self.place = place
    switch node {
    case .alias: throw YAMLFault(place, "aliases (*) are not used here")
    case .scalar(let scalar):
      guard scalar.tag == Tag(.str) || scalar.tag == Tag(.implicit) else {
        throw YAMLFault(place, "tags (!) are not used here")
      }
      value = scalar.style == .plain ? .init(plain: scalar.string) : .text(scalar.string)
    case .sequence(let sequence):
      guard sequence.tag == Tag(.implicit) else { throw YAMLFault(place, "tags (!) are not used here") }
      var nodes: [YAMLNode] = []
      for node in sequence { nodes.append(try YAMLNode(node, depth: depth + 1)) }
      value = .list(nodes)
    case .mapping(let mapping):
      guard mapping.tag == Tag(.implicit) else { throw YAMLFault(place, "tags (!) are not used here") }
      var members: [Member] = []
      for (key, node) in mapping {
        guard case .scalar(let name) = key, key.anchor == nil else {
          throw YAMLFault(YAMLPlace(key.mark), "a key has to be a word")
        }
        members.append(
          Member(
            key: name.string, place: YAMLPlace(key.mark), value: try YAMLNode(node, depth: depth + 1)))
      }
      value = .mapping(members)
    }
  }

  /// Before anything is built: a handful of aliases of aliases is a tree that no machine holds.
  private static func refuseAliases(_ text: String) throws(YAMLFault) {
    var count = 0
    var before = UInt8(ascii: "\n")
    var isAfterStar = false
    for byte in text.utf8 {
      let isSpace = byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
      if isAfterStar, !isSpace { count += 1 }
      isAfterStar =
        byte == UInt8(ascii: "*")
        && (before <= 0x20 || before == UInt8(ascii: "[")
          || before == UInt8(ascii: "{") || before == UInt8(ascii: ",") || before == UInt8(ascii: ":"))
      before = byte
    }
    guard count <= 16 else {
      throw YAMLFault(words: "it has \(count) words that begin with *: aliases are not used here")
    }
  }
}

extension YAMLNode.Value {
  /// A scalar without quotes.
  fileprivate init(plain text: String) {
    switch text {
    case "", "~", "null", "Null", "NULL": self = .empty
    case "true", "True", "TRUE": self = .boolean(true)
    case "false", "False", "FALSE": self = .boolean(false)
    case _ where text.wholeMatch(of: /[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+/) != nil: self = .integer(text)
    case _ where text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil,
      _ where text.wholeMatch(of: /[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)/) != nil:
      self = .number(text)
    default: self = .text(text)
    }
  }

  /// As a sentence calls it.
  var kind: String {
    switch self {
    case .empty: "nothing"
    case .text: "text"
    case .boolean: "true or false"
    case .integer: "a whole number"
    case .number: "a number"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// Line and column, from 1.
struct YAMLPlace: Hashable, Sendable {
  let line: Int
  let column: Int

  init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  fileprivate init(_ mark: Mark?) { self.init(line: mark?.line ?? 1, column: mark?.column ?? 1) }
}

/// Why a text is not the YAML that is wanted.
struct YAMLFault: Error {
  /// nil: of the whole.
  let place: YAMLPlace?
  let words: String

  init(_ place: YAMLPlace? = nil, _ words: String) {
    self.place = place
    self.words = words
  }

  init(words: String) { self.init(nil, words) }

  fileprivate init(_ error: YamlError) {
    switch error {
    case .scanner(let context, let problem, let mark, let text),
      .parser(let context, let problem, let mark, let text),
      .composer(let context, let problem, let mark, let text):
      let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      let line =
        lines.indices.contains(mark.line - 1)
        ? lines[mark.line - 1].unicodeScalars : Substring().unicodeScalars
      let words =
        if line.dropFirst(mark.column - 1).first == "\t" {
          "a tab stands here: indent with spaces"
        } else if problem.contains("nesting level") {
          "nested deeper than a job file is"
        } else {
          [context?.text, problem].compactMap(\.self).joined(separator: ", ")
        }
      self.init(YAMLPlace(mark), words)
    case .duplicatedKeysInMapping(let names, let context):
      self.init(YAMLPlace(context.mark), "the key \(quoted(names.first ?? "")) is there more than once")
    case .reader(let problem, let offset, _, let text):
      let before = text.prefix(offset ?? 0)
      let line = 1 + before.count { $0 == "\n" }
      let column = 1 + before.reversed().prefix { $0 != "\n" }.count
      self.init(offset.map { _ in YAMLPlace(line: line, column: column) }, problem)
    default: self.init(words: "it is not YAML")
    }
  }
}
