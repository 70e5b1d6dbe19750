import AuditRecord
import Testing

@Suite struct JSONTreeTests {
  private func tree(_ text: String) throws -> JSONTree { try JSONTree(Array(text.utf8)) }

  @Test func `values are read as they stand`() throws {
    #expect(
      try tree(#" {"a":[1,-2.50e3,true,null],"b":{"c":"x\/\u00e4\ud83d\ude00\n"}} "#)
        == .object([
          "a": .array([.scalar("1"), .scalar("-2.50e3"), .scalar("true"), .scalar("null")]),
          "b": .object(["c": .string("x/ä😀\n")]),
        ]))
    #expect(try tree("[]") == .array([]) && tree("{}") == .object([:]) && tree("\"\"") == .string(""))
  }

  @Test func `a member that is there twice is refused, however its name is written and wherever it stands`() {
    for text in [
      #"{"a":1,"a":1}"#, #"{"partitions":[],"x":0,"part\u0069tions":[]}"#, #"[{"b":{"c":1,"d":2,"c":3}}]"#,
    ] {
      #expect(throws: JSONTreeError.self) { try tree(text) }
    }
    #expect(throws: JSONTreeError.twice(member: "c")) { try tree(#"[{"b":{"c":1,"d":2,"c":3}}]"#) }
    #expect(throws: Never.self) { try tree(#"[{"c":1},{"c":1}]"#) }
  }

  @Test func `what is not JSON in UTF-8 is refused, with the reason and the place`() {
    let cases: [([UInt8], JSONTreeError)] = [
      ([0xEF, 0xBB, 0xBF] + Array("{}".utf8), .text(.byteOrderMark, at: 0)),
      (Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8), .text(.invalidUTF8, at: 6)),
      (Array("{} {}".utf8), .text(.trailingBytes, at: 3)),
      (Array("{\"a\":1".utf8), .text(.unexpectedEnd, at: 6)),
      ([], .text(.unexpectedEnd, at: 0)),
      ([UInt8](repeating: 0, count: 64), .text(.unexpectedByte, at: 0)),
      (Array("[01]".utf8), .text(.invalidNumber, at: 1)),
      ([UInt8](repeating: UInt8(ascii: "["), count: 100_000), .text(.tooDeep, at: 16)),
    ]
    for (bytes, error) in cases {
      #expect(throws: error) { try JSONTree(bytes) }
    }
  }

  @Test func `a value that says nothing is told from one that does`() throws {
    for text in ["null", "0", "false", "[]", "{}", #"{"a":0,"b":[]}"#] {
      #expect(try tree(text).saysNothing, "\(text)")
    }
    for text in ["1", "true", "\"\"", "[0]", #"{"a":0,"b":1}"#] {
      #expect(try !tree(text).saysNothing, "\(text)")
    }
  }
}
