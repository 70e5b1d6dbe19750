import AuditRecord
import CloudsmithEmulator
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `The program` {
  static let february = ["--generate", "120", "--seed", "7", "--from", "2024-02-01", "--to", "2024-03-01"]

  /// Runs the emulator on a free port while `body` does, and ends it with a signal.
  ///
  /// - Returns: its exit status.
  @discardableResult
  private func serve(
    _ arguments: [String], endedBy signal: Int32 = SIGTERM, _ body: (_ port: Int) async throws -> Void
  ) async throws -> Int32 {
    let emulator = try Program.emulator.start(["--port", "0"] + arguments)
    let url = try #require(emulator.line(beginning: "listening on "), "the emulator did not start")
    let port = try #require(url.split(separator: ":").last.flatMap { Int($0) })
    #expect(url == "http://127.0.0.1:\(port)")
    try await body(port)
    emulator.signal(signal)
    return emulator.wait().status
  }

  @Test(arguments: [SIGTERM, SIGINT]) func `the program prints its address, serves, and exits in order`(
    signal: Int32
  ) async throws {
    let status = try await serve(Self.february, endedBy: signal) { port in
      let answer = await RawConnection.exchange(port: port, requestText())
      #expect(answer.text.contains("\r\nX-Pagination-Count: 120\r\n"))
    }
    #expect(status == 0)
  }

  @Test func `a port in use by another program is reported as such`() async throws {
    try await serve(Self.february) { port in
      let outcome = try Program.emulator.run(Self.february + ["--port", "\(port)"])
      #expect(outcome.status == 1)
      #expect(
        outcome.log.hasPrefix(
          "Error: Cannot listen on 127.0.0.1, port \(port): Address already in use. Pass another port"),
        "\(outcome.log)")
    }
  }

  @Test func `the events printed are the events served`() async throws {
    let folder = try Folder.make()
    defer { folder.remove() }
    let file = folder.path + "/events.json"
    let outcome = try Program.emulator.run(Self.february + ["--print-events", file])
    #expect(outcome.status == 0)
    let printed = try String(contentsOfFile: file, encoding: .utf8)
    #expect(try records(Array(printed.utf8)).count == 120)
    try await serve(Self.february) { port in
      let page = await RawConnection.exchange(port: port, requestText("/audit-log/acme/?page_size=500"))
      #expect(page.body == printed)
      let truth = await RawConnection.exchange(port: port, requestText("/emulator/truth/acme/"))
      #expect(truth.body == printed)
    }
  }

  @Test func `the truth written at the end includes events that arrived meanwhile`() async throws {
    let folder = try Folder.make()
    defer { folder.remove() }
    let file = folder.path + "/truth.json"
    let status = try await serve(Self.february + ["--grow", "5", "--write-truth", file]) {
      port in
      for _ in 0..<3 { _ = await RawConnection.exchange(port: port, requestText()) }
    }
    #expect(status == 0)
    #expect(try records(Array(Data(contentsOf: URL(filePath: file)))).count == 135)
  }

  @Test func `the samples are served under the organization and its repository`() async throws {
    let pages = (1...3).map { Repository.path("samples/pages/page-\($0).json") }
    let arguments =
      ["--events"] + pages + ["--organization", "acme", "--organization", "other", "--repository", "tools"]
    try await serve(arguments) { port in
      for path in ["/audit-log/acme/", "/audit-log/other/", "/v1/audit-log/acme/tools/"] {
        let answer = await RawConnection.exchange(port: port, requestText(path))
        let count = try records(Array(answer.body.utf8)).count
        #expect(count == 14)
      }
    }
  }

  @Test(arguments: [
    (["--plan-without-audit-log"], 402), (["--forbidden"], 403), (["--rate-limit", "0"], 200),
    (["--api-key", "x"], 401),
    (["--fail-every", "1", "--fail-status", "504"], 504), (["--redirect-to", "http://127.0.0.1:1"], 302),
    (["--time-filter", "rejected"], 400), (["--organization", "else"], 404),
  ]) func `each option has its effect`(options: [String], status: Int) async throws {
    try await serve(options) { port in
      let target = "/audit-log/acme/?query=event_at:%3E2024-01-01"
      let answer = await RawConnection.exchange(port: port, requestText(target))
      #expect(answer.text.hasPrefix("HTTP/1.1 \(status) "))
    }
  }

  @Test(arguments: [
    ("--invalid-json-every=1", 1, "[{\"", false), ("--object-every=1", 1, "{\"results\":[{", true),
    ("--invalid-utf8-every=1", 1, "[{\"\u{FFFD}", false), ("--gzip-bomb-every=1", 1, "\u{1F}", false),
    ("--retain=1d", 1, "[]", true), ("--empty-past-end", 99, "[]", true), ("--shuffle-ties", 1, "[{", true),
  ]) func `each option for a page has its effect`(option: String, page: Int, start: String, isJSON: Bool)
    async throws
  {
    try await serve(Self.february + [option]) { port in
      let answer = await RawConnection.exchange(port: port, requestText("/audit-log/acme/?page=\(page)"))
      #expect(answer.text.hasPrefix("HTTP/1.1 200 "))
      #expect(answer.body.hasPrefix(start), "\(answer.body.prefix(40))")
      #expect(JSONSerialization.isValid(answer.body) == isJSON)
    }
  }

  @Test(arguments: [
    (["--empty-list", "1", "--empty-fields", "zero"], 1, 200, "Count: 0"),
    (["--empty-list", "2+1"], 1, 200, "Count: 120"), (["--replica-lag", "7"], 1, 200, "Count: 120"),
    (["--replica-lag", "7", "--replica-order", "1"], 1, 200, "Count: 113"),
    (["--replica-lag", "7", "--replica-order", "1", "--replica-shared-count"], 1, 200, "Count: 120"),
    (["--thin-every", "3"], 1, 200, "Count: 40"), (["--thin-actor", "nobody"], 1, 200, "Server"),
    (["--cut-list", "50"], 1, 200, "Count: 50"),
    (["--count-cap", "100"], 1, 200, "Count: 100"),
    (["--count-cap", "100", "--refuse-pages", "400"], 5, 400, "detail"),
    (["--count-cap", "60", "--count-cap-shows-more"], 3, 200, "PageTotal: 2"),
    (["--deep-page-limit", "2", "--refuse-pages", "422"], 3, 422, "detail"),
    (["--deep-place-limit", "60", "--refuse-pages", "empty"], 3, 200, "[]"),
    (["--odd-page", "2", "--refuse-pages", "500"], 2, 500, "detail"),
    (["--short-page", "2", "--short-page-missing", "30"], 2, 200, "[{"),
    (["--erase", "1"], 1, 200, "Count: 119"), (["--grow", "3", "--cached-count", "0"], 1, 200, "Count: 123"),
    (["--repeat-after", "1", "--repeat-count=-7", "--repeat-counted"], 1, 200, "Count: 113"),
    (["--date-ahead", "2h", "--date-age", "90s"], 1, 200, "Age: 90"),
    (["--date-step", "1:-1h", "--date-step", "2:5m"], 1, 200, "Date: "),
    (["--move", "1", "--stray", "3:90"], 1, 200, "Count: 120"),
  ]) func `each option for a list has its effect`(options: [String], page: Int, status: Int, text: String)
    async throws
  {
    try await serve(Self.february + options) { port in
      let answer = await RawConnection.exchange(port: port, requestText("/audit-log/acme/?page=\(page)"))
      #expect(answer.text.hasPrefix("HTTP/1.1 \(status) "))
      #expect(answer.text.contains(text), "\(answer.text.prefix(600))")
    }
  }

  @Test func `--pagination-absent omits the pagination fields`() async throws {
    try await serve(Self.february + ["--pagination-absent"]) { port in
      #expect(await !RawConnection.exchange(port: port, requestText()).text.contains("X-Pagination"))
    }
  }

  @Test func `--filter-clock gives the filter another clock`() async throws {
    let target = "/audit-log/acme/?query=event_at:%3C2024-03-01"
    for (options, isWhole) in [([], true), (["--filter-clock", "1000d"], false)] {
      try await serve(Self.february + options) { port in
        let answer = await RawConnection.exchange(port: port, requestText(target))
        #expect(answer.text.contains("X-Pagination-Count: 120\r\n") == isWhole)
      }
    }
  }

  @Test func `the options for order list the oldest first and reshuffle ties each time`() async throws {
    let options = Self.february + ["--ties", "6", "--ascending", "--shuffle-ties"]
    try await serve(options) { port in
      var pages: [[String]] = []
      for _ in 0..<2 {
        let answer = await RawConnection.exchange(port: port, requestText("/audit-log/acme/?page_size=500"))
        let events = try records(Array(answer.body.utf8))
        let times = events.compactMap { $0["event_at"] as? String }
        #expect(times == times.sorted())
        pages.append(events.compactMap { $0["uuid"] as? String })
      }
      #expect(try pages.at(0) != pages.at(1))
      #expect(try Set(pages.at(0)) == Set(pages.at(1)))
    }
  }

  @Test func `half of a gzip body is sent to a client that takes gzip`() async throws {
    let request = requestText().replacing("X-Api-Key", with: "Accept-Encoding: gzip\r\nX-Api-Key")
    var lengths: [Int] = []
    for options in [[], ["--truncate-gzip-every", "1"]] {
      try await serve(Self.february + options) { port in
        let head = await RawConnection.exchange(port: port, request).text
        #expect(head.contains("Content-Encoding: gzip\r\n"))
        let length = head.firstMatch(of: /Content-Length: (\d+)/).flatMap { Int($0.1) }
        lengths.append(try #require(length))
      }
    }
    #expect(try lengths.at(1) == (lengths.at(0) + 1) / 2)
  }

  @Test(arguments: [
    (["--bind", "0.0.0.0"], "Other machines could reach '0.0.0.0'. Pass --allow-other-machines"),
    (["--port", "70000"], "'70000' is not a port"), (["--generate=-1"], "--generate must be 0 or more."),
    (
      ["--generate", "1", "--from", "yesterday"],
      "'yesterday' is not a time: use a form such as 2024-01-01T00:00:00Z or 2024-01-01."
    ),
    (["--generate", "1", "--from", "2024-02-01", "--to", "2024-02-01"], "--from must be before --to."),
    (["--generate", "1", "--events", "x"], "Pass --events or --generate, not both."),
    (["--from", "2024-02-01"], "--from and --to require --generate."),
    (["--late", "2"], "--late must be a probability from 0 to 1."),
    (["--late-by", "soon"], "'soon' for --late-by is not a duration"),
    (["--organization", "../x"], "'../x' is not a slug"),
    (["--retain", "long"], "'long' for --retain is not a duration"),
    (["--empty-list", "0"], "The value '0' is invalid for '--empty-list <requests>'"),
    (["--stray", "5:2"], "The value '5:2' is invalid for '--stray <places>'"),
    (["--refuse-pages", "200"], "The value '200' is invalid for '--refuse-pages <status>'"),
    (
      ["--replica-order", "0,2", "--replica-lag", "3"],
      "--replica-order names replica 2, but --replica-lag adds only 1."
    ),
    (["--replica-order", "0,x"], "The value '0,x' is invalid"),
    (["--replica-lag", "soon"], "The value 'soon' is invalid"),
    (["--date-step", "0:1h"], "The value '0:1h' is invalid"),
    (["--erase", "2"], "--erase must be a probability from 0 to 1."),
    (["--cut-list=-1"], "--cut-list must be 0 or more."),
    (["--odd-page", "0"], "--odd-page must be at least 1."),
    (["--date-behind", "1h", "--date-ahead", "1h"], "Pass --date-behind or --date-ahead, not both."),
    (
      ["--filter-clock", "1h", "--time-filter", "ignored"], "Pass --filter-clock or --time-filter, not both."
    ),
    (["--object-every=-1"], "--object-every must be 0 or more."),
    (["--fail-status", "200"], "--fail-status must be 400 to 599."),
    (["--rate-window", "0s"], "'0s' is not a duration"),
    (["--grow=-1"], "--grow must be 0 or more."), (["--frob"], "Unknown option '--frob'"),
  ]) func `a wrong option is named in one sentence, with status 64`(arguments: [String], sentence: String)
    async throws
  {
    let outcome = try Program.emulator.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.log.contains(sentence))
    #expect(outcome.output.isEmpty)
  }

  @Test func `a file that cannot be served is named in the error, with status 1`() async throws {
    let outcome = try Program.emulator.run(["--events", "none.json"])
    #expect(outcome.status == 1)
    #expect(outcome.log.contains("none.json cannot serve as a file of events: no such file"))
  }

  @Test func `help shows every option, examples, and fits a terminal`() async throws {
    let outcome = try Program.emulator.run(["--help"])
    #expect(outcome.status == 0)
    for word in [
      "EXAMPLES", "BEHAVIOR AND FAULTS", "--generate", "--grow", "--fail-every", "--time-filter",
      "--write-truth",
    ] {
      #expect(outcome.output.contains(word))
    }
  }
}

extension JSONSerialization {
  fileprivate static func isValid(_ text: String) -> Bool {
    (try? jsonObject(with: Data(text.utf8))) != nil && !text.contains("\u{FFFD}")
  }
}
