import AuditReport
import TestSupport
import Testing

@Suite(.fewAtOnce) struct VisibleTextTests {
  @Test(arguments: [
    ("plain text, 大阪市, São Paulo, ערב", "plain text, 大阪市, São Paulo, ערב"),
    ("a\nb\tc\u{0}", "a⟨U+000A⟩b⟨U+0009⟩c⟨U+0000⟩"),
    ("\u{1B}[31mred", "⟨U+001B⟩[31mred"),
    ("\u{202E}gnp.exe\u{2066}", "⟨U+202E⟩gnp.exe⟨U+2066⟩"),
    ("zero\u{200B}width\u{FEFF}", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
    ("\u{E0041}tag", "⟨U+E0041⟩tag"),
    ("line\u{2028}end\u{2029}", "line⟨U+2028⟩end⟨U+2029⟩"),
    ("no\u{A0}break", "no⟨U+00A0⟩break"),
    ("\u{7F}\u{85}\u{FFFE}\u{E000}", "⟨U+007F⟩⟨U+0085⟩⟨U+FFFE⟩⟨U+E000⟩"),
    ("\u{3164}filler", "⟨U+3164⟩filler"),
    ("e\u{301}e\u{301}\u{302}\u{303}\u{304}", "e\u{301}e\u{301}\u{302}\u{303}⟨U+0304⟩"),
    ("", ""),
  ])
  func `what cannot be seen, or moves what stands beside it, is written out`(text: String, shown: String) {
    #expect(
      VisibleText.of(text).unicodeScalars.elementsEqual(shown.unicodeScalars), "\(VisibleText.of(text))")
  }

  @Test func `a long text is cut, whatever its characters`() {
    #expect(VisibleText.of(String(repeating: "x", count: 1 << 20), limit: 5) == "xxxxx…")
    #expect(VisibleText.of("xxxxx", limit: 5) == "xxxxx")
    #expect(VisibleText.of(String(repeating: "\u{301}", count: 1 << 20), limit: 9).unicodeScalars.count < 90)
  }
}
