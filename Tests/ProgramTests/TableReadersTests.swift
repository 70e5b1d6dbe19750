import Foundation
import TestSupport
import Testing

/// Engines that read the Delta Lake table in a loop while nights are exported into it. `read_while_writing.py` starts them, runs the
/// exporter and checks every answer.
@Suite(.fewAtOnce) struct TableReadersTests {
  /// Two independent implementations. `Scripts/test --engines` sets others, and then there are more nights.
  private static let given = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_TABLE_ENGINES"]
  private static let engines = given ?? "deltalake,duckdb"
  private static let nights = given == nil ? 15 : 50

  @Test(.needsPython)
  func `other engines see exactly one version in each answer while nights are written`() throws {
    try Nights.with(Self.nights) { nights in
      let readers = try nights.read(Self.engines)
      for (engine, seen) in readers { #expect(seen.versions > 2, "\(engine): \(seen)") }
    }
  }

  @Test(.needsPython)
  func `other engines that hold a version through ten nights miss no file with --keep-superseded`() throws {
    // DuckDB opens the table for each query, unless it is pinned.
    let engines = Self.given ?? "deltalake,duckdb-pinned"
    try Nights.with(Self.nights) { nights in
      _ = try nights.read(engines, ["--keep-superseded", "48h", "--queries", "30", "--pause", "0.1"])
    }
  }

  /// An emulator with days for this many nights. Before each request, one of the days gets a late event.
  private struct Nights {
    let bench: Bench
    let count: Int

    /// What a reader saw.
    struct Seen: Decodable {
      /// How many versions it saw.
      var versions: Int
      /// How many answers it got.
      var answers: Int
    }

    private struct Result: Decodable {
      var readers: [String: Seen]
    }

    static func with(_ count: Int, _ body: (Nights) throws -> Void) throws {
      let options = [
        "--generate", "\(100 * count)", "--from", Past.midnight(daysAgo: Double(count + 1)), "--to",
        Past.midnight(daysAgo: 1), "--late", "1", "--late-by", "\(count)d", "--rate-limit", "0",
      ]
      try Bench.with(options) { try body(Nights(bench: $0, count: count)) }
    }

    /// Writes all nights while the engines read. Fails if an answer is wrong.
    func read(_ engines: String, _ options: [String] = []) throws -> [String: Seen] {
      let script = Repository.path("Tests/Interoperability/read_while_writing.py")
      let firstDay = Past.midnight(daysAgo: Double(count + 1)).prefix(10)
      var command = Command(
        try #require(Python.interpreter),
        [
          script, try Program.exporter.path, bench.archive, "--work", bench.folder + "/readers",
          "--first-day",
          String(firstDay), "--nights", "\(count)", "--engines", engines,
        ] + options, environment: ProcessInfo.processInfo.environment.merging(bench.environment) { $1 })
      command.limit = 300
      let outcome = try command.run()
      try #require(outcome.status == 0, "\(outcome.output)\(outcome.log)")
      return try JSONDecoder().decode(Result.self, from: Data(outcome.outputBytes)).readers
    }
  }
}
