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

  @Test(arguments: documents) func `a document is read as YAML 1.2 has it`(text: String, tree: String) {
    #expect(read(text) == tree)
  }

  @Test func `a word without quotes is what the core schema says`() throws {
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

  @Test func `everything knows its place, in characters`() throws {
    let text = "\u{FEFF}é: [😀, {b:\n  c}]\r\nd:\n  - e\n  -\nf: # g"
    let tree = """
      mapping@1:1{text@1:1 1 é: list@1:4[text@1:5 1 😀;mapping@1:8{text@1:9 1 b: text@2:3 1 c;};];\
      text@3:1 1 d: list@4:3[text@4:5 1 e;empty;];text@6:1 1 f: empty;}
      """
    let node = try #require(try YAMLNode.read(text))
    #expect(node.told == tree)
    // What is empty stands behind its colon.
    guard case .mapping(let members) = node.value else { return }
    #expect(members.last?.value.place == YAMLPlace(line: 6, column: 3))
  }
}
