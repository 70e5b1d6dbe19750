import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct StateTests {
  private let day12 = "2024-02-12"

  private func members(_ path: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
    return try #require(object as? [String: Any])
  }

  @Test func `replaced lone surrogates are counted, and records without the count are still read`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { writer in
        try await writer.commit([:]) { $0.run.flattening.loneSurrogates = 3 }
      }
      let path = "_manifest/acme/commits/00000000000000000001.json"
      let text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
      let member = "    \"lone_surrogates_replaced\" : 3,\n"
      #expect(text.contains(member))
      for (text, count) in [(text, 3), (text.replacing(member, with: ""), 0)] {
        let commit = try ArchiveJSON.decode(Commit.self, from: Array(text.utf8), path: path)
        #expect(commit.run.flattening.loneSurrogates == count)
      }
    }
  }

  @Test func `manifest and commit have exactly the format's members, sorted, with a final newline`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let manifest = try members("\(folder)/_manifest/acme/manifest.json")
      #expect(
        manifest.keys.sorted() == [
          "commit", "commit_sha256", "committed_at", "coverage", "csv_dialect", "format", "gaps",
          "high_water_mark", "lookback_due", "partitions", "quarantine", "quarantined_records", "schema",
          "source", "start", "tool_version",
        ])
      #expect(manifest["format"] as? String == "cloudsmith-audit-export/1")
      #expect(manifest["high_water_mark"] as? String == "2024-02-13T00:00:00.000000Z")
      let source = try #require(manifest["source"] as? [String: Any])
      #expect(source.keys.sorted() == ["api_host", "organization", "query", "repository"])
      #expect(source["repository"] is NSNull)
      let partition = try #require((manifest["partitions"] as? [[String: Any]])?.first)
      #expect(
        partition.keys.sorted() == [
          "changed_in_commit", "content_sha256", "event_date", "files", "max_event_at", "min_event_at",
          "revision", "rows", "state",
        ])
      let file = try #require((partition["files"] as? [[String: Any]])?.first)
      #expect(
        file.keys.sorted() == [
          "bytes", "format", "max_event_at", "min_event_at", "path", "rows", "sha256", "uncompressed_bytes",
        ])
      let commit = try members("\(folder)/_manifest/acme/commits/00000000000000000001.json")
      #expect(
        commit.keys.sorted() == [
          "commit", "committed_at", "coverage", "csv_dialect", "files_added", "files_removed", "format",
          "gaps",
          "high_water_mark", "lookback_due", "partitions_changed", "partitions_removed",
          "previous_commit_sha256",
          "quarantine_added", "run", "schema", "source", "start", "tool_version",
        ])
      #expect(commit["previous_commit_sha256"] is NSNull)
      let run = try #require(commit["run"] as? [String: Any])
      #expect(
        run.keys.sorted() == [
          "complete", "conflicting_events", "duplicates", "events_received", "late_events",
          "lone_surrogates_replaced", "missing_uuid", "nul_replaced", "quarantined", "requests", "retries",
          "rows_added", "seconds_waited", "time_filter",
          "truncated_times", "unexpected_types", "unknown_fields", "window",
        ])
      let text = try String(contentsOfFile: "\(folder)/_manifest/acme/manifest.json", encoding: .utf8)
      #expect(text.hasSuffix("}\n"))
      #expect(text.hasPrefix("{\n  \"commit\" : 1,\n  \"commit_sha256\" : "))
      let kind = try String(contentsOfFile: "\(folder)/_manifest/archive.json", encoding: .utf8)
      #expect(kind == "{\n  \"format\" : \"cloudsmith-audit-export/1\",\n  \"logs\" : \"organizations\"\n}\n")
    }
  }

  @Test func `every written value reads back unchanged`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let commit = try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day12: events(day12, 5)], quarantine: [record("1")]) { change in
          change.run.window = window("2024-02-12T00:00:00Z", "2024-02-13T00:00:00Z")
          change.run.timeFilter = "walk"
          change.run.filterVerdict = "ignored"
          change.run.requests = 12
          change.run.secondsWaited = 3.2
          change.run.vanishedEvents = 4
          change.oldestShown = OldestShown(eventAt: at("2024-02-01T00:00:00Z"), seenAt: change.committedAt)
          change.run.flattening.nulReplaced = 2
          change.run.flattening.leapSeconds = 1
          change.run.flattening.addUnknownField("new_member", 12)
          change.run.flattening.addUnknownField("…", 3)
          change.run.flattening.addUnknownField("😀", 1)
          change.run.complete = true
        }
      }
      #expect(try await Archive(at: folder, log: log("acme")).recentCommits(limit: 5) == [commit])
      let manifest = try #require(try await Archive(at: folder, log: log("acme")).read())
      #expect(
        try ArchiveJSON.decode(Manifest.self, from: ArchiveJSON.encode(manifest), path: "m") == manifest)
    }
  }

  @Test func `a commit that withdraws coverage names it, lowers the mark, and verifies`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      let commit = try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day12: events(day12, 5), "2024-02-13": events("2024-02-13", 2)])
        return try await writer.commit([:]) {
          $0.withdrawn = [window("2024-02-12T18:00:00Z", "2024-02-14T18:00:00Z")]
        }
      }
      #expect(commit.coverageWithdrawn.intervals == [window("2024-02-12T18:00:00Z", "2024-02-14T00:00:00Z")])
      #expect(commit.highWaterMark == at("2024-02-12T18:00:00Z"))
      #expect(commit.standing.coverage.intervals == [window("2024-02-12T00:00:00Z", "2024-02-12T18:00:00Z")])
      #expect(commit.partitionsChanged.allSatisfy { $0.state == .open })
      #expect(try await Archive(at: folder, log: log("acme")).recentCommits(limit: 1) == [commit])
      #expect(try #require(try await Archive(at: folder, log: log("acme")).verify()).findings.isEmpty)
      let path = ArchivePaths(log("acme")).commit(2)
      #expect(
        try members("\(folder)/\(path)")["coverage_withdrawn"] as? [[String: String]]
          == [["from": "2024-02-12T18:00:00.000000Z", "to": "2024-02-14T00:00:00.000000Z"]])
    }
  }

  @Test func `the manifest equals the fold of the commits, byte for byte`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder)
      var state: Manifest?
      for number in 1...6 {
        let path = ArchivePaths(log("acme")).commit(number)
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(path)")))
        let commit = try ArchiveJSON.decode(Commit.self, from: bytes, path: path)
        #expect(ArchiveJSON.encode(commit) == bytes)
        state.apply(commit, sha256: sha256(bytes))
      }
      let onDisk = try Data(contentsOf: URL(filePath: "\(folder)/_manifest/acme/manifest.json"))
      #expect(ArchiveJSON.encode(try #require(state)) == [UInt8](onDisk))
    }
  }

  @Test func `a commit record that does not follow from the state is refused on read and write`() async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder)
      let state = try #require(try await Archive(at: folder, log: log("acme")).read())
      let last = try #require(try await Archive(at: folder, log: log("acme")).recentCommits(limit: 1).first)
      let path = ArchivePaths(log("acme")).commit(7)
      func refusal(_ change: (inout Commit) -> Void) async throws -> Finding? {
        var next = last
        next.standing.commit = 7
        next.previousCommitSHA256 = state.commitSHA256
        change(&next)
        try Data(ArchiveJSON.encode(next)).write(to: URL(filePath: "\(folder)/\(path)"))
        let reading = try await archiveError { try await Archive(at: folder, log: log("acme")).read() }
        let writing = try await archiveError { try await withWriter(folder) { _ in } }
        #expect(reading == writing)
        guard case .damaged(let finding)? = reading else { return nil }
        #expect(finding.path == path)
        return finding
      }
      let before = try tree(folder)
      #expect(try await refusal { $0.standing.commit = 6 }?.problem.kind == .brokenChain)
      #expect(
        try await refusal { $0.previousCommitSHA256 = String(repeating: "0", count: 64) }?.problem.kind
          == .brokenChain)
      #expect(try await refusal { $0.standing.source.query = "event:login" }?.problem.kind == .inconsistent)
      #expect(try await refusal { $0.standing.coverage = Coverage() }?.problem.kind == .wrongCoverage)
      #expect(
        try await refusal { $0.filesRemoved = [state.partitions[0].files[0].path] }?.problem.kind
          == .inconsistent)
      #expect(try await refusal { $0.standing.schema = "audit-log-2" }?.problem.kind == .schemaMismatch)
      try FileManager.default.removeItem(atPath: "\(folder)/\(path)")
      #expect(try tree(folder) == before)
      #expect(try await refusal { _ in } == nil)
      #expect(try await Archive(at: folder, log: log("acme")).read()?.commit == 7)
    }
  }

  /// Changes one text in the manifest and returns the error of reading it.
  private func reading(_ folder: String, _ text: String, changedTo other: String) async throws
    -> ArchiveError?
  {
    let path = "\(folder)/_manifest/acme/manifest.json"
    let before = try String(contentsOfFile: path, encoding: .utf8)
    #expect(before.contains(text), "\(text)")
    try write(before.replacingOccurrences(of: text, with: other), to: path)
    defer { #expect(throws: Never.self) { try write(before, to: path) } }
    do {
      _ = try await Archive(at: folder, log: log("acme")).read()
      return nil
    } catch {
      return error
    }
  }

  @Test func `a newer format is refused with both names, and an unknown member is ignored`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let newer = try await reading(
        folder, "cloudsmith-audit-export/1", changedTo: "cloudsmith-audit-export/2")
      #expect(
        newer.map { "\($0)" }
          == "_manifest/acme/manifest.json has the format cloudsmith-audit-export/2"
          + ", but this version reads cloudsmith-audit-export/1")
      await #expect(
        try reading(folder, "{\n  \"commit\"", changedTo: "{\n  \"new\": {\"a\": [1]},\n  \"commit\"") == nil)
    }
  }

  @Test
  func
    `where a manifest cannot be right the commits tell the state, and without them it is refused, saying where`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let path = "_manifest/acme/manifest.json"
      let before = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
      let state = try await Archive(at: folder, log: log("acme")).read()
      let changes = [
        ("\"rows\" : 5", "\"rows\" : -5"), ("\"rows\" : 5", "\"rows\" : \"5\""),
        ("\"revision\" : 1", "\"revision\" : 2"), ("\"state\" : \"", "\"state\" : \"un"),
        (
          "\"gaps\" : [\n",
          "\"gaps\" : [ {\"from\": \"2024-02-12T00:00:00.000000Z\", \"to\": \"2024-02-13T00:00:00.000000Z\"}\n"
        ),
        ("high_water_mark\" : \"2024-02-13T", "high_water_mark\" : \"2024-02-14T"),
        ("00:00:00.000000Z", "00:00:00Z"), ("\"audit-log-1\"", "\"audit-log-2\""),
        ("cloudsmith-audit-export/1", "restic/1"),
        ("\"organization\" : \"acme\"", "\"organization\" : \"other\""),
        ("\"organization\" : \"acme\"", "\"organization\" : \"../acme\""),
        ("csv/organization=acme/event_date=2024-02-12/", "csv/organization=acme/event_date=2024-02-13/"),
        ("csv/organization=acme/", "../../etc/"), ("\"commit\" : 1", "\"commit\" : 0"),
        ("\"commit_sha256\" : \"", "\"commit_sha256\" : \"A"), ("\"event_date\"", "\"event_day\""),
        ("\"quarantined_records\" : 0", "\"quarantined_records\" : 1"), ("}", ""),
      ]
      for (text, other) in changes {
        try write(before.replacingOccurrences(of: text, with: other), to: "\(folder)/\(path)")
        #expect(try await Archive(at: folder, log: log("acme")).read() == state, "\(text) → \(other)")
        try await withWriter(folder) { #expect($0.manifest == state, "\(text) → \(other)") }
      }
      for bytes in [[], [UInt8](repeating: 0, count: 4_096), Array("{".utf8), [0xFF, 0xFE]] {
        try Data(bytes).write(to: URL(filePath: "\(folder)/\(path)"))
        #expect(try await Archive(at: folder, log: log("acme")).read() == state)
        try await withWriter(folder) { writer in
          #expect(writer.recovery.rebuilt?.path == path && writer.manifest == state)
        }
        #expect(try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8) == before)
      }
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest/acme/commits")
      for (text, other) in changes where !derived.contains(text) {
        let error = try await reading(folder, text, changedTo: other)
        guard case .damaged(let finding) = error, finding.path == path else {
          Issue.record("\(text) → \(other): \(String(describing: error))")
          continue
        }
        #expect(!finding.description.contains("\n"), "\(finding)")
      }
    }
  }

  /// What follows from the rest is not read.
  private let derived = [
    "\"gaps\" : [\n", "high_water_mark\" : \"2024-02-13T", "\"quarantined_records\" : 0",
  ]
}
