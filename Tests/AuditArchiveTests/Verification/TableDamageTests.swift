import AuditArchive
import AuditRecord
import DeltaTable
import Foundation
import TestSupport
import Testing

/// Damage of an archive's Delta Lake table is found; a run at work, or one that was killed, is not mistaken for it.
@Suite(.fewAtOnce) struct TableDamageTests {
  private let deltaLog = "parquet/_delta_log"

  private func path(_ version: Int) -> String { "parquet/\(TableLogFile.version(version).path)" }

  private func globex(
    _ archive: ExampleArchive, patience: () -> Void = {}
  ) async throws -> VerificationReport {
    try #require(try await Archive(at: archive.folder, log: log("globex")).verify(patience: patience))
  }

  /// Changes the lines of a version.
  private func edit(
    _ version: Int, in archive: ExampleArchive, _ change: (inout [String]) throws -> Void
  ) throws {
    try archive.edit(path(version)) { bytes in
      var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      try change(&lines)
      bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
    }
  }

  /// Changes the action that adds a part.
  private func editAdd(
    of part: String, _ version: Int, in archive: ExampleArchive, _ change: (String) -> [String]
  ) throws {
    try edit(version, in: archive) { lines in
      let place = try #require(
        lines.firstIndex { $0.hasPrefix(#"{"add""#) && $0.contains(part.dropFirst("parquet/".count)) })
      lines.replaceSubrange(place...place, with: change(lines[place]))
    }
  }

  private func parquetPart(_ day: String, _ archive: ExampleArchive) async throws -> String {
    try #require(try await archive.partition(day).files.first { $0.format == .parquet }?.path)
  }

  private func write(_ lines: [String], as version: Int, in archive: ExampleArchive) throws {
    try archive.write((lines.joined(separator: "\n") + "\n").utf8, to: path(version))
  }

  // MARK: Sound tables

  @Test func `a table of two logs is sound, in every form of verify`() async throws {
    try await ExampleArchive.withTable(isDamaged: false) { archive in
      var quick = VerificationSettings()
      quick.isQuick = true
      var since = VerificationSettings()
      since.since = ProvenCommit(number: 5, sha256: sha256(try archive.bytes(archive.paths.commit(5))))
      var range = VerificationSettings()
      range.from = at("2024-02-14T00:00:00Z")
      for settings in [VerificationSettings(), quick, since, range] {
        let report = try await archive.verify(settings)
        #expect(report.findings == [] && report.foreignFiles == [] && report.foreignTableVersions == [])
        let table = try #require(report.table)
        #expect(table.version == 7 && table.commit == 5 && table.commitVersion == 3)
        #expect(table.commitsLacking == 0)
      }
      let report = try await globex(archive)
      #expect(report.findings == [] && report.table?.commit == 5 && report.table?.commitVersion == 7)
    }
  }

  @Test func `the table of logs of repositories is sound`() async throws {
    try await withTemporaryFolder { folder in
      for name in ["acme/one", "acme/two"] {
        let source = ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log(name))
        try await writeHistory(folder, source, settings: ExampleArchive.tableSettings)
      }
      let report = try await Archive(at: folder, log: log("acme/one")).verify()
      #expect(report?.findings == [] && report?.table?.version == 7)
    }
  }

  @Test func `the table's state is the same without its position, and nil for an archive that is no table`()
    async throws
  {
    try await ExampleArchive.withTable(isDamaged: false) { archive in
      let acme = Archive(at: archive.folder, log: log("acme"))
      let manifest = try await archive.manifest
      let state = try #require(try await acme.table(of: manifest))
      #expect(state.version == 7 && state.commit == 5 && state.commitVersion == 3)
      #expect(state.commitsLacking == 0)
      #expect(try await acme.changes(since: 0)?.tableVersion == 3)
      for bytes in ["{", #"{"commit":5,"format":"cloudsmith-audit-export/1","version":99}"#] {
        try archive.write(bytes.utf8, to: archive.paths.table)
        #expect(try await acme.table(of: manifest) == state)
      }
      try archive.remove(archive.paths.table)
      #expect(try await acme.table(of: manifest) == state)
      #expect(try await archive.findings() == [])
    }
    try await ExampleArchive.with { archive in
      let acme = Archive(at: archive.folder, log: log("acme"))
      let manifest = try await archive.manifest
      #expect(try await acme.table(of: manifest) == nil)
      #expect(try await acme.changes(since: 0)?.tableVersion == nil)
      #expect(try await archive.verify().table == nil)
    }
  }

  // MARK: Files

  @Test func `a file with other facts, one too many and a missing one are reported under their paths`()
    async throws
  {
    let changes: [(String) -> [String]] = [
      { [$0.replacing(#/"size":\d+/#, with: #""size":1"#)] },
      { [$0.replacing(#"\"numRecords\":9"#, with: #"\"numRecords\":8"#)] },
      { [$0.replacing(#"minValues\":{\"event_at\":\"2024"#, with: #"minValues\":{\"event_at\":\"2023"#)] },
      {
        [
          $0.replacing(
            #"maxValues\":{\"event_at\":\"2024-02-12"#, with: #"maxValues\":{\"event_at\":\"2024-02-11"#)
        ]
      },
      { [$0.replacing(#""event_date":"2024-02-12""#, with: #""event_date":"2024-02-13""#)] },
      { [$0.replacing(#""organization":"acme""#, with: #""organization":"globex""#)] },
      { _ in [] },
    ]
    for change in changes {
      try await ExampleArchive.withTable { archive in
        let part = try await parquetPart("2024-02-12", archive)
        try editAdd(of: part, 2, in: archive, change)
        try await archive.expectFindings([("wrong-table", part)])
      }
    }
    try await ExampleArchive.withTable { archive in
      let part = try await parquetPart("2024-02-12", archive)
      let other = part.replacing("part-00000", with: "part-00001")
      try editAdd(of: part, 2, in: archive) { [$0, $0.replacing("part-00000", with: "part-00001")] }
      try await archive.expectFindings([("wrong-table", other)])
      #expect(try await globex(archive).findings == [])
    }
  }

  // MARK: Versions

  @Test func `missing versions are one finding, and files are not compared then`() async throws {
    for missing in [[0], [2], [1, 2], [0, 1, 2, 3, 4, 5, 6]] {
      try await ExampleArchive.withTable { archive in
        for number in missing { try archive.remove(path(number)) }
        try await archive.expectFindings([("wrong-table", path(missing[0]))])
        let problem = try await archive.verify().findings.first?.problem
        #expect(problem == .wrongTable(.gap(from: missing[0], upTo: missing.last ?? 0)))
      }
    }
  }

  @Test func `a version that cannot be read is reported, and so is a folder or a link in its place`()
    async throws
  {
    try await ExampleArchive.withTable { archive in
      let bytes = try archive.bytes(path(2))
      for damaged in [Array(bytes.prefix(bytes.count / 2)), Array("[]\n".utf8), [0, 0]] {
        try archive.write(damaged, to: path(2))
        try await archive.expectFindings([("wrong-table", path(2))])
      }
      try archive.remove(path(2))
      try archive.write(bytes, to: path(2) + "/00000000000000000002.json")
      #expect(try await archive.verify().findings.contains { $0.path == path(2) })
      try archive.remove(path(2))
      try link(archive.full(path(2)), to: archive.full(path(1)))
      #expect(try await archive.verify().findings.contains { $0.path == path(2) })
    }
    try await ExampleArchive.withTable { archive in
      try archive.remove(deltaLog)
      try archive.write("x".utf8, to: deltaLog)
      try await archive.expectFindings([("irregular", deltaLog)])
    }
  }

  @Test func `a table without its log is reported, and the next run rebuilds it with the same id`()
    async throws
  {
    try await ExampleArchive.withTable(isDamaged: false) { archive in
      let first = try TableVersion(reading: archive.bytes(path(0)))
      try archive.remove(deltaLog)
      try await archive.expectFindings([("wrong-table", deltaLog)])
      let report = try await archive.verify()
      #expect(report.findings.first?.problem == .wrongTable(.noLog))
      #expect(report.table?.version == nil && report.table?.commitsLacking == 3)
      try await withWriter(archive.folder, settings: ExampleArchive.tableSettings) { _ in }
      let rebuilt = try TableVersion(reading: archive.bytes(path(0)))
      func id(_ version: TableVersion) -> [String] {
        version.actions.compactMap { if case .metadata(let metadata) = $0 { metadata.id } else { nil } }
      }
      #expect(id(rebuilt) == id(first) && id(first).count == 1)
      #expect(try await archive.findings() == [])
    }
  }

  @Test func `a log that was never in a table yet is no damage`() async throws {
    try await ExampleArchive.withTable(isDamaged: false) { archive in
      try archive.remove(deltaLog)
      for name in ["acme", "globex"] { try archive.remove("_manifest/\(name)/table.json") }
      let report = try await archive.verify()
      #expect(report.findings == [] && report.table?.version == nil)
    }
  }

  @Test func `another id than that of the archive is reported, and a table that the archive does not have`()
    async throws
  {
    try await ExampleArchive.withTable { archive in
      let kind = "_manifest/archive.json"
      try archive.editRecord(kind) { $0["table"] = ["id": "00000000"] }
      try await archive.expectFindings([("wrong-table", path(0))])
      try archive.editRecord(kind) { $0["table"] = nil }
      try await archive.expectFindings([("wrong-table", deltaLog)])
      // Another program's table is ignored, unless the log has been in a table.
      try edit(0, in: archive) { $0.removeAll { $0.contains("commitInfo") } }
      try await archive.expectFindings([("wrong-table", archive.paths.table)])
      try archive.remove(archive.paths.table)
      try await archive.expectFindings([])
    }
  }

  // MARK: Other programs

  @Test func `a version of another program is a note if it changes no row, and else a finding`() async throws
  {
    let info = #"{"commitInfo":{"operation":"OPTIMIZE","engineInfo":"delta-rs:py-1.6"}}"#
    let file = #""path":"organization=initech/event_date=2024-02-12/a.parquet""#
    let values = #""partitionValues":{"organization":"initech","event_date":"2024-02-12"}"#
    func add(_ dataChange: Bool) -> String {
      #"{"add":{\#(file),\#(values),"size":9,"modificationTime":1,"dataChange":\#(dataChange)}}"#
    }
    for lines in [[info], [info, add(false)]] {
      try await ExampleArchive.withTable(isDamaged: false) { archive in
        try write(lines, as: 8, in: archive)
        let report = try await archive.verify()
        #expect(report.findings == [] && report.table?.version == 8)
        #expect(report.foreignTableVersions.map(\.path) == [path(8)])
        #expect(report.foreignTableVersions.first?.engine == "delta-rs:py-1.6")
        #expect(report.foreignTableVersions.first?.operation == "OPTIMIZE")
      }
    }
    let changing = [
      [info, add(true)], [add(true)], [info, #"{"protocol":{"minReaderVersion":1,"minWriterVersion":1}}"#],
      [info, #"{"txn":{"appId":"cloudsmith-audit-export:acme","version":4}}"#],
    ]
    for lines in changing {
      try await ExampleArchive.withTable { archive in
        try write(lines, as: 8, in: archive)
        try await archive.expectFindings([("wrong-table", path(8))])
      }
    }
  }

  @Test func `a compaction of the log's files by another program is reported`() async throws {
    try await ExampleArchive.withTable { archive in
      let part = try await parquetPart("2024-02-12", archive)
      let compacted = "parquet/organization=acme/event_date=2024-02-12/compacted.parquet"
      try archive.write(archive.bytes(part), to: compacted)
      func action(_ name: String, _ path: String) -> String {
        #"{"\#(name)":{"path":"\#(path.dropFirst(8))","dataChange":false,"size":1,"modificationTime":1,"#
          + #""partitionValues":{"organization":"acme","event_date":"2024-02-12"}}}"#
      }
      try write([action("remove", part), action("add", compacted)], as: 8, in: archive)
      try await archive.expectFindings([
        ("unlisted", compacted), ("wrong-table", compacted), ("wrong-table", part),
      ])
    }
  }

  // MARK: Runs

  @Test func `a table that lacks one commit is no damage, and one that lacks two is`() async throws {
    try await ExampleArchive.withTable(isDamaged: false) { archive in
      try archive.remove(path(7))
      let report = try await globex(archive)
      #expect(report.findings == [] && report.table?.commit == 3 && report.table?.commitsLacking == 1)
      // Its files are compared nevertheless.
      let part = try #require(
        try await Archive(at: archive.folder, log: log("globex")).read()?.partition(day("2024-02-12"))?.files
          .first { $0.format == .parquet }?.path)
      let bytes = try archive.bytes(path(6))
      try editAdd(of: part, 6, in: archive) { [$0.replacing(#/"size":\d+/#, with: #""size":1"#)] }
      #expect(try await globex(archive).findings.map(\.path) == [part])
      try archive.write(bytes, to: path(6))
    }
    try await ExampleArchive.withTable { archive in
      for number in [6, 7] { try archive.remove(path(number)) }
      let report = try await globex(archive)
      #expect(
        report.findings.map(\.problem) == [.wrongTable(.behind(commit: 2, newest: 5))], "\(report.findings)")
      #expect(try await archive.findings() == [])
    }
  }

  @Test func `a run that appends the version meanwhile is waited for`() async throws {
    try await ExampleArchive.withTable(isDamaged: false) { archive in
      let bytes = try archive.bytes(path(7))
      try archive.remove(path(7))
      var looks = 0
      let report = try await globex(archive) {
        looks += 1
        if looks == 2 { try? archive.write(bytes, to: path(7)) }
      }
      #expect(looks == 2 && report.findings == [] && report.table?.commitsLacking == 0)
    }
  }

  @Test func `a commit that a run makes meanwhile is not mistaken for damage`() async throws {
    try await ExampleArchive.withTable { archive in
      let before = try tree(archive.folder)
      try await withWriter(archive.folder, settings: ExampleArchive.tableSettings) {
        try await $0.commit(["2024-02-12": events("2024-02-12", 11), "2024-02-18": events("2024-02-18", 2)])
      }
      let after = try tree(archive.folder)
      let new = after.filter { before[$0.key] != $0.value }
      for path in new.keys where before[path] == nil { try archive.remove(path) }
      for (path, bytes) in before where after[path] != bytes { try archive.write(bytes, to: path) }
      try await archive.expectFindings([])
      var isDone = false
      let report = try await Archive(at: archive.folder, log: log("acme")).verify(observe: { progress in
        guard progress.day != nil, !isDone else { return }
        for (path, bytes) in new { try? archive.write(bytes, to: path) }
        isDone = true
      })
      #expect(isDone && report?.findings == [], "\(report?.findings ?? [])")
      #expect(report?.table?.version == 8 && report?.table?.commit == 5)
    }
  }

  /// A run makes a commit, and the table is made again with it, after the state was read.
  @Test func `a first version of the table with a later commit is compared with that commit`() async throws {
    for isWrong in [false, true] {
      try await ExampleArchive.withTable { archive in
        let before = try tree(archive.folder).filter { !$0.key.hasSuffix("/") }
        try await withWriter(archive.folder, settings: ExampleArchive.tableSettings) {
          try await $0.commit([
            "2024-02-12": events("2024-02-12", 11), "2024-02-18": events("2024-02-18", 2),
          ])
        }
        try archive.remove(deltaLog)
        try await withWriter(archive.folder, settings: ExampleArchive.tableSettings) { _ in }
        let part = try await parquetPart("2024-02-18", archive)
        if isWrong { try editAdd(of: part, 0, in: archive) { _ in [] } }
        let after = try tree(archive.folder).filter { !$0.key.hasSuffix("/") }
        try archive.remove(deltaLog)
        for path in after.keys where before[path] == nil && !path.hasPrefix(deltaLog) {
          try archive.remove(path)
        }
        for (path, bytes) in before where after[path] != bytes || path.hasPrefix(deltaLog) {
          try archive.write(bytes, to: path)
        }
        try await archive.expectFindings([])
        var isDone = false
        let report = try await Archive(at: archive.folder, log: log("acme")).verify(observe: { progress in
          guard progress.day != nil, !isDone else { return }
          isDone = true
          try? archive.remove(deltaLog)
          for (path, bytes) in after where before[path] != bytes || path.hasPrefix(deltaLog) {
            try? archive.write(bytes, to: path)
          }
        })
        #expect(isDone && report?.table?.version == 0 && report?.table?.commit == 7)
        #expect(report?.findings.map(\.path) == (isWrong ? [part] : []), "\(report?.findings ?? [])")
      }
    }
  }

  @Test func `a version that names another commit record is reported`() async throws {
    try await ExampleArchive.withTable { archive in
      try edit(3, in: archive) { lines in
        lines = lines.map { $0.replacing(#/"txnId":"[0-9a-f]{8}/#, with: #""txnId":"00000000"#) }
      }
      try await archive.expectFindings([("wrong-table", path(3))], isQuickToo: false)
      let commit = sha256(try archive.bytes(archive.paths.commit(5)))
      guard case .wrongTable(.otherCommit(commit, _))? = try await archive.verify().findings.first?.problem
      else {
        Issue.record("\(try await archive.verify().findings)")
        return
      }
      // Only the newest version of the log is compared.
      #expect(try await globex(archive).findings == [])
    }
  }

  @Test func `a table with a later commit than the archive has is reported`() async throws {
    try await ExampleArchive.withTable { archive in
      for number in [5, 6] { try archive.remove(archive.paths.commit(number)) }
      try archive.remove(archive.paths.manifest)
      let findings = try await archive.verify().findings
      #expect(findings.contains { $0.problem == .wrongTable(.ahead(commit: 5, newest: 4)) }, "\(findings)")
    }
  }
}
