import CloudsmithAPI
import Testing

struct CredentialTests {
  @Test func `a key is redacted however it is printed`() throws {
    struct Holder { var key: APIKey }
    for value in [Sample.key as Any, Holder(key: Sample.key), [Sample.key], Optional(Sample.key) as Any] {
      let text = Sample.everyText(of: value)
      #expect(text.contains("[redacted]"))
      #expect(!text.contains(Sample.keyText))
    }
    #expect(Array(Mirror(reflecting: Sample.key).children).isEmpty)
  }

  @Test(arguments: ["\n", " \r\n", "\t", "\u{00a0}"])
  func `white space around a key is removed`(space: String) throws {
    #expect(try APIKey(space + Sample.keyText + space) == Sample.key)
  }

  @Test(
    arguments: [
      ("", .empty), (" \n", .empty), ("a b", .containsWhiteSpace), ("a\nb", .containsWhiteSpace),
      ("a\r\nX-Other: b", .containsWhiteSpace), ("a\u{0}b", .containsControlCharacter),
      ("a\u{7f}b", .containsControlCharacter), ("a\u{1b}b", .containsControlCharacter), ("kéy", .notASCII),
    ] as [(String, APIKeyError)])
  func `text that cannot be a key is refused with a reason that does not repeat it`(
    text: String, error: APIKeyError
  ) {
    #expect(throws: error) { try APIKey(text) }
  }

  @Test(
    arguments: [
      ("\"k\"", .quotes), ("'k'", .quotes), ("k'", .quotes), ("‘k’", .quotes), ("\u{FEFF}k", .byteOrderMark),
      ("API_KEY=k", .label("API_KEY=")), ("export A_KEY=\"k\"", .label("export A_KEY=")),
      ("key: k", .label("key:")),
      ("token=k", .label("token=")), ("Authorization: Bearer k", .label("Authorization:")),
      ("token k", .label("token ")),
      ("$KEY", .notExpanded), ("${KEY}", .notExpanded), ("$(cat k)", .notExpanded),
    ] as [(String, APIKeyError)])
  func `text copied along with a key is named in the error`(text: String, error: APIKeyError) {
    #expect(throws: error) { try APIKey(text) }
  }

  @Test(arguments: [
    "abc=", "A_B==", "aGVsbG8=", "k-123", "a.b-c_d", "KEY", "eyJh.eyJi.c_-", "$1a", "a$b", "token",
  ])
  func `a key of any other form is accepted`(text: String) throws {
    #expect(throws: Never.self) { try APIKey(text) }
  }

  @Test func `sections are separate, and each entry knows its line`() {
    let file = INIFile(
      """
      \u{feff}# keys
      [default]
      api_key = "one"
      ; a comment
      [profile:work]
      api_key: 'two'
      [profile:empty]
      api_key =
      [profile:other]
      API_KEY = three
      """)
    #expect(file.entry("api_key", in: "default") == INIFile.Entry(text: "one", line: 3))
    #expect(file.entry("api_key", in: "profile:work") == INIFile.Entry(text: "two", line: 6))
    #expect(file.entry("api_key", in: "profile:empty") == nil)
    #expect(file.entry("api_key", in: "profile:other") == nil)
    #expect(file.entry("api_key", in: "profile:none") == nil)
  }

  @Test(arguments: [
    "", "[default]", "api_key = x", "[default]\napi_key = \"\"", "[other]\napi_key = x", "[\n=\n]",
  ])
  func `a file without a key has none`(text: String) {
    #expect(INIFile(text).entry("api_key", in: "default") == nil)
  }

  @Test(arguments: [("k=v", "k=v"), (" 'x' ", "x"), ("\"x", "\"x"), ("'a\"", "'a\""), ("a # b", "a # b")])
  func `a value is the text after the first separator, without quotes`(written: String, read: String) {
    #expect(INIFile("[default]\r\napi_key=\(written)\r\n").entry("api_key", in: "default")?.text == read)
  }

  @Test func `the contents of a key file are redacted when printed`() {
    let text = Sample.everyText(of: INIFile("[default]\napi_key = \(Sample.keyText)"))
    #expect(!text.contains(Sample.keyText))
  }
}
