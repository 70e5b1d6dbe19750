import StrictYAML
import Testing

@Suite struct ReadingTests {
  private static let documents: [(String, String)] = [
    // By indentation.
    ("a: b", #"{"a":"b"}"#), ("a: b\nc:\n  d: e\nf: g\n", #"{"a":"b","c":{"d":"e"},"f":"g"}"#),
    ("- a\n- b", #"["a","b"]"#), ("a:\n- b\n- c\nd: e", #"{"a":["b","c"],"d":"e"}"#),
    ("a:\n  - b\n  - c: d\n    e: f", #"{"a":["b",{"c":"d","e":"f"}]}"#),
    ("- - a\n  - b\n- c", #"[["a","b"],"c"]"#),
    ("-   a: b\n    c: d", #"[{"a":"b","c":"d"}]"#), ("-\n  a: b\n-\n- c", #"[{"a":"b"},null,"c"]"#),
    ("- a:\n  - b\n- c:\n- d", #"[{"a":["b"]},{"c":null},"d"]"#), ("  a: b\n  c: d", #"{"a":"b","c":"d"}"#),
    ("a:\nb:\n  c\nd: # e\n  'f'", #"{"a":null,"b":"c","d":"f"}"#), ("a :  b  ", #"{"a":"b"}"#),
    // In brackets.
    ("[]", "[]"), ("{ }", "{}"), ("[a, b,]", #"["a","b"]"#),
    ("{a: b, c: , d: [e]}", #"{"a":"b","c":null,"d":["e"]}"#),
    ("a: [b,\n  c # d\n  , e\n ]\nf: {g: h,\n\n i:\n  j}", #"{"a":["b","c","e"],"f":{"g":"h","i":"j"}}"#),
    ("[a,\nb\n]", #"["a","b"]"#),
    (#"{"a":1,"b":["c",null],"d":{"e":-1.5e3}}"#, #"{"a":1,"b":["c",null],"d":{"e":-1.5e3}}"#),
    ("[http://a.b:1/c, 24:00, a#b, -1, --]", #"["http://a.b:1/c","24:00","a#b",-1,"--"]"#),
    // Words.
    ("a", #""a""#), ("a: b:c #d\ne: f#g", #"{"a":"b:c","e":"f#g"}"#),
    ("a: b, [c] {d} & * ! ?", #"{"a":"b, [c] {d} & * ! ?"}"#),
    ("'it''s: # [x]'", #""it's: # [x]""#), (#"'\n'"#, #""\\n""#), (#"a: """#, #"{"a":""}"#),
    (#""\x41\u00e9\U0001F600\/\"\\ \e""#, #""Aé😀/\"\\ \u001b""#), (#"'a': "b""#, #"{"a":"b"}"#),
    (#""": ''"#, #"{"":""}"#),
    ("a: -x\nb: ---\n---c: d", #"{"a":"-x","b":"---","---c":"d"}"#),
    ("'<<': 1\n'1': 2\nno: on", #"{"<<":1,"1":2,"no":"on"}"#),
    // What stands around.
    ("", "nothing"), ("# a\n\n  # b", "nothing"), ("\u{FEFF}", "nothing"), ("---", "nothing"),
    ("--- # a\n", "nothing"),
    ("\u{FEFF}# a\n---\na: b", #"{"a":"b"}"#), ("---\n- a", #"["a"]"#),
    ("a: b\r\nc: d\r\n", #"{"a":"b","c":"d"}"#),
    ("# a\tb\na: b # c\td", #"{"a":"b"}"#),
  ]

  @Test(arguments: documents) func `a document is read as YAML 1.2 specifies`(text: String, tree: String) {
    #expect(read(text) == tree)
  }

  @Test func `an unquoted word has the type of the core schema`() throws {
    let words: [(String, String)] = [
      ("~ null Null NULL", "nothing"), ("true True TRUE false False FALSE", "true or false"),
      ("0 -0 +1 007 99999999999999999999999 0o17 0x1aF", "a whole number"),
      ("1. .5 -1.5 1e3 +1.e-3 .5E+7 .inf -.Inf +.INF .nan .NaN .NAN", "a number"),
      (
        "no on yes y nULL tRue 0o8 0o 0x -0x1 +0o7 1_000 1e 1e+ . + -. .e1 e1 -.nan .iNF 1:30 2024-01-01 0b1 1.2.3 inf",
        "text"
      ),
    ]
    for (line, kind) in words {
      for word in line.split(separator: " ") {
        #expect(try YAMLNode.read(String(word))?.value.kind == kind, "\(word)")
        #expect(try YAMLNode.read("'\(word)'")?.value.kind == "text", "\(word)")
      }
    }
  }

  @Test func `every node has its position in characters`() throws {
    let text = "\u{FEFF}é: [😀, {b:\n  c}]\r\nd:\n  - e\n  -\nf: # g"
    let tree = """
      mapping@1:1{text@1:1 1 é: list@1:4[text@1:5 1 😀;mapping@1:8{text@1:9 1 b: text@2:3 1 c;};];\
      text@3:1 1 d: list@4:3[text@4:5 1 e;empty;];text@6:1 1 f: empty;}
      """
    let node = try #require(try YAMLNode.read(text))
    #expect(node.told == tree)
    // What is empty stands behind its colon.
    guard case .mapping(let members) = node.value else { return }
    #expect(members.last?.value.place == YAMLPosition(line: 6, column: 3))
  }
}

@Suite struct RefusalTests {
  private static let documents: [(String, String)] = [
    // What is left out.
    ("a: &b c", "1:4: anchors (&)"), ("&a b: c", "1:1: anchors (&)"), ("[*a]", "1:2: aliases (*)"),
    ("a: !!str b", "1:4: tags (!)"),
    ("! a", "1:1: tags (!)"), ("<<: {a: b}", "1:1: merge keys (<<)"),
    ("a: |\n  b", "1:4: multi-line text (| and >)"),
    ("a: >-\n  b", "1:4: multi-line text"), ("? a\n: b", "1:1: keys with a ?"),
    ("a: ?b", "1:4: keys with a ?"),
    ("[a?]", "1:3: inside brackets, put text with a ? in quotes"),
    ("%YAML 1.2\n---\na: b", "1:1: directives (%)"),
    ("a: %b", "1:4: '%' is not allowed here"), ("a: @b", "1:4: '@' is not allowed here"),
    ("a: `b", "1:4: '`' is not allowed here"),
    // Documents.
    ("a\n---\nb", "2:1: found a document marker"), ("a: b\n...", "2:1: found a document marker"),
    ("---\n---\na", "2:1: found a document marker"),
    ("...\na", "1:1: found a document marker"), ("[a,\n--- b]", "2:1: found a document marker"),
    ("--- a", "1:5: only a comment may follow ---"),
    // Indentation.
    ("a:\n\tb: c", "2:1: tabs are not allowed"), ("a:\tb", "1:3: tabs are not allowed"),
    ("a: b\t", "1:5: tabs are not allowed"),
    ("a: \tb", "1:4: tabs are not allowed"), ("'a\tb'", "1:3: tabs are not allowed"),
    ("a b\tc", "1:4: tabs are not allowed"),
    ("a:\n  b: c\n d: e", "3:2: this line does not belong to any key or list above it"),
    ("a: b\n  c: d", "2:3: this line does not belong to any key"),
    (" a: b\nc: d", "2:1: this line does not belong to any key"),
    ("- a\nb: c", "2:1: this line does not belong to any key"),
    ("a: b\n- c", "2:1: a list with -"),
    ("a: - b", "1:4: a list with -"), ("a: -", "1:4: a list with -"), ("[- a]", "1:2: a list with -"),
    ("[-]", "1:2: a list with -"),
    ("a: [b,\nc]", "2:1: the bracket on line 1 is not closed"), ("- [a\n]", "2:1: the bracket on line 1"),
    // Text of several lines.
    ("a\nb", "2:1: this line does not belong to any key"),
    ("a: b\n  c", "2:3: this line does not belong to any key"),
    ("a: b\n\n  c\nd: e", "3:3: this line does not belong to any key"),
    ("- a\n - b", "2:2: this line does not belong to any key"), ("[a\nb]", "2:1: expected ',' or ']'"),
    ("a: 'b\n  c'", "1:4: the quote is not closed on its line"),
    ("a: \"b\\\n  c\"", "1:4: the quote is not closed"), ("\"a\nb\": c", "1:1: the quote is not closed"),
    ("'a", "1:1: the quote is not closed"),
    // Keys.
    ("a: b\na: c", "2:1: duplicate key 'a'"),
    ("{a: b, 'a': c}", "1:8: duplicate key 'a'"),
    ("\u{e9}: b\n\u{65}\u{301}: c", "2:1: duplicate key"),
    ("a: b: c", "1:5: there is a second key on this line"),
    ("a: b\nc", "2:1: expected 'key: value'"),
    ("a: b\nc:d", "2:1: expected 'key: value'"), ("{a}", "1:2: expected 'key: value'"),
    ("{a:b}", "1:2: expected 'key: value'"),
    ("{a\n: b}", "1:2: expected 'key: value'"), ("{a:[b]}", "1:2: expected 'key: value'"),
    ("{a:}", "1:2: expected 'key: value'"),
    ("1: a", "1:1: a key must be a word"), ("~: a", "1:1: a key must be a word"),
    ("{true: a}", "1:2: a key must be a word"),
    (#""\n": a"#, "1:1: a key must be a word"), ("{[a]: b}", "1:2: a key must be a word"),
    ("a: b\n[c]: d", "2:1: a key must be"),
    ("[a]: b", "1:4: a colon is not allowed here"), (#""a":b"#, "1:4: a colon is not allowed here"),
    (": a", "1:1: ':' is not allowed here"),
    (String(repeating: "k", count: 1_001) + ": a", "1:1: a key is longer than 1000 characters"),
    // Brackets.
    ("[a", "1:1: this bracket is not closed"), ("a: {b: [c]", "1:4: this bracket is not closed"),
    ("[a: b]", "1:3: a colon is not allowed here"),
    (#"["a":b]"#, "1:5: a colon is not allowed here"), ("[a] b", "1:5: the value ends here: only a comment"),
    ("[a]]", "1:4: the value ends here: only a comment"), ("[a}", "1:3: expected ','"),
    ("[,]", "1:2: ',' is not allowed here"), ("[a,,b]", "1:4: ',' is not allowed here"),
    ("{: a}", "1:2: ':' is not allowed here"), ("]", "1:1: ']' is not allowed"),
    ("['a'b]", "1:5: expected ','"), ("a: 'b' c", "1:8: the value ends here: only a comment"),
    // Comments.
    ("a: 'b'#c", "1:7: the value ends here: only a comment, with a space before it"),
    ("[a,#b\nc]", "1:4: a comment needs a space before it"),
    ("[a]#b", "1:4: the value ends here: only a comment, with a space before it"),
    // Characters.
    ("a\0b", "1:2: control characters are not allowed: found U+0000"),
    ("a: b\n\u{1b}[2J", "2:1: control characters"),
    ("a\rb", "1:2: control characters are not allowed: found U+000D"), ("a\r", "1:2: control"),
    ("# \u{85}", "1:3: control"),
    ("# \u{2028}", "1:3: control"),
    ("a\u{FEFF}", "1:2: control characters are not allowed: found U+FEFF"),
    ("\u{FEFF}\u{FEFF}a", "1:1: control"), ("a: \u{7f}", "1:4: control"), ("'\u{FFFF}'", "1:2: control"),
    (#""\ud800""#, "1:2: the escape is not valid Unicode"),
    (#""\ud83d\ude00""#, "1:2: the escape is not valid Unicode"),
    (#""\U00110000""#, "1:2: the escape is not valid"), (#""\xg0""#, #"1:2: \x needs 2 hexadecimal digits"#),
    (#""a\u12""#, #"1:3: \u needs 4"#),
    (#""\q""#, #"1:2: this \ does not begin a valid escape"#),
    (#"'a': "\'""#, #"1:7: this \ does not begin a valid escape"#),
  ]

  @Test(arguments: documents) func `unsupported YAML is refused with its position`(
    text: String, sentence: String
  ) {
    let found = read(text)
    #expect(found.hasPrefix(sentence), "\(text.debugDescription): \(found)")
  }

  @Test func `eight levels are read, and a ninth is refused`() throws {
    for (opening, closing) in [("[", "]"), ("- ", ""), ("{a: ", "}")] {
      let document = { (levels: Int) in
        String(repeating: opening, count: levels) + "x" + String(repeating: closing, count: levels)
      }
      #expect(try YAMLNode.read(document(7)) != nil)
      #expect(read(document(8)).hasSuffix("nested too deeply for a job file"))
    }
  }
}
