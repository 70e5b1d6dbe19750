/// A recursive-descent parser. This part reads block style (YAML 1.2.2, chapter 8); the extensions read flow style and scalars.
struct YAMLReader {
  var cursor: YAMLCursor

  /// The deepest nesting. A valid job file needs less.
  private static let deepest = 8

  mutating func document() throws(YAMLError) -> YAMLNode? {
    try cursor.begin()
    guard !cursor.isAtEnd else { return nil }
    let node = try block(within: -1, depth: 0)
    guard cursor.isAtEnd else {
      throw YAMLError(
        cursor.place,
        "this line does not belong to any key or list above it: check its indentation, and put each text on one line"
      )
    }
    return node
  }

  func checkDepth(_ depth: Int) throws(YAMLError) {
    guard depth < YAMLReader.deepest else {
      throw YAMLError(cursor.place, "nested too deeply for a job file")
    }
  }

  /// Reads the node at the cursor. Afterwards, the cursor is at the first content of a later line.
  ///
  /// - Parameters:
  ///   - parent: The indentation of the enclosing list or mapping.
  ///   - isBehindKey: Whether the node is on the line of its key. A list or mapping by indentation cannot begin there.
  private mutating func block(
    within parent: Int, depth: Int, isBehindKey: Bool = false
  ) throws(YAMLError) -> YAMLNode {
    try checkDepth(depth)
    if isAtDash, !isBehindKey { return try list(depth: depth) }
    if isAtBracket {
      let node = try flow(within: parent, depth: depth)
      try endLine()
      return node
    }
    let indent = cursor.indent
    let scalar = try scalar(inBrackets: false)
    if isAtColon {
      guard !isBehindKey else {
        throw YAMLError(
          cursor.place,
          "there is a second key on this line: put it on its own line, or put the text in quotes")
      }
      return try mapping(from: scalar, indent: indent, depth: depth)
    }
    try endLine()
    return YAMLNode(value: scalar.value, place: scalar.place)
  }

  private mutating func list(depth: Int) throws(YAMLError) -> YAMLNode {
    let place = cursor.place
    let indent = cursor.indent
    var nodes: [YAMLNode] = []
    repeat {
      cursor.pass()
      let behind = cursor.place
      try cursor.passToContent()
      nodes.append(
        !cursor.isAtEnd && cursor.indent > indent
          ? try block(within: indent, depth: depth + 1) : try empty(behind, depth: depth + 1))
    } while !cursor.isAtEnd && cursor.indent == indent && isAtDash
    return YAMLNode(value: .list(nodes), place: place)
  }

  /// - Parameter first: The first key. The cursor is at its colon.
  private mutating func mapping(
    from first: YAMLScalar, indent: Int, depth: Int
  ) throws(YAMLError) -> YAMLNode {
    var members = YAMLMembers()
    var scalar = first
    while true {
      let key = try key(scalar, inBrackets: false)
      try members.append(key, scalar.place, try value(ofKeyAt: indent, depth: depth + 1))
      guard !cursor.isAtEnd, cursor.indent == indent else { break }
      scalar = try self.scalar(inBrackets: false)
    }
    return YAMLNode(value: .mapping(members.all), place: first.place)
  }

  private mutating func value(ofKeyAt indent: Int, depth: Int) throws(YAMLError) -> YAMLNode {
    let behind = cursor.place
    try cursor.passToContent()
    guard !cursor.isAtEnd else { return try empty(behind, depth: depth) }
    if cursor.line == behind.line { return try block(within: indent, depth: depth, isBehindKey: true) }
    // A list below its key need not be indented.
    return cursor.indent > indent || cursor.indent == indent && isAtDash
      ? try block(within: indent, depth: depth) : try empty(behind, depth: depth)
  }

  func empty(_ place: YAMLPosition, depth: Int) throws(YAMLError) -> YAMLNode {
    try checkDepth(depth)
    return YAMLNode(value: .empty, place: place)
  }

  private var isAtDash: Bool { cursor.current == "-" && cursor.isBeforeBlank }
  private var isAtColon: Bool { cursor.current == ":" && cursor.isBeforeBlank }
  var isAtBracket: Bool { cursor.current == "[" || cursor.current == "{" }

  private mutating func endLine() throws(YAMLError) {
    let line = cursor.line
    try cursor.passToContent()
    guard cursor.isAtEnd || cursor.line > line else {
      let words =
        cursor.current == ":"
        ? "a colon is not allowed here: a key must be a word, with a space after its colon"
        : "the value ends here: only a comment, with a space before it, may follow on this line"
      throw YAMLError(cursor.place, words)
    }
  }
}

/// The members of a mapping. Keys are unique.
struct YAMLMembers {
  private(set) var all: [YAMLNode.Member] = []
  private var keys: Set<String> = []

  mutating func append(_ key: String, _ place: YAMLPosition, _ value: YAMLNode) throws(YAMLError) {
    guard keys.insert(key).inserted else {
      throw YAMLError(place, "duplicate key '\(key.prefix(120))'")
    }
    all.append(YAMLNode.Member(key: key, place: place, value: value))
  }
}

/// Lists and mappings in brackets, on one line or several (YAML 1.2.2, 7.4).
extension YAMLReader {
  /// - Parameter parent: The indentation of the enclosing list or mapping. All lines after the first must be indented more.
  mutating func flow(within parent: Int, depth: Int) throws(YAMLError) -> YAMLNode {
    try checkDepth(depth)
    let opening = cursor.place
    let isList = cursor.current == "["
    let end: Unicode.Scalar = isList ? "]" : "}"
    var nodes: [YAMLNode] = []
    var members = YAMLMembers()
    cursor.pass()
    try passToFlow(within: parent, opening)
    while cursor.current != end {
      if isList {
        nodes.append(try flowNode(within: parent, depth: depth + 1))
      } else {
        let scalar = try scalar(inBrackets: true)
        let key = try key(scalar, inBrackets: true)
        let behind = cursor.place
        try passToFlow(within: parent, opening)
        let value =
          cursor.current == "," || cursor.current == end
          ? try empty(behind, depth: depth + 1) : try flowNode(within: parent, depth: depth + 1)
        try members.append(key, scalar.place, value)
      }
      try passToFlow(within: parent, opening)
      guard cursor.current == "," || cursor.current == end else {
        let words =
          cursor.current == ":"
          ? "a colon is not allowed here: in a list, put 'key: value' in braces, and text with a colon in quotes"
          : "expected ',' or '\(end)': put text on one line, in quotes if it has brackets or commas"
        throw YAMLError(cursor.place, words)
      }
      if cursor.current == "," {
        cursor.pass()
        try passToFlow(within: parent, opening)
      }
    }
    cursor.pass()
    return YAMLNode(value: isList ? .list(nodes) : .mapping(members.all), place: opening)
  }

  private mutating func flowNode(within parent: Int, depth: Int) throws(YAMLError) -> YAMLNode {
    if isAtBracket { return try flow(within: parent, depth: depth) }
    try checkDepth(depth)
    let scalar = try scalar(inBrackets: true)
    return YAMLNode(value: scalar.value, place: scalar.place)
  }

  /// Passes to the next content within the brackets.
  private mutating func passToFlow(within parent: Int, _ opening: YAMLPosition) throws(YAMLError) {
    let line = cursor.line
    try cursor.passToContent()
    guard !cursor.isAtEnd else { throw YAMLError(opening, "this bracket is not closed") }
    guard cursor.line == line || cursor.indent > parent else {
      throw YAMLError(
        cursor.place,
        "the bracket on line \(opening.line) is not closed: indent its lines further than its key")
    }
  }
}
