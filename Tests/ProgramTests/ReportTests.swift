import Foundation
import TestSupport
import Testing

/// `report`, from the archive to the page in a browser.
@Suite(.fewAtOnce) struct ReportTests {
  /// The content of a page, as `check-report.py` reads it.
  private struct Page {
    var cells: [String]
    var rows: [[String]]
    var marks: Int

    init(_ result: CommandOutcome) throws {
      #expect(result.status == 0, "\(result.log)")
      let json = try result.json
      cells = try #require(json["cells"] as? [String])
      rows = try #require(json["rows"] as? [[String]])
      marks = try #require(json["marks"] as? Int)
    }

    /// The second cell of the table row with this first cell.
    func count(_ name: String) -> String? { rows.first { $0.first == name }?.dropFirst().first }
  }

  private func with(_ body: (_ folder: String) throws -> Void) throws {
    try Folder.with { try body($0.path) }
  }

  private func report(_ archive: String, _ file: String, _ options: [String] = []) throws -> CommandOutcome {
    try Program.exporter.run(["report", "-q", "-o", "acme", "--archive", archive, "--html", file] + options)
  }

  private let sample = Repository.path("samples/archive")

  private static let chromium = "chromium-headless-shell"
  private static var hasBrowser: Bool { Python.exists && Shell.works("command -v \(chromium)") }

