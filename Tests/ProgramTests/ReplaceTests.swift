import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// The commands that `verify` prints for damaged days, run as they are printed.
@Suite(.fewAtOnce) struct ReplaceTests {
  private func verify(_ folder: String, _ options: [String] = []) throws -> CommandOutcome {
    try Program.exporter.run(["verify", "--organization", "acme", "--archive", folder] + options)
  }

  @Test
  func `an event on two days is reported with both, and the printed commands repair it`() async throws {
    let options = ["--generate", "60", "--seed", "5", "--from", "2024-02-01", "--to", "2024-02-04"]
    try await Bench.with(options) { bench in
      let exported = try bench.export(["--backfill-start-time", "2024-02-01", "--retention", "36500d"])
      #expect([0, 3].contains(exported.status), "\(exported.log)")
      #expect(try verify(bench.archive).status == 0)
      let uuid = try await moveEvent(in: bench.archive)

      let result = try verify(bench.archive)
      #expect(result.status == 2)
      #expect(result.log.contains("is damaged (1 finding: 1 duplicate)."))
      let sentence =
        """
        the same event is on two days, 2024-02-01 and 2024-02-03, because the API corrected its time; its uuid is '\(uuid)'
        """
      #expect(result.output.contains("2024-02-03: \(sentence)\n"), "\(result.output)")
      #expect(
        result.output.contains(
          """
          duplicate: Export both days again with --replace, if Cloudsmith still keeps them. Each event then moves to the day \
          that the API now gives for it.

          """), "\(result.output)")
      let commands = commands(in: result.output)
      let command = "cloudsmith-audit-export export -o acme --archive \(bench.archive) --from"
      #expect(commands.count == 2)
      #expect(try commands.at(0).hasPrefix("\(command) 2024-02-01 --to 2024-02-02 --replace "))
      #expect(try commands.at(1).hasPrefix("\(command) 2024-02-03 --to 2024-02-04 --replace "))
      let json = try verify(bench.archive, ["--output-format", "json"]).json
      let finding = try #require((json["findings"] as? [[String: Any]])?.first)
      #expect(finding["kind"] as? String == "duplicate" && finding["message"] as? String == sentence)
      #expect(finding["day"] as? String == "2024-02-03" && finding["other_day"] as? String == "2024-02-01")

      for command in commands {
        let replaced = try paste(command, bench)
        #expect([0, 3].contains(replaced.status), "\(replaced.log)\(replaced.output)")
      }
      let mended = try verify(bench.archive)
      #expect(mended.status == 0, "\(mended.output)")
    }
  }

  /// The commands in the output, each on its own line.
  private func commands(in output: String) -> [String] {
    output.split(separator: "\n").filter { $0.hasPrefix("  cloudsmith-audit-export ") }.map {
      String($0.dropFirst(2))
    }
  }

  /// Runs a printed command in a shell that has the key, but not the host.
  private func paste(_ command: String, _ bench: Bench) throws -> CommandOutcome {
    #expect(command.hasPrefix("cloudsmith-audit-export "), "\(command)")
    return try Shell.run(
      "\"$1\" \(command.trimmingPrefix("cloudsmith-audit-export "))",
      environment: [
        "CLOUDSMITH_API_KEY": bench.key, "CLOUDSMITH_AUDIT_EXPORT_MAX_REQUESTS_PER_SECOND": "unlimited",
      ])
  }

  /// Each case needs other options in the command.
  @Test(
    arguments: [
      (1_000, [], [:]), (1_000, ["--format", "csv,parquet"], [:]),
      (340, ["--query", "actor_kind:user AND NOT actor:it's"], [:]),
      (20, [], ["CLOUDSMITH_AUDIT_EXPORT_RETENTION": "45d"]),
      (40, [], ["CLOUDSMITH_AUDIT_EXPORT_RETENTION": "45d"]),
    ] as [(Double, [String], [String: String])])
  func `the printed command repairs a damaged day unchanged, whatever options the archive needs`(
    daysAgo: Double, options: [String], environment: [String: String]
  ) throws {
    let time = Past.time(daysAgo: daysAgo)
    let first = try #require(Day(String(time.prefix(10))))
    let damaged = first.next.next
    let generate = ["--generate", "300", "--seed", "5", "--from", "\(first)", "--to", "\(damaged.next.next)"]
    try Bench.with(generate) { bench in
      let exported = try bench.export(
        ["--backfill-start-time", "\(first)", "--retention", "36500d"] + options)
      #expect([0, 3].contains(exported.status), "\(exported.log)")
      #expect(try verify(bench.archive).status == 0)
      let before = try bench.manifest()["partitions"] as? [[String: Any]]

      let parts = try FileManager.default.subpathsOfDirectory(atPath: bench.archive)
        .filter { $0.contains("event_date=\(damaged)/") && $0.hasPrefix("csv/") }
      try FileManager.default.removeItem(atPath: bench.archive + "/" + parts.at(0))
      let result = try Program.exporter.run(
        ["verify", "-o", "acme", "--archive", bench.archive], environment: environment)
      #expect(result.status == 2)
      let command = try commands(in: result.output).at(0)
      let status = try Program.exporter.run(
        ["status", "-o", "acme", "--archive", bench.archive], environment: environment)
      #expect(status.status == 2 && status.log.contains(": " + command), "\(command)\n\(status.log)")
      let run = try bench.export(
        options + (environment.isEmpty ? ["--retention", "36500d"] : []), environment: environment)
      #expect(run.status == 2 && run.log.contains(command), "\(command)\n\(run.log)")

      let mended = try paste(command, bench)
      #expect([0, 3].contains(mended.status), "\(mended.log)\(mended.output)")
      #expect(try verify(bench.archive).status == 0, "\(command)")
      let after = try bench.manifest()["partitions"] as? [[String: Any]]
      for (one, other) in zip(before ?? [], after ?? []) {
        #expect(one["content_sha256"] as? String == other["content_sha256"] as? String)
        #expect((one["files"] as? [Any])?.count == (other["files"] as? [Any])?.count)
      }
    }
  }

  /// Copies an event of 2024-02-01 to 2024-02-03, as if it had been read there before its time was corrected.
  ///
  /// - Returns: the uuid of the event.
  private func moveEvent(in folder: String) async throws -> String {
    let manifest = try await #require(try ArchiveOnDisk(folder).manifest)
    let (first, last) = (try #require(Day("2024-02-01")), try #require(Day("2024-02-03")))
    return try await Archive(at: folder, log: manifest.source.log).withWriter(
      source: manifest.source, holder: LockHolder.thisProcess(since: first.start),
      settings: WriterSettings(toolVersion: "test")
    ) { writer in
      var events: [RowBatch] = []
      try await writer.rows(of: first) { events.append($0) }
      var moved = try #require(events.first)
      let uuid = try #require(moved.string(.uuid, 0))
      moved.eventAt[0] = last.end.microseconds - 1
      var rows: [RowSelection] = []
      try await writer.rows(of: last) { rows.append(RowSelection($0)) }
      rows.append(RowSelection(moved, rows: [0]))
      var rest = rows[...]
      var change = Change(committedAt: last.end, lookback: .hours(24))
      change.days = [try await writer.stage(last) { rest.popFirst() }]
      _ = try await writer.commit(change)
      return uuid
    }
  }
}
