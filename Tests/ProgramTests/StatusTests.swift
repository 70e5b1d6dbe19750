import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// The text and JSON of `status`.
@Suite(.fewAtOnce) struct StatusTests {
  private let arguments = ["status", "-o", "acme", "--archive", Repository.path("samples/archive")]

  private func status(_ options: [String] = [], _ environment: [String: String] = [:]) throws -> String {
    let result = try Program.exporter.run(arguments + options, environment: environment)
    #expect(result.status == 0 && result.log.isEmpty, "\(result.log)")
    return result.output
  }

  @Test func `piped status is plain text of 80 columns, in ASCII unless the locale is UTF-8`() throws {
    let plain = try status()
    #expect(plain.utf8.allSatisfy { $0 < 0x80 } && !plain.contains("\u{1B}"))
    #expect(
      plain.contains(
        """
                 1       5         10        15        20        25        30    events
        2024-02                      # # # o o - - - - - - - - - - - - - -           17
        """), "\(plain)")
    #expect(plain.contains("events per day  2024-02-11 to 2024-02-15; maximum 6 on 2024-02-13"))
    #expect(!plain.contains("day         state"))
    #expect(try status(["--days"]).contains("\n2024-02-13  settled    2           6"))
    #expect(try status([], ["LANG": "C.UTF-8"]).contains("■ ■ ■ □ □ –"))
    #expect(try status([], ["COLUMNS": "60"]).contains("2024-02            ###oo----"))
    #expect(try status([], ["CLOUDSMITH_COLOR": "always"]).contains("\u{1B}[36m#\u{1B}[0m"))
  }

  @Test(.needs("script"))
  func `status on a terminal has its width and colour, and NO_COLOR turns colour off`() throws {
    func shown(_ environment: [String: String]) throws -> String {
      let result = try Shell.run(
        "script -qec \"stty cols 100; '$1' status -o acme --archive '$2'\" /dev/null </dev/null",
        [Repository.path("samples/archive")], environment: environment)
      #expect(result.status == 0, "\(result.log)")
      return result.output
    }
    let colored = try shown(["TERM": "xterm", "LANG": "C.UTF-8"])
    #expect(colored.contains("\u{1B}[36m■\u{1B}[0m"), "\(colored)")
    // The terminal is wide enough for a bar beside each month's sum.
    #expect(colored.contains("17  \u{1B}[36m━━━━"), "\(colored)")
    let plain = try shown(["TERM": "xterm", "LANG": "C.UTF-8", "NO_COLOR": "1"])
    #expect(!plain.contains("\u{1B}[") && plain.contains("■ ■ ■ □"), "\(plain)")
  }

  @Test func `status reports events that will soon expire, in both formats`() throws {
    let mark = try #require(ISO8601DateFormatter().date(from: "2024-02-15T00:50:00Z"))
    let days = Int(Date().timeIntervalSince(mark) / 86_400)
    let near = try status(["--retention", "\(days + 30)d"])
    #expect(
      near.contains("about to be lost events from 2024-02-15T00:50:00.000000Z on are not archived, and"),
      "\(near)")
    #expect(try !status(["--retention", "\(days * 4)d"]).contains("about to be lost"))
    let json = try Program.exporter.run(
      arguments + ["--retention", "\(days + 30)d", "--output-format", "json"]
    ).json
    let loss = try #require(json["retention_loss"] as? [String: Any])
    #expect(loss["lacking_from"] as? String == "2024-02-15T00:50:00.000000Z")
  }

  @Test func `an old damaged commit record does not prevent status from showing the rest`() async throws {
    try await Bench.with(["--generate", "20"], isDamaged: true) { (bench) async throws in
      let log = try #require(LogName("acme"))
      try await Archive(
        at: bench.archive, log: ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log).log
      ).withWriter(
        source: ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log),
        holder: LockHolder(pid: 1, host: "test", since: Timestamp(microseconds: 0)),
        settings: WriterSettings(toolVersion: "test")
      ) { writer in
        let now = try #require(Timestamp(rfc3339: "2024-02-12T12:00:00Z"))
        // One run with nine commits.
        for number in 1...9 {
          var change = Change(committedAt: now, lookback: .hours(24))
          change.covered = [Window(from: now - .hours(Double(number)), to: now)]
          change.run.window = Window(from: now - .hours(9), to: now)
          change.run.complete = number == 9
          _ = try await writer.commit(change)
        }
      }
      let record = bench.archive + "/_manifest/acme/commits/00000000000000000001.json"
      try Data("{".utf8).write(to: URL(filePath: record))
      let status = try Program.exporter.run(["status", "-o", "acme", "--archive", bench.archive])
      #expect(status.status == 0 && status.output.contains("last runs"), "\(status.log)")
      #expect(status.output.contains("..-") && status.output.contains("at least"), "\(status.output)")
    }
  }

  @Test func `JSON status keeps its members and adds the runs`() throws {
    let json = try Program.exporter.run(arguments + ["--output-format", "json"]).json
    let keys = [
      "damaged", "exit_status", "high_water_mark_lag_seconds", "last_commits", "manifest", "status",
    ]
    #expect(Set(json.keys) == Set(keys + ["last_runs"]))
    let runs = try #require(json["last_runs"] as? [[String: Any]])
    #expect(runs.map { $0["last_commit"] as? Int } == [2, 1])
    #expect(runs.first?["late_events"] as? Int == 1)
  }
}
