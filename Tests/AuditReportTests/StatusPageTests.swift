import AuditArchive
import AuditRecord
import AuditReport
import TestSupport
import Testing

@Suite(.fewAtOnce) struct StatusPageTests {
  /// Days of every kind: three covered, one missing, two covered; the last before the gap and the last of all may still change.
  private func write(_ writer: ArchiveWriter) async throws {
    try await ExampleArchive.commit(
      ["2024-02-10": 12, "2024-02-11": 0, "2024-02-12": 5], covered: [("2024-02-10", "2024-02-13")],
      at: "2024-02-13T00:10:00Z", to: writer)
    try await ExampleArchive.commit(
      ["2024-02-14": 40, "2024-02-15": 7], covered: [("2024-02-14", "2024-02-16")],
      at: "2024-02-16T00:10:00Z", to: writer)
  }

  private func page(
    _ folder: String, _ manifest: Manifest, now: String = "2024-02-17T08:00:00Z", days: Bool = false,
    _ style: TerminalStyle
  ) async throws -> String {
    let commits = try await Archive(at: folder, log: ExampleArchive.log).recentCommits(limit: 99)
    let now = ExampleArchive.at(now)
    return StatusPage(
      manifest: manifest, runs: RecentRun.runs(of: commits, isWhole: true),
      damaged: [], loss: nil, now: now, listsDays: days, style: style
    ).text
  }

