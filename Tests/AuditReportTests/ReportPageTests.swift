import AuditArchive
import AuditRecord
import AuditReport
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct ReportPageTests {
  private func html(
    _ cells: [[String: String]], verification: ReportContent.Verification = .skipped, limit: Int = 1 << 15
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

  @Test func `no text of anybody's becomes markup`() async throws {
    let hostile = "</svg></style><script>alert('1')</script>\"&amp;"
    let page = try await html(
      [["event": hostile, "actor": hostile, "actor_location_country": hostile]],
      verification: .damaged(
        checked: [], findings: [(kind: "stray", path: "csv/" + hostile, sentence: hostile)]))
    #expect(!page.contains("<script") && !page.contains("alert('"))
    #expect(page.components(separatedBy: "</style>").count == 2)
    let escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/"
    #expect(page.components(separatedBy: escaped).count == 1 + 5)
    #expect(page.contains("&quot;&amp;amp;"))
  }

  @Test func `what it says of the verification is what was done`() async throws {
    let skipped = try await html([])
    #expect(skipped.contains("<b>Not verified.</b>"))
    let sound = try await html([], verification: .sound(checked: []))
    #expect(sound.contains("<b>Verified.</b>"))
    let damaged = try await html(
      [],
      verification: .damaged(
        checked: [],
        findings: (0..<150).map { (kind: "missing", path: "path \($0)", sentence: "is not there") }))
    #expect(damaged.contains("<b>Damaged.</b> The verification has 150 findings"))
    #expect(damaged.contains("path 99<") && !damaged.contains("path 100<") && damaged.contains("And 50 more"))
  }

  @Test func `counts that are not exact are told so`() async throws {
    let cells = (0..<500).map { ["actor": "actor \($0)", "event": "action.login"] }
    let page = try await html(cells, limit: 100)
    #expect(page.contains("The 12 most frequent of more than 100."))
    #expect(page.contains("a count is the least that it can be"))
    #expect(page.contains(">over 100<"))
    let exact = try await html(cells)
    #expect(!exact.contains("the least that it can be"))
  }

  @Test func `the same content makes the same page`() async throws {
    let cells = (0..<300).map { ["actor": "actor \($0 % 70)"] }
    let (one, other) = (try await html(cells), try await html(cells.reversed()))
    #expect(one == other)
  }
}
