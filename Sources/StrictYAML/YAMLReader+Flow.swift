/// Lists and mappings in brackets, on one line or several (YAML 1.2.2, 7.4).
extension YAMLReader {
  /// - Parameter parent: the indentation of the list or mapping around it; further lines are indented more.
  mutating func flow(within parent: Int, depth: Int) throws(YAMLFault) -> YAMLNode {
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
        throw YAMLFault(cursor.place, words)
      }
      if cursor.current == "," {
        cursor.pass()
        try passToFlow(within: parent, opening)
      }
    }
    cursor.pass()
    return YAMLNode(value: isList ? .list(nodes) : .mapping(members.all), place: opening)
  }

  private mutating func flowNode(within parent: Int, depth: Int) throws(YAMLFault) -> YAMLNode {
    if isAtBracket { return try flow(within: parent, depth: depth) }
    try checkDepth(depth)
    let scalar = try scalar(inBrackets: true)
    return YAMLNode(value: scalar.value, place: scalar.place)
  }

  /// Passes to the next content within the brackets.
  private mutating func passToFlow(within parent: Int, _ opening: YAMLPlace) throws(YAMLFault) {
    let line = cursor.line
    try cursor.passToContent()
    guard !cursor.isAtEnd else { throw YAMLFault(opening, "this bracket is not closed") }
    guard cursor.line == line || cursor.indent > parent else {
      throw YAMLFault(
        cursor.place,
        "the bracket on line \(opening.line) is not closed: indent its lines further than its key")
    }
  }
}
