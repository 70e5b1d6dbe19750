import Foundation
import TestSupport
import Testing

/// `cloudsmith-benchmark make-history`, which makes the archives of `Scripts/benchmark --history`.
@Suite(.fewAtOnce) struct MakeHistoryTests {
  /// Yesterday: an export that comes within ten minutes after the end of an archive has nothing to commit.
  private static let end = String(Past.time(daysAgo: 1).prefix(10))

  private static func make(_ options: [String], events: String) throws {
    let made = try Program.benchmark.run(
      ["make-history", "--organization", "acme", "--to", end, "--recent-events", events] + options)
    try #require(made.status == 0, "\(made.log)")
  }

  /// Days without what another history makes different.
  private static func days(_ manifest: [String: Any]) throws -> [[String]] {
    try (manifest["partitions"] as? [[String: Any]] ?? []).map { day in
      let files = try #require(day["files"] as? [[String: Any]])
      return ["event_date", "state", "rows", "content_sha256"].map { "\(day[$0] ?? "")" }
        + files.map { "\($0["sha256"] ?? "")" }
    }
  }

  @Test(arguments: [(runsPerDay: 1, days: 9), (24, 4), (288, 3)])
  func `a generated history verifies, and an export finds nothing new`(runsPerDay: Int, days: Int) throws {
    try Folder.with { folder in
      let events = "\(folder.path)/events.json"
      let history = ["--days", "\(days)", "--runs-per-day", "\(runsPerDay)"]
      try Self.make(history + ["--archive", "\(folder.path)/elsewhere"], events: events)
      try Bench.with(["--events", events]) { bench in
        var standing: [[[String]]] = []
        for (more, commits) in [(["--backfilled"], 2), ([], days * runsPerDay)] {
          if FileManager.default.fileExists(atPath: bench.archive) {
            try FileManager.default.removeItem(atPath: bench.archive)
          }
          try Self.make(
            history + more + ["--archive", bench.archive, "--api-host", bench.url], events: events)
          let verified = try bench.verify()
          #expect(verified.status == 0, "\(verified.output)\(verified.log)")
          let manifest = try bench.manifest()
          #expect(manifest["commit"] as? Int == commits)
          standing.append(try Self.days(manifest))
          #expect(standing.last?.count == days)

          let result = try bench.export(["--existing", "--output-format", "json"])
          #expect(result.status == 0, "\(result.log)")
          let run = try #require(try result.json["run"] as? [String: Any])
          #expect(run["rows_added"] as? Int == 0 && (run["duplicates"] as? Int ?? 0) >= 23, "\(run)")
          #expect(run["conflicting_events"] as? Int == 0)
          #expect(try bench.manifest()["commit"] as? Int == commits + 1)
          let again = try bench.verify()
          #expect(again.status == 0, "\(again.output)\(again.log)")
        }
        // The two archives differ only in their history.
        #expect(standing.first == standing.last)
      }
    }
  }

  @Test func `a generated table has a version for each run, and checkpoints`() throws {
    try Folder.with { folder in
      let events = "\(folder.path)/events.json"
      try Bench.with([]) { bench in
        try Self.make(
          ["--days", "102", "--format", "delta", "--archive", bench.archive, "--api-host", bench.url],
          events: events)
        let log = try FileManager.default.contentsOfDirectory(atPath: bench.archive + "/parquet/_delta_log")
        #expect(log.count { $0.hasSuffix(".json") } == 102)
        #expect(
          log.filter { $0.hasSuffix(".checkpoint.parquet") } == ["00000000000000000100.checkpoint.parquet"])
        let manifest = try bench.manifest()
        #expect(manifest["commit"] as? Int == 102)
        let rows = (manifest["partitions"] as? [[String: Any]] ?? []).compactMap { $0["rows"] as? Int }
        #expect(rows.count == 102 && rows.dropLast().allSatisfy { $0 == 24 } && rows.last == 12, "\(rows)")
      }
    }
  }

  @Test(arguments: [
    ["--days", "0"], ["--days", "1"], ["--days", "2", "--runs-per-day", "7"],
    ["--days", "2", "--to", "soon"],
    ["--days", "2", "--organization", "acme/repo"],
  ])
  func `an impossible history is refused before anything is written`(options: [String]) throws {
    try Folder.with { folder in
      let archive = "\(folder.path)/archive"
      let result = try Program.benchmark.run(
        ["make-history", "--archive", archive] + (options.contains("--to") ? [] : ["--to", Self.end])
          + options)
      #expect(result.status == 64, "\(result.log)")
      #expect(!FileManager.default.fileExists(atPath: archive))
    }
  }
}
