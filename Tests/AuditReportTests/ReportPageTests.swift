import AuditArchive
import AuditRecord
import AuditReport
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct ReportPageTests {
  private func html(
    _ cells: [[TextColumn: String]], verification: ReportContent.Verification = .skipped, limit: Int = 1 << 15
  ) async throws -> String {
    var html = ""
    try await ExampleArchive.with { writer in
      try await ExampleArchive.commit(
        ["2024-02-12": 3], covered: [("2024-02-12", "2024-02-13")], at: "2024-02-13T00:10:00Z", to: writer)
    } _: { _, manifest in
      let day = Day("2024-02-12")!
      var tally = EventTally(window: Window(from: .earliest, to: .latest), limit: limit)
      tally.add(ExampleArchive.rows(cells.map { (day.start, $0) }), of: day)
      html =
        ReportPage(
          ReportContent(
            manifest: manifest, window: nil, tally: tally, unread: [], verification: verification, runs: [],
            loss: nil, now: ExampleArchive.at("2024-02-13T08:00:00Z"), maker: "test 1.0.0")
        ).html
    }
    return html
  }

  @Test func `no text from the archive becomes markup`() async throws {
    let hostile = "</svg></style><script>alert('1')</script>\"&amp;"
    let page = try await html(
      [[.event: hostile, .actor: hostile, .actorLocationCountry: hostile]],
      verification: .damaged(
        checked: [], findings: [(kind: "stray", path: "csv/" + hostile, sentence: hostile)]))
    #expect(!page.contains("<script") && !page.contains("alert('"))
    #expect(page.components(separatedBy: "</style>").count == 2)
    let escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/"
    #expect(page.components(separatedBy: escaped).count == 1 + 5)
    #expect(page.contains("&quot;&amp;amp;"))
  }

  @Test func `the page states whether and how the archive was verified`() async throws {
    let skipped = try await html([])
    #expect(skipped.contains("<b>Not verified.</b>"))
    let sound = try await html([], verification: .sound(checked: []))
    #expect(sound.contains("<b>Verified.</b>"))
    let damaged = try await html(
      [],
      verification: .damaged(
        checked: [],
        findings: (0..<150).map { (kind: "missing", path: "path \($0)", sentence: "is missing") }))
    #expect(damaged.contains("<b>Damaged.</b> The verification has 150 findings"))
    #expect(damaged.contains("path 99<") && !damaged.contains("path 100<") && damaged.contains("And 50 more"))
  }

  @Test func `the page marks counts that are not exact`() async throws {
    let cells: [[TextColumn: String]] = (0..<500).map { [.actor: "actor \($0)", .event: "action.login"] }
    let page = try await html(cells, limit: 100)
    #expect(page.contains("The 12 most frequent of more than 100."))
    #expect(page.contains("Each count may be too low by up to "))
    #expect(page.contains(">over 100<"))
    let exact = try await html(cells)
    #expect(!exact.contains("may be too low"))
  }

  @Test func `the same content makes the same page`() async throws {
    let cells: [[TextColumn: String]] = (0..<300).map { [.actor: "actor \($0 % 70)"] }
    let (one, other) = (try await html(cells), try await html(cells.reversed()))
    #expect(one == other)
  }
}

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
  func `invisible and text-moving characters are written out`(text: String, shown: String) {
    #expect(
      VisibleText.of(text).unicodeScalars.elementsEqual(shown.unicodeScalars), "\(VisibleText.of(text))")
  }

  @Test func `a long text is cut, whatever characters it has`() {
    #expect(VisibleText.of(String(repeating: "x", count: 1 << 20), limit: 5) == "xxxxx…")
    #expect(VisibleText.of("xxxxx", limit: 5) == "xxxxx")
    #expect(VisibleText.of(String(repeating: "\u{301}", count: 1 << 20), limit: 9).unicodeScalars.count < 90)
  }
}
