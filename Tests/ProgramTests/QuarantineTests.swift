import AuditRecord
import Foundation
import TestSupport
import Testing

/// Records that cannot be rows, and times that need care.
@Suite(.fewAtOnce, .serialized) struct QuarantineTests {
  @Test func `records that cannot be rows are quarantined once, with status 4 and then 0`() throws {
    let folder = try Folder.make()
    defer { folder.remove() }
    let events = #"[{"uuid":"a","event_at":"\#(Bench.month.to)"},{"uuid":"b"},7]"#
    try Bench.with(["--events", folder.write(events, to: "events.json")]) { bench in
      let first = try bench.export(["--backfill-start-time", Bench.month.from])
      #expect(first.status == 4, "\(first.log)")
      #expect(first.log.contains("2 unreadable records were put into quarantine/"))
      let second = try bench.export()
      #expect(second.status == 0, "\(second.log)")
      let manifest = try #require(try bench.status()["manifest"] as? [String: Any])
      #expect(manifest["quarantined_records"] as? Int == 2)
    }
  }

  /// A whole leap second counts as one instant, so none of its events is out of order.
  @Test
  func
    `leap seconds are archived on the next day, and offsets without a colon are refused`()
    throws
  {
    let day = String(Bench.month.from.prefix(10))
    let next = try #require(Day(day)).next
    let times = [
      "\(next)T00:00:00.000001Z", "\(day)T23:59:60.9Z", "\(day)T23:59:60.5Z", "\(next)T05:29:60+05:30",
      "\(next)T00:00:00Z",
      "\(day)T23:59:59.999999Z", "\(day)T12:00:00+0000", "\(day)T12:00:00",
    ]
    let events = times.enumerated().map { #"{"uuid":"u\#($0)","event_at":"\#($1)"}"# }
    try Folder.with { folder in
      let file = try folder.write("[\(events.joined(separator: ","))]", to: "events.json")
      try Bench.with(["--events", file]) { bench in
        let options = ["--backfill-start-time", Bench.month.from, "--output-format", "json"]
        let first = try bench.export(options)
        #expect(first.status == 4, "\(first.log)")
        let run = try #require(try first.json["run"] as? [String: Any])
        #expect(run["rows_added"] as? Int == 6 && run["quarantined"] as? Int == 2)
        // An event that is received twice counts twice.
        let leapSeconds = try #require(run["leap_seconds"] as? Int)
        #expect(leapSeconds >= 3 && leapSeconds.isMultiple(of: 3))
        let partitions = try #require(try bench.manifest()["partitions"] as? [[String: Any]])
        let rows = Dictionary(
          partitions.map { ($0["event_date"] as? String ?? "", $0["rows"] as? Int ?? 0) }, uniquingKeysWith: +
        )
        #expect(rows[day] == 1 && rows["\(next)"] == 5, "\(rows)")

        let quarantine = try #require(
          FileManager.default.subpaths(atPath: bench.archive)?.first { $0.hasSuffix(".jsonl") })
        let lines = try String(contentsOfFile: bench.archive + "/" + quarantine, encoding: .utf8)
        #expect(
          lines.contains(
            #""reason":"unreadable event_at: its offset is not of the form +00:00","record":{"event_at":"\#(times[6])""#
          ))
        #expect(
          lines.contains(
            #""reason":"unreadable event_at: it has no time zone","record":{"event_at":"\#(times[7])""#))

        // The second run knows them.
        let second = try bench.export(options)
        let again = try #require(try second.json["run"] as? [String: Any])
        #expect(second.status == 0 && again["rows_added"] as? Int == 0, "\(second.log)")
        #expect(try bench.verify().status == 0)
        if Python.exists {
          let check = try Python.run(
            "flatten.py",
            ["check", "--events", bench.events(), "--archive", bench.archive, "--organization", "acme"])
          #expect(check.status == 0, "\(check.output)\(check.log)")
        }
      }
    }
  }

  @Test func `status and export report a missing quarantine file with its remedy`() throws {
    let folder = try Folder.make()
    defer { folder.remove() }
    let events = #"[{"uuid":"a","event_at":"\#(Bench.month.to)"},{"uuid":"b"}]"#
    try Bench.with(["--events", folder.write(events, to: "events.json")]) { bench in
      #expect(try bench.export(["--backfill-start-time", Bench.month.from]).status == 4)
      try FileManager.default.removeItem(atPath: bench.archive + "/quarantine")
      let status = try Program.exporter.run(["status", "-o", "acme", "--archive", bench.archive])
      #expect(status.status == 2 && status.output.contains("damaged          quarantine/organization=acme/"))
      let run = try bench.export()
      #expect(run.status == 2, "\(run.log)")
      let command = try #require(run.log.firstMatch(of: /--from (\S+) --to (\S+) --replace/))
      #expect(status.log.contains(command.0))
      // Do exactly what the message says. The previous run has already stored the record again.
      let cure = try bench.export(["--from", "\(command.1)", "--to", "\(command.2)", "--replace"])
      #expect(cure.status == 0, "\(cure.log)")
      #expect(try bench.export().status == 0)
      #expect(try Program.exporter.run(["status", "-o", "acme", "--archive", bench.archive]).status == 0)
    }
  }
}