  @Test(.needsPython)
  func `the page of the sample is valid HTML and states what the archive holds`()
    throws
  {
    try with { folder in
      let file = folder + "/audit.html"
      let result = try report(sample, file)
      #expect(result.status == 0 && result.log.isEmpty, "\(result.log)")
      #expect(
        result.output.contains("events           17 on 4 days\nverification     no findings"),
        "\(result.output)")
      let page = try Page(Python.run("check-report.py", [file]))
      #expect(page.cells.contains("Audit log of acme"))
      #expect(
        page.count("2024-02-13") == "events"
          && page.rows.contains { $0.prefix(3) == ["2024-02-13", "events", "6"] })
      #expect(page.cells.contains("2 of 2") && page.cells.contains("17 of 17"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["audit.html"])
    }
  }

  @Test(.needsPython)
  func `a report of a window counts only its events, and says when nothing was verified`() throws {
    try with { folder in
      let file = folder + "/audit.html"
      let result = try report(
        sample, file,
        [
          "--from", "2024-02-12", "--to", "2024-02-13T12:00:00Z", "--skip-verification", "--output-format",
          "json",
        ])
      #expect(result.status == 0, "\(result.log)")
      let json = try result.json
      #expect(json["verification"] as? String == "skipped" && json["findings"] == nil)
      #expect(json["days"] as? Int == 2)
      let events = try #require(json["events"] as? Int)
      #expect(events > 0 && events < 17)
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(text.contains("<b>Not verified.</b>"))
      #expect(text.contains("Events from 2024-02-12 00:00 to 2024-02-13 12:00 UTC (exclusive)"))
      let page = try Page(Python.run("check-report.py", [file]))
      #expect(page.cells.contains("\(events)"))
      #expect(!page.rows.contains { $0.first == "2024-02-11" || $0.first == "2024-02-14" })
    }
  }

  @Test(.needsPython)
  func `damage is status 2, and the page is written without the damaged day and says so`() throws {
    try with { folder in
      let (archive, file) = (folder + "/archive", folder + "/audit.html")
      try FileManager.default.copyItem(atPath: sample, toPath: archive)
      let day = archive + "/csv/organization=acme/event_date=2024-02-12/"
      let part = day + (try #require(try FileManager.default.contentsOfDirectory(atPath: day).first))
      var bytes = try Data(contentsOf: URL(filePath: part))
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: URL(filePath: part))
      let result = try report(archive, file)
      #expect(result.status == 2 && result.log.contains("the report says where"), "\(result.log)")
      #expect(result.output.contains("not counted      2024-02-12: "), "\(result.output)")
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(text.contains("<b>Damaged.</b>") && text.contains("class=\"damaged\""))
      #expect(text.contains("<b>1 day is not counted</b>"))
      _ = try Page(Python.run("check-report.py", [file]))
      // Without verification, too, altered files are not counted.
      #expect(try report(archive, file, ["--skip-verification"]).status == 2)
    }
  }

  @Test(.needsPython)
  func `an unreadable commit record is reported, and the page shows everything else`() throws {
    try with { folder in
      let (archive, file) = (folder + "/archive", folder + "/audit.html")
      try FileManager.default.copyItem(atPath: sample, toPath: archive)
      try Data("{".utf8).write(
        to: URL(filePath: archive + "/_manifest/acme/commits/00000000000000000002.json"))
      let result = try report(archive, file)
      #expect(result.status == 2 && result.output.contains("events           17 on 4 days"), "\(result.log)")
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(text.contains("<b>Damaged.</b>") && text.contains("00000000000000000002.json"))
      _ = try Page(Python.run("check-report.py", [file]))
    }
  }

  @Test(arguments: [
    "csv/x.html", "csv/organization=acme/x.html", "_manifest/x.html", "_manifest/acme/x.html",
  ])
  func `the page is never written into the archive's own folders`(place: String) throws {
    try with { folder in
      let archive = folder + "/archive"
      try FileManager.default.copyItem(atPath: sample, toPath: archive)
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/link", withDestinationPath: archive + "/" + place.dropLast("/x.html".count))
      for file in ["\(archive)/\(place)", "\(archive)/csv/../\(place)", "\(folder)/link/x.html"] {
        let result = try report(archive, file)
        #expect(
          result.status == 64 && result.log.contains("which may contain only files of the archive"),
          "\(result.log)")
      }
      #expect(try Program.exporter.run(["verify", "-o", "acme", "--archive", archive]).status == 0)
      // Beside them it may stand.
      #expect(try report(archive, archive + "/report.html").status == 0)
      #expect(try Program.exporter.run(["verify", "-o", "acme", "--archive", archive]).status == 0)
    }
  }

  @Test func `a page that cannot be written leaves the existing file unchanged`() throws {
    try with { folder in
      let file = folder + "/audit.html"
      try "before".write(toFile: file, atomically: true, encoding: .utf8)
      // A limit on the file size simulates a full disk.
      let full = try Shell.run(
        "trap '' XFSZ; ulimit -f 4; exec \"$@\"",
        ["report", "-q", "-o", "acme", "--archive", sample, "--html", file])
      #expect(full.status == 74 && full.log.contains("The previous file is unchanged"), "\(full.log)")
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "before")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["audit.html"])
      #expect(try report(sample, folder).status == 64)
      #expect(try report(sample, folder + "/nowhere/audit.html").status == 74)
      #expect(try report(folder, file).status == 10)
      #expect(try Program.exporter.run(["report", "-o", "acme", "--archive", sample]).status == 64)
      #expect(try report(sample, file, ["--from", "2024-02-12", "--to", "2024-02-12"]).status == 64)
    }
  }

  /// Hostile text for every text field of a record.
  private static let hostile = [
    "</svg><script>alert(1)</script>", "</style><style>*{display:none}</style>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)", "<base href='http://evil.example/'>", "]]><!-- --><svg/onload=alert(1)>",
    "&lt;b&gt;",
    "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "<link rel=stylesheet href=http://evil.example/>",
    "\u{202E}gnp.exe", "\u{1B}[31m\u{07}", "line\u{2028}end", "\u{FEFF}\u{200B}", "\u{E0041}", "ערב אבגד", "",
    "  ", "a\nb",
    "e" + String(repeating: "\u{301}", count: 300), String(repeating: "x", count: 1 << 20),
  ]

  private func hostileArchive(_ folder: String, _ body: (_ archive: String) throws -> Void) throws {
    let time = Date(timeIntervalSinceNow: -5 * 86_400)
    let records = Self.hostile.enumerated().flatMap { index, text -> [[String: Any]] in
      let short = String(text.prefix(200))
      let fields = [
        "actor_kind", "actor_slug_perm", "actor_url", "actor_ip_address", "context", "object", "object_kind",
        "object_slug_perm", "target", "target_kind", "target_slug_perm", "unknown \(short)",
      ]
      var record: [String: Any] = Dictionary(uniqueKeysWithValues: fields.map { ($0, short) })
      record["actor"] = text
      record["event"] = text
      record["actor_location"] = ["country": text, "city": short, "country_code": short]
      record["event_at"] = time.addingTimeInterval(Double(-index * 3_600)).formatted(.iso8601)
      return (0...(Self.hostile.count - index) % 12).map { copy in
        record["uuid"] = "u\(index)-\(copy)"
        return record
      }
    }
    let events = folder + "/events.json"
    try JSONSerialization.data(withJSONObject: records).write(to: URL(filePath: events))
    try Bench.with(["--events", events]) { bench in
      let from = Past.time(daysAgo: 9)
      let result = try bench.export(["--backfill-start-time", from])
      #expect(result.status == 0, "\(result.log)")
      try body(bench.archive)
    }
  }

  @Test(.needsPython)
  func `hostile text in every field is shown as text`() throws {
    try with { folder in
      try hostileArchive(folder) { archive in
        let file = folder + "/audit.html"
        #expect(try report(archive, file).status == 0)
        let size = try Data(contentsOf: URL(filePath: file)).count
        #expect(size < 200_000, "values of a megabyte are cut, and the page has \(size) bytes")
        let page = try Page(Python.run("check-report.py", [file]))
        for text in [
          "</style><style>*{display:none}</style>", "&lt;b&gt;", "⟨U+202E⟩gnp.exe", "ערב אבגד", "\"\"",
        ]
        where !page.cells.contains(text) {
          // Twelve of twenty are shown, in all three rankings the same.
          #expect(!page.cells.contains { $0.contains(text) })
        }
        #expect(
          page.cells.filter { $0.hasPrefix("⟨U+") || $0.hasPrefix("<") || $0.hasPrefix("\"") }.count >= 12)
      }
    }
  }

  @Test(
    .enabled(
      if: hasBrowser, "needs chromium-headless-shell and CLOUDSMITH_TEST_PYTHON; Scripts/test sets both up"))
  func
    `a browser shows the page unchanged, loads nothing else, and reports no policy violation`()
    throws
  {
    try with { folder in
      try hostileArchive(folder) { archive in
        let file = folder + "/audit.html"
        #expect(try report(archive, file).status == 0)
        func dump(_ page: String, log: String) throws -> CommandOutcome {
          try Shell.run(
            """
            cd '\(folder)' && exec \(Self.chromium) --no-sandbox --disable-gpu --user-data-dir='\(folder)/profile' \
            --disable-background-networking --log-net-log='\(folder)/\(log)' --net-log-capture-mode=Everything \
            --enable-logging=stderr --virtual-time-budget=2000 --dump-dom 'file://\(page)'
            """)
        }
        // A page that breaks the policy shows that the browser reports violations.
        let other = folder + "/other.html"
        try "<img src='http://127.0.0.1:9/x.png'><script>console.log('heard')</script>"
          .write(toFile: other, atomically: true, encoding: .utf8)
        #expect(try dump(other, log: "other.json").log.contains("CONSOLE"))
        #expect(
          try String(contentsOfFile: folder + "/other.json", encoding: .utf8).contains("127.0.0.1:9/x.png"))

        let dump = try dump(file, log: "net.json")
        #expect(dump.status == 0, "\(dump.log)")
        #expect(!dump.log.contains("CONSOLE") && !dump.log.contains("Content Security Policy"), "\(dump.log)")
        let written = try Page(Python.run("check-report.py", [file, folder + "/net.json"]))
        let seen = folder + "/seen.html"
        try dump.output.write(toFile: seen, atomically: true, encoding: .utf8)
        let shown = try Page(Python.run("check-report.py", [seen]))
        #expect(shown.cells == written.cells && shown.marks == written.marks)
      }
    }
  }

  @Test(
    .enabled(
      if: hasBrowser, "needs chromium-headless-shell and CLOUDSMITH_TEST_PYTHON; Scripts/test sets both up"),
    arguments: [320, 420, 1200])
  func `no part of the page overflows even a narrow screen`(width: Int) throws {
    try with { folder in
      try hostileArchive(folder) { archive in
        #expect(try report(archive, folder + "/audit.html").status == 0)
        let frame = folder + "/frame.html"
        try """
        <iframe src="audit.html" width="\(width)" height="900" onload="
          const page = this.contentDocument;
          for (const part of page.querySelectorAll('details')) part.open = true;
          document.title = page.documentElement.scrollWidth - page.documentElement.clientWidth"></iframe>
        """.write(toFile: frame, atomically: true, encoding: .utf8)
        let dump = try Shell.run(
          """
          cd '\(folder)' && exec \(Self.chromium) --no-sandbox --disable-gpu --user-data-dir='\(folder)/profile' \
          --allow-file-access-from-files --window-size=1400,1000 --virtual-time-budget=2000 --dump-dom 'file://\(frame)'
          """)
        #expect(dump.output.contains("<title>0</title>"), "\(dump.output.prefix(200))")
      }
    }
  }

  @Test(
    .enabled(
      if: hasBrowser, "needs chromium-headless-shell and CLOUDSMITH_TEST_PYTHON; Scripts/test sets both up"))
  func `light and dark mode render differently, and neither is blank`() throws {
    try with { folder in
      try Bench.with(["--generate", "3000", "--from", "2024-01-01", "--to", "2025-01-01"]) { bench in
        let result = try bench.export([
          "--from", "2024-01-01", "--to", "2025-01-01", "--retention", "3650d", "--page-size", "500",
        ])
        #expect(result.status == 0, "\(result.log)")
        let file = folder + "/audit.html"
        #expect(try report(bench.archive, file).status == 0)
        _ = try Page(Python.run("check-report.py", [file]))
        var pictures: [Data] = []
        for scheme in [0, 1] {
          let shot = try Shell.run(
            """
            cd '\(folder)' && exec \(Self.chromium) --no-sandbox --disable-gpu --hide-scrollbars \
            --user-data-dir='\(folder)/profile' --blink-settings=preferredColorScheme=\(scheme) \
            --window-size=1060,1800 --screenshot='\(folder)/\(scheme).png' 'file://\(file)'
            """)
          #expect(shot.status == 0, "\(shot.log)")
          pictures.append(try Data(contentsOf: URL(filePath: "\(folder)/\(scheme).png")))
        }
        // A blank picture of this size has some 10 KB.
        #expect(pictures.allSatisfy { $0.count > 60_000 } && Set(pictures).count == 2)
      }
    }
  }
}
