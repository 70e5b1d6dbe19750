import AuditRecord
import Foundation
import TestSupport
import Testing

/// Signals, kills, concurrent runs and closed descriptors.
@Suite(.fewAtOnce, .serialized) struct ProcessTests {
  @Test
  func
    `after a kill at a random moment, the next run completes the same archive`()
    throws
  {
    try Bench.with(Bench.generate(6_000)) { bench in
      let options = ["--backfill-start-time", Bench.month.from, "--page-size", "200"]
      #expect(try bench.export(options).status == 0)
      let whole = try ArchiveOnDisk(bench.archive).reportedContent()
      #expect(whole.count == 30)

      var kills = 0
      for attempt in 0..<8 {
        let archive = bench.folder + "/killed-\(attempt)"
        let running = try Program.exporter.start(
          bench.arguments(options) + ["--archive", archive], environment: bench.environment)
        usleep(UInt32(40_000 + attempt * 60_000))
        running.signal(SIGKILL)
        if running.wait().wasKilled { kills += 1 }
        let again = try Program.exporter.run(
          bench.arguments(options) + ["--archive", archive], environment: bench.environment)
        #expect(again.status == 0, "\(again.log)")
        #expect(try ArchiveOnDisk(archive).reportedContent() == whole, "attempt \(attempt)")
        #expect(try ArchiveOnDisk(archive).leftovers() == [], "attempt \(attempt)")
      }
      #expect(kills > 0)
    }
  }

  @Test func `SIGTERM keeps complete days, releases the lock, and exits with status 130`()
    throws
  {
    try Bench.with(Bench.generate(20_000)) { bench in
      var arguments = bench.arguments([
        "--backfill-start-time", Bench.month.from, "--page-size", "100",
      ])
      arguments.replace(["unlimited"], with: ["20"])
      let running = try Program.exporter.start(arguments, environment: bench.environment)
      try running.wait { try bench.hasStaged(3) }
      running.signal(SIGTERM)
      let result = running.wait()
      #expect(result.status == 130, "\(result.log)")
      #expect(result.log.contains("Interrupted. Completed days are kept; run again to continue."))
      let manifest = try #require(try bench.status()["manifest"] as? [String: Any])
      #expect((manifest["coverage"] as? [Any])?.count == 1)
      #expect((manifest["gaps"] as? [Any])?.count == 1)
      #expect(try ArchiveOnDisk(bench.archive).leftovers() == [])
      let again = try bench.export(["--output-format", "json"])
      #expect(again.status == 0, "\(again.log)")
      #expect((try again.json["gaps"] as? [Any])?.isEmpty == true)
    }
  }

  @Test
  func `a second concurrent run ends at once with status 11 and names the lock holder`()
    throws
  {
    try Bench.with(Bench.generate(5_000)) { bench in
      var arguments = bench.arguments(["--backfill-start-time", Bench.month.from])
      arguments.replace(["unlimited"], with: ["1"])
      let first = try Program.exporter.start(arguments, environment: bench.environment)
      try first.wait { FileManager.default.fileExists(atPath: bench.archive + "/_manifest/acme/lock") }
      let second = try bench.export()
      #expect(second.status == 11, "\(second.log)")
      #expect(second.log.contains("process \(first.id)"), "\(second.log)")
      first.signal(SIGTERM)
      #expect(first.wait().status == 130)
    }
  }

  @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
  func `with closed standard descriptors, no output goes into another file`(closed: String)
    throws
  {
    try Bench.with(["--generate", "400"]) { bench in
      let file = bench.folder + "/figures.prom"
      let options = [
        "--backfill-start-time", Bench.startTime, "--log-level", "debug", "--metrics-file", file,
        "--output-format", "json",
      ]
      // Otherwise a folder, a part or a socket would get the number of stdout or stderr.
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

  @Test func `a key from a closed stdin counts as empty`() throws {
    let result = try Shell.run(
      "\"$@\" <&-", ["export", "-o", "acme", "--archive", "/tmp/never-made", "--api-key-file", "-"])
    #expect(result.status == 64 && result.log.contains("it is empty"), "\(result.log)")
  }

  @Test(arguments: [(SIGHUP, 130), (SIGQUIT, SIGQUIT), (SIGABRT, SIGABRT)] as [(Int32, Int32)])
  func `SIGHUP ends a run in order, SIGQUIT and SIGABRT at once, and the next run continues`(
    number: Int32, status: Int32
  ) throws {
    try Bench.with(["--generate", "20000"]) { bench in
      var arguments = bench.arguments(["--backfill-start-time", Bench.startTime, "--page-size", "100"])
      arguments.replace(["unlimited"], with: ["20"])
      let running = try Program.exporter.start(arguments, environment: bench.environment)
      try running.wait { try bench.hasStaged(3) }
      running.signal(number)
      let result = running.wait()
      #expect(result.status == status && result.wasKilled == (status != 130), "\(result.log)")
      if status == 130 {
        #expect(result.log.contains("Interrupted. Completed days are kept; run again to continue."))
      }
      let again = try bench.export()
      #expect(again.status == 0, "\(again.log)")
      #expect(try bench.verify().status == 0)
    }
  }

  @Test func `a run started with nohup survives SIGHUP`() throws {
    try Bench.with(["--generate", "2000"]) { bench in
      var arguments = bench.arguments(["--backfill-start-time", Bench.startTime, "--page-size", "100"])
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
