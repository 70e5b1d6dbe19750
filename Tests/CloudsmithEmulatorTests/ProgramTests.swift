import AuditRecord
import CloudsmithEmulator
import Foundation
import TestSupport
import Testing

@Suite struct `The program` {
  static let february = ["--generate", "120", "--seed", "7", "--from", "2024-02-01", "--to", "2024-03-01"]

  @Test(arguments: [SIGTERM, SIGINT]) func `it says where it listens, serves, and ends in order`(
    signal: Int32
  ) async throws {
    let status = try await BuiltProgram.serve(Self.february, endedBy: signal) { port in
      let answer = await RawConnection.exchange(port: port, requestText())
      #expect(answer.text.contains("\r\nX-Pagination-Count: 120\r\n"))
    }
    #expect(status == 0)
  }

  @Test func `the events printed are the events served`() async throws {
    let folder = try BuiltProgram.temporaryFolder()
    defer { BuiltProgram.remove(folder) }
    let file = folder.appending(path: "events.json")
    let outcome = try await BuiltProgram.run(
      BuiltProgram.emulator, Self.february + ["--print-events", file.path])
    #expect(outcome.status == 0)
    let printed = try String(contentsOf: file, encoding: .utf8)
    #expect(try records(Array(printed.utf8)).count == 120)
    _ = try await BuiltProgram.serve(Self.february) { port in
      let page = await RawConnection.exchange(port: port, requestText("/audit-log/acme/?page_size=500"))
      #expect(page.body == printed)
      let truth = await RawConnection.exchange(port: port, requestText("/emulator/truth/acme/"))
      #expect(truth.body == printed)
    }
  }

  @Test func `the truth written at the end has the events that came meanwhile`() async throws {
    let folder = try BuiltProgram.temporaryFolder()
    defer { BuiltProgram.remove(folder) }
    let file = folder.appending(path: "truth.json")
    let status = try await BuiltProgram.serve(Self.february + ["--grow", "5", "--write-truth", file.path]) {
      port in
      for _ in 0..<3 { _ = await RawConnection.exchange(port: port, requestText()) }
    }
    #expect(status == 0)
    #expect(try records(Array(Data(contentsOf: file))).count == 135)
  }

  @Test func `the samples are served under the organisation and its repository`() async throws {
    let pages = (1...3).map { BuiltProgram.root.appending(path: "samples/pages/page-\($0).json").path }
    let arguments =
      ["--events"] + pages + ["--organization", "acme", "--organization", "other", "--repository", "tools"]
    _ = try await BuiltProgram.serve(arguments) { port in
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
    _ = try await BuiltProgram.serve(options) { port in
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
    _ = try await BuiltProgram.serve(Self.february + [option]) { port in
      let answer = await RawConnection.exchange(port: port, requestText("/audit-log/acme/?page=\(page)"))
      #expect(answer.text.hasPrefix("HTTP/1.1 200 "))
      #expect(answer.body.hasPrefix(start), "\(answer.body.prefix(40))")
      #expect(JSONSerialization.isValid(answer.body) == isJSON)
    }
  }

  @Test func `the options for order list the oldest first, and ties anew each time`() async throws {
    let options = Self.february + ["--ties", "6", "--ascending", "--shuffle-ties"]
    _ = try await BuiltProgram.serve(options) { port in
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
      _ = try await BuiltProgram.serve(Self.february + options) { port in
        let head = await RawConnection.exchange(port: port, request).text
        #expect(head.contains("Content-Encoding: gzip\r\n"))
        let length = head.firstMatch(of: /Content-Length: (\d+)/).flatMap { Int($0.1) }
        lengths.append(try #require(length))
      }
    }
    #expect(try lengths.at(1) == (lengths.at(0) + 1) / 2)
  }

  @Test(arguments: [
    (["--bind", "0.0.0.0"], "Other machines could reach '0.0.0.0'; add --allow-other-machines"),
    (["--port", "70000"], "'70000' is not a port"), (["--generate=-1"], "--generate needs a count"),
    (
      ["--generate", "1", "--from", "yesterday"],
      "'yesterday' is no time; write 2024-01-01T00:00:00Z or 2024-01-01."
    ),
    (["--generate", "1", "--from", "2024-02-01", "--to", "2024-02-01"], "--from must lie before --to."),
    (["--generate", "1", "--events", "x"], "Give --events or --generate, not both."),
    (["--from", "2024-02-01"], "--from and --to need --generate."),
    (["--late", "2"], "--late needs a chance"),
    (["--late-by", "soon"], "'soon' for --late-by is no length of time"),
    (["--organization", "../x"], "'../x' is no slug"),
    (["--retain", "long"], "'long' for --retain is no length of time"),
    (["--object-every=-1"], "--object-every needs a count of 0 or more."),
    (["--fail-status", "200"], "--fail-status needs 400 to 599."),
    (["--rate-window", "0s"], "'0s' is no length of time"),
    (["--grow=-1"], "--grow needs a count of 0 or more."), (["--frob"], "Unknown option '--frob'"),
  ]) func `a mistake is named in a sentence, with status 64`(arguments: [String], sentence: String)
    async throws
  {
    let outcome = try await BuiltProgram.run(BuiltProgram.emulator, arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(sentence))
    #expect(outcome.output.isEmpty)
  }

  @Test func `a file that cannot be served is named, with status 1`() async throws {
    let outcome = try await BuiltProgram.run(BuiltProgram.emulator, ["--events", "none.json"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("none.json cannot serve as a file of events: no such file"))
  }

  @Test func `help shows every option, examples, and fits a terminal`() async throws {
    let outcome = try await BuiltProgram.run(BuiltProgram.emulator, ["--help"])
    #expect(outcome.status == 0)
    for word in [
      "EXAMPLES", "BEHAVIOURS AND FAULTS", "--generate", "--grow", "--fail-every", "--time-filter",
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
