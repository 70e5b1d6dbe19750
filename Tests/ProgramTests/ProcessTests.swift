import Foundation
import TestSupport
import Testing

/// What the caller of the program leaves open, and how it ends the program.
@Suite(.fewAtOnce) struct ProcessTests {
  private static let start = Date(timeIntervalSinceNow: -40 * 86_400).formatted(.iso8601)

  @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
  func `closed standard descriptors are opened first, so that no file gets what is said`(closed: String)
    throws
  {
    try Bench.with(["--generate", "400"]) { bench in
      let file = bench.folder + "/figures.prom"
      let options = [
        "--backfill-start-time", ProcessTests.start, "--log-level", "debug", "--metrics-file", file,
        "--output-format", "json",
      ]
      // What is said would go to the descriptor that a folder, a part or a socket had got.
      let run = try Shell.run(
        "\"$@\" \(closed)", bench.arguments(options),
        environment: bench.environment)
      #expect(run.status == 0, "\(closed): \(run.log)\(run.output)")
      let figures = try String(contentsOfFile: file, encoding: .utf8)
      #expect(figures.split(separator: "\n").allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("cloudsmith_") })
      let verified = try Shell.run(
        "\"$@\" \(closed)", ["verify", "-o", "acme", "--archive", bench.archive])
      #expect(verified.status == 0, "\(closed): \(verified.log)\(verified.output)")
      let page = bench.folder + "/audit.html"
      let report = try Shell.run(
        "\"$@\" \(closed)", ["report", "-o", "acme", "--archive", bench.archive, "--html", page])
      #expect(report.status == 0, "\(closed): \(report.log)")
      #expect(try String(contentsOfFile: page, encoding: .utf8).hasSuffix("</html>\n"))
    }
  }

  @Test func `a key from a closed stdin is an empty one`() throws {
    let result = try Shell.run(
      "\"$@\" <&-", ["export", "-o", "acme", "--archive", "/tmp/never-made", "--api-key-file", "-"])
    #expect(result.status == 64 && result.log.contains("the API key is empty"), "\(result.log)")
  }

  @Test(arguments: [(SIGHUP, 130), (SIGQUIT, SIGQUIT), (SIGABRT, SIGABRT)] as [(Int32, Int32)])
  func `SIGHUP ends a run in order, SIGQUIT and SIGABRT at once, and the next run goes on`(
    number: Int32, status: Int32
  ) throws {
    try Bench.with(["--generate", "20000"]) { bench in
      var arguments = bench.arguments(["--backfill-start-time", ProcessTests.start, "--page-size", "100"])
      arguments.replace(["unlimited"], with: ["20"])
      let running = try Program.exporter.start(arguments, environment: bench.environment)
      try running.wait { try bench.hasStaged(3) }
      running.signal(number)
      let result = running.wait()
      #expect(result.status == status && result.wasKilled == (status != 130), "\(result.log)")
      if status == 130 { #expect(result.log.contains("Interrupted; all that was complete is kept")) }
      let again = try bench.export()
      #expect(again.status == 0, "\(again.log)")
      #expect(try Program.exporter.run(["verify", "-o", "acme", "--archive", bench.archive]).status == 0)
    }
  }

  @Test func `a run that nohup started outlives the terminal`() throws {
    try Bench.with(["--generate", "2000"]) { bench in
      var arguments = bench.arguments(["--backfill-start-time", ProcessTests.start, "--page-size", "100"])
      arguments.replace(["unlimited"], with: ["10"])
      let result = try Shell.run(
        """
        trap '' HUP
        "$@" & run=$!
        until [ -e "\(bench.archive)/_manifest/acme/lock" ] || ! kill -0 $run; do sleep 0.05; done
        kill -HUP $run
        wait $run
        """, arguments, environment: bench.environment)
      #expect(result.status == 0, "\(result.log)")
    }
  }
}