  @Test func `every kind of day has its own sign, and the bars state the maximum`() async throws {
    try await ExampleArchive.with(write) { folder, manifest in
      let text = try await page(folder, manifest, TerminalStyle(isUnicode: true))
      #expect(
        text == """
          source           acme at https://api.cloudsmith.io
          start            2024-02-10T00:00:00.000000Z
          high-water mark  2024-02-13T00:00:00.000000Z  (4d 8h ago)
          coverage         2024-02-10T00:00:00.000000Z to 2024-02-13T00:00:00.000000Z
                           2024-02-14T00:00:00.000000Z to 2024-02-16T00:00:00.000000Z
          gaps             2024-02-13T00:00:00.000000Z to 2024-02-14T00:00:00.000000Z
          partitions       5 days (1 without events), 64 rows, 4 files, \(bytes(manifest)) bytes

                   1       5         10        15        20        25        30    events
          2024-02                    ■ · □ × ■ □ – –                                   64
                   ■ events   · no events   □ open: may still change
                   × gap: events may be missing   – not fetched yet

          events per day  2024-02-10 to 2024-02-15; maximum 40 on 2024-02-14
            40 ┤                ███
               │                ███
               │                ███
               │                ███
               │▆▆▆             ███
               │███     ▆▆▆     ███ ███
             0 └────────────×───────────
                02-10

          last runs  commit  at                         added    received  requests
                          2  2024-02-16T00:10:00Z          47          47         3
                          1  2024-02-13T00:10:00Z          17          17         3
          """)
    }
  }

  private func bytes(_ manifest: Manifest) -> String {
    manifest.partitions.flatMap(\.files).reduce(0) { $0 + $1.bytes }.grouped
  }

  @Test func `without a UTF-8 locale the same text is shown in ASCII`() async throws {
    try await ExampleArchive.with(write) { folder, manifest in
      let text = try await page(folder, manifest, TerminalStyle())
      let isASCII = text.utf8.allSatisfy { $0 < 0x80 }
      #expect(isASCII)
      #expect(text.contains("2024-02                    # . o x # o - -"))
      #expect(text.contains("# events   . no events   o open: may still change"))
    }
  }

  @Test func `days can be listed, with quiet days grouped`() async throws {
    try await ExampleArchive.with(write) { folder, manifest in
      let lines = try await page(folder, manifest, days: true, TerminalStyle()).split(separator: "\n")
      #expect(lines.suffix(6).first == "day         state    rev        rows       bytes")
      #expect(lines.last?.hasPrefix("2024-02-15  open       1           7") == true)
    }
  }

  @Test func `an abandoned archive does not show endless unfetched days`() async throws {
    try await ExampleArchive.with(write) { folder, manifest in
      let text = try await page(folder, manifest, now: "2026-02-14T08:00:00Z", TerminalStyle())
      #expect(text.contains("and 699 more days, not fetched yet"))
      let calendar = CoverageCalendar(manifest, now: ExampleArchive.at("2026-02-14T08:00:00Z"))
      #expect(calendar.days.count == 6 + 31 && calendar.count(.pending) == 31)
    }
  }

  @Test func `no line is wider than the terminal, and colour changes no text`() async throws {
    for seed in 1...3 {
      try await ExampleArchive.with { writer in
        var history = RandomHistory(seed: seed)
        for _ in 0..<(seed * 20) { _ = try await history.commit(to: writer) }
      } _: { folder, manifest in
        for width in [40, 57, 58, 79, 80, 81, 99, 120, 200] {
          let plain = TerminalStyle(width: width, isUnicode: true)
          let text = try await page(folder, manifest, now: "2024-07-01T00:00:00Z", plain)
          // The facts have the width that they have: an instant is not broken.
          let drawn = text.split(separator: "\n\n").dropFirst().dropLast().joined(separator: "\n\n")
          for line in drawn.split(separator: "\n") where !line.hasPrefix("events per day") {
            #expect(line.count <= width, "seed \(seed), width \(width): \(line)")
          }
          #expect(!text.contains("\u{1B}"))
          #expect(!text.split(separator: "\n").contains { $0.hasSuffix(" ") })
          var colored = plain
          colored.isColored = true
          let shown = try await page(folder, manifest, now: "2024-07-01T00:00:00Z", colored)
          #expect(shown.contains("\u{1B}[36m"))
          let stripped = shown.replacing(/\x{1B}\[[0-9;]*m/, with: "")
          #expect(
            stripped.split(separator: "\n").map { trimmed($0) }
              == text.split(separator: "\n").map { trimmed($0) })
        }
      }
    }
  }

  private func trimmed(_ line: Substring) -> String {
    String(line.reversed().drop { $0 == " " }.reversed())
  }

  @Test(arguments: [
    ([:], true, true), ([:], false, false),
    (["NO_COLOR": "1"], true, false), (["NO_COLOR": ""], true, true),
    (["TERM": "dumb"], true, false), (["CLOUDSMITH_FORCE_COLOR": "true"], false, true),
    (["CLOUDSMITH_FORCE_COLOR": "true", "NO_COLOR": "1"], false, false),
    (["CLOUDSMITH_COLOR": "always", "NO_COLOR": "1"], false, true),
    (["CLOUDSMITH_COLOR": "NEVER"], true, false), (["CLOUDSMITH_COLOR": "auto"], true, true),
  ])
  func `colour follows the rules of cloudsmith-cli`(
    environment: [String: String], isTerminal: Bool, isColored: Bool
  ) {
    let style = TerminalStyle(environment, isTerminal: isTerminal, columns: nil)
    #expect(style.isColored == isColored, "\(environment)")
  }

  @Test(
    arguments: [
      ([:], nil, 80), ([:], 132, 132), (["COLUMNS": "100"], 132, 100), (["COLUMNS": "many"], nil, 80),
      (["COLUMNS": "0"], nil, 80), (["COLUMNS": "3"], nil, 40), ([:], 10_000, 240),
    ] as [([String: String], Int?, Int)])
  func `the width is COLUMNS, else the terminal's, else 80`(
    environment: [String: String], columns: Int?, width: Int
  ) {
    #expect(TerminalStyle(environment, isTerminal: true, columns: columns).width == width)
  }

  @Test(arguments: [
    ([:], false), (["LANG": "C.UTF-8"], true), (["LANG": "de_DE.utf8"], true), (["LANG": "C"], false),
    (["LANG": "C.UTF-8", "LC_ALL": "C"], false), (["LANG": "C", "LC_CTYPE": "en_GB.UTF-8"], true),
    (["LC_ALL": "", "LANG": "C.UTF-8"], true), (["LANG": "en_US.ISO-8859-1"], false),
  ])
  func `only UTF-8 locales get characters beyond ASCII`(environment: [String: String], isUnicode: Bool) {
    #expect(
      TerminalStyle(environment, isTerminal: true, columns: nil).isUnicode == isUnicode, "\(environment)")
  }
}
