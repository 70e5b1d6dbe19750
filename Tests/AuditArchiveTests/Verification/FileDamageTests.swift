import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// Each kind of damage to data files is found with the right name, and nothing else is reported.
@Suite(.fewAtOnce) struct FileDamageTests {
  private let day12 = "2024-02-12"

  /// Damages an archive, and expects exactly these kinds at the paths that `damage` returns them for.
  private func expect(
    _ claims: [(kind: String, path: String)], quick: [String]? = nil, in archive: ExampleArchive,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let found = try await archive.findings()
    #expect(found == claims.map { "\($0.kind) \($0.path)" }.sorted(), sourceLocation: sourceLocation)
    guard let quick else { return }
    var settings = VerificationSettings()
    settings.isQuick = true
    let kinds = try await archive.verify(settings).findings.map(\.problem.kind.rawValue)
    #expect(kinds == quick, "quick", sourceLocation: sourceLocation)
  }

  @Test func `an undamaged archive has no findings and complete counts`() async throws {
    try await ExampleArchive.with { archive in
      let before = try tree(archive.folder)
      let report = try await archive.verify()
      #expect(report.findings.isEmpty, "\(report.findings)")
      #expect(report.commits == .init(sound: 7, total: 7))
      #expect(report.days == .init(sound: 5, total: 5))
      let files = try await archive.manifest.partitions.reduce(0) { $0 + $1.files.count }
      #expect(files >= 5 && report.files == .init(sound: files, total: files))
      #expect(report.rows == .init(sound: 73, total: 73))
      #expect(report.quarantineFiles == .init(sound: 2, total: 2))
      #expect(report.emptyDays == [day("2024-02-13"), day("2024-02-14")])
      #expect(report.found == window("2024-02-12T00:00:00Z", "2024-02-17T00:00:00Z"))
      #expect(report.gaps.isEmpty && report.manifestCommit == 7 && report.newestCommit == 7)
      #expect(try tree(archive.folder) == before)
    }
  }

  @Test func `a deleted part is missing`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.remove(part)
      try await expect([("missing", part)], quick: ["missing"], in: archive)
      let report = try await archive.verify()
      #expect(report.days == .init(sound: 4, total: 5) && report.rows == .init(sound: 64, total: 73))
      #expect(report.findings.first?.day == day(day12) && report.findings.first?.commit == 3)
    }
  }

  @Test func `a truncated part is altered and unreadable`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.edit(part) { $0.removeLast(12) }
      try await expect([("altered", part), ("unreadable", part)], quick: ["altered"], in: archive)
    }
  }

  @Test func `an empty part is altered and unreadable`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.write([], to: part)
      try await expect([("altered", part), ("unreadable", part)], quick: ["altered"], in: archive)
    }
  }

  @Test func `a part with bytes after its end is altered, and has no other finding`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.edit(part) { $0 += [1, 2, 3] }
      try await expect([("altered", part)], quick: ["altered"], in: archive)
    }
  }

  @Test func `any flipped bit of a part is found, and no other file is reported`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      let bytes = try archive.bytes(part)
      for index in stride(from: 0, to: bytes.count, by: 7) {
        try archive.edit(part) { $0[index] ^= 1 << UInt8(index % 8) }
        let findings = try await archive.verify().findings
        #expect(findings.first?.problem.kind == .altered, "byte \(index)")
        #expect(findings.allSatisfy { $0.path == part }, "byte \(index): \(findings)")
        try archive.write(bytes, to: part)
      }
    }
  }

  @Test func `the same rows compressed otherwise are altered and have no other finding`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.editLines(part, level: 9) { _ in }
      try await expect([("altered", part)], in: archive)
    }
  }

  @Test func `a changed cell is reported as altered and wrong content`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.editLines(part) { lines in
        for index in lines.indices.dropFirst() { lines[index].replace("ann", with: "a") }
      }
      try await expect([("altered", part), ("wrong-content", part)], in: archive)
    }
  }

  @Test func `a removed row is reported as altered and miscounted`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.editLines(part) { $0.remove(at: 3) }
      try await expect([("altered", part), ("miscounted", part)], in: archive)
    }
  }

  @Test func `a part with other columns is a schema mismatch`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.editLines(part) { $0[0].replace(",additional_fields", with: "") }
      try await expect([("altered", part), ("schema-mismatch", part)], in: archive)
    }
  }

  @Test func `text that is not CSV of this dialect is unreadable`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.editLines(part) { $0[4].removeLast() }
      try await expect([("altered", part), ("unreadable", part)], in: archive)
      guard case .unreadable(let why, _) = try await archive.verify().findings.last?.problem else { return }
      #expect(why.hasPrefix("row 4"), "\(why)")
    }
  }

  @Test func `rows out of order are found in an altered file and in one sealed that way`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.editLines(part) { $0.swapAt(3, 4) }
      try await expect([("altered", part), ("out-of-order", part)], in: archive)
    }
    try await ExampleArchive.with { archive in
      try await archive.reseal(day12) { $0.swapAt(3, 4) }
      try await expect([("out-of-order", archive.part(day12))], quick: [], in: archive)
      await #expect(try archive.verify().findings.first?.problem == .outOfOrder(rows: 1, first: 4))
    }
  }

  @Test func `a duplicate row is found next to the first one and far from it`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.editLines(part) { $0[4] = $0[3] }
      try await expect([("altered", part), ("duplicate", part)], in: archive)
    }
    try await ExampleArchive.with { archive in
      // The first row's uuid at the last row's time.
      try await archive.reseal(day12) { lines in
        lines[9].replace(lines[9].prefix(17), with: lines[1].prefix(17))
      }
      try await expect([("duplicate", archive.part(day12))], in: archive)
      await #expect(
        try archive.verify().findings.first?.problem == .duplicate(rows: 1, uuid: "2024-02-12-100000"))
    }
  }

  @Test func `a duplicate is found even if few rows fit in memory`() async throws {
    try await ExampleArchive.with { archive in
      var settings = VerificationSettings()
      settings.to = day(day12).end
      for limit in [1, 4, 8, 9, 20] {
        settings.identityLimit = limit
        await #expect(try archive.findings(settings).isEmpty, "\(limit)")
      }
      try await archive.reseal(day12) { lines in
        lines[9].replace(lines[9].prefix(17), with: lines[1].prefix(17))
      }
      for limit in [1, 4, 8, 9, 20] {
        settings.identityLimit = limit
        await #expect(try archive.findings(settings) == ["duplicate \(archive.part(day12))"], "\(limit)")
      }
    }
  }

  @Test func `a row of another day is found`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part(day12)
      try archive.editLines(part) { $0[9].replace(",2024-02-12T", with: ",2024-02-13T") }
      try await expect([("altered", part), ("wrong-day", part)], in: archive)
      guard case .wrongDay(1, 9, let time) = try await archive.verify().findings.last?.problem else {
        Issue.record("\(try await archive.verify().findings)")
        return
      }
      #expect(Day(containing: time) == day("2024-02-13"))
    }
  }

  @Test func `two swapped parts of a day are both altered`() async throws {
    try await ExampleArchive.with { archive in
      let (first, second) = await (try archive.part("2024-02-16", 0), try archive.part("2024-02-16", 1))
      let (one, other) = (try archive.bytes(first), try archive.bytes(second))
      try archive.write(other, to: first)
      try archive.write(one, to: second)
      let findings = try await archive.verify().findings
      #expect(Set(findings.filter { $0.problem.kind == .altered }.map(\.path)) == [first, second])
      #expect(findings.allSatisfy { [first, second].contains($0.path) })
    }
  }

  @Test func `a broken part does not hide findings in other parts`() async throws {
    try await ExampleArchive.with { archive in
      let parts = try await archive.partition("2024-02-16").files.map(\.path)
      try archive.edit(parts[0]) { $0.removeLast(20) }
      try archive.editLines(parts[1]) { $0.swapAt(1, 2) }
      try archive.remove(parts[2])
      try await archive.remove(archive.part(day12))
      try await expect(
        [
          ("missing", archive.part(day12)), ("altered", parts[0]), ("unreadable", parts[0]),
          ("altered", parts[1]), ("out-of-order", parts[1]), ("missing", parts[2]),
        ], in: archive)
    }
  }

  @Test func `a part is not reported for damage to the part before it`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part("2024-02-16")
      try archive.editLines(part) { lines in
        lines[lines.count - 1].replace(",2024-02-16T00:", with: ",2024-02-16T23:")
      }
      try await expect([("altered", part), ("wrong-content", part)], in: archive)
    }
  }

  @Test func `files that no commit names are unlisted, each with what a run does with it`() async throws {
    try await ExampleArchive.with { archive in
      let files: [(String, Finding.Problem.Unlisted)] = [
        (
          "csv/organization=acme/event_date=2024-02-12/part-00000.r0001-00000000.csv.gz",
          .returned
        ),
        ("csv/organization=acme/event_date=2024-02-12/part-00001.r0002-00000000.csv.gz", .stray),
        (
          "csv/organization=acme/event_date=2024-02-20/part-00000.r0001-00000000.csv.gz",
          .later
        ),
        ("csv/organization=acme/repository=x/part.csv.gz", .foreign),
        (
          "parquet/organization=acme/event_date=2024-02-12/part-00000.r0002-00000000.parquet", .stray
        ),
        ("quarantine/organization=acme/commit-00000000000000000001-00000000.jsonl", .stray),
        (
          "quarantine/organization=acme/commit-00000000000000000009-00000000.jsonl",
          .later
        ),
      ]
      for (path, _) in files { try archive.write([1], to: path) }
      // None of this log's business.
      try archive.write([1], to: "csv/organization=other/x")
      try archive.write([1], to: "_staging/acme/spool-00000001")
      try archive.write([1], to: "notes.txt")
      let report = try await archive.verify()
      #expect(report.findings.map(\.path) == files.map(\.0))
      #expect(report.findings.map(\.problem) == files.map { .unlisted($0.1) })
      #expect(report.files.sound == report.files.total)
    }
  }

  @Test func `files that other programs leave are noted but are not findings`() async throws {
    try await ExampleArchive.with { archive in
      let day = "csv/organization=acme/event_date=2024-02-12"
      let files: [(String, ForeignFile.Kind)] = [
        ("_manifest/acme/.DS_Store", .hidden), ("_manifest/acme/commits/.DS_Store", .hidden),
        ("csv/organization=acme/#recycle/x", .ofSystem), ("csv/organization=acme/.DS_Store", .hidden),
        ("\(day)/#part.csv#", .backup), ("\(day)/.DAV/x", .hidden), ("\(day)/._part-00000", .hidden),
        ("\(day)/.nfs00000000004a2b1c00000001", .deletedOverNFS), ("\(day)/.part.crc", .hidden),
        ("\(day)/.~lock.part.csv.gz#", .hidden), ("\(day)/@eaDir/part/x", .ofSystem),
        ("\(day)/Desktop.ini", .ofSystem), ("\(day)/Thumbs.db", .ofSystem), ("\(day)/_check-1-2", .trial),
        ("\(day)/part-00000.r0001-00000000.csv.gz.bak", .backup),
        ("\(day)/part-00000.r0001-00000000.csv.gz~", .backup),
        ("parquet/organization=acme/$RECYCLE.BIN/x", .ofSystem),
        ("quarantine/organization=acme/.snapshot/commit-00000000000000000001-00000000.jsonl", .hidden),
      ]
      for (path, _) in files { try archive.write([1], to: path) }
      let report = try await archive.verify()
      #expect(report.findings.isEmpty, "\(report.findings)")
      #expect(report.foreignFiles.map(\.path) == files.map(\.0))
      #expect(report.foreignFiles.map(\.kind) == files.map(\.1))
      // No run takes one for a leftover of its own.
      let before = Set(
        try tree(archive.folder).keys.filter { $0.contains("DS_Store") || $0.contains(".nfs") })
      try await withWriter(archive.folder) { writer in
        #expect(writer.recovery.deleted.isEmpty && writer.recovery.damaged.isEmpty)
      }
      #expect(
        Set(try tree(archive.folder).keys.filter { $0.contains("DS_Store") || $0.contains(".nfs") }) == before
      )
    }
  }

  @Test func `an organization whose slug begins with a dot has no foreign files`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      let source = ArchiveSource(apiHost: acme.apiHost, log: log(".acme"))
      try await writeHistory(folder, source)
      try write("x", to: "\(folder)/csv/organization=.acme/x")
      let report = try #require(try await Archive(at: folder, log: log(".acme")).verify())
      #expect(report.findings.map(\.problem) == [.unlisted(.foreign)] && report.foreignFiles.isEmpty)
    }
  }

  @Test func `quarantine files are checked like parts`() async throws {
    try await ExampleArchive.with { archive in
      let files = try await archive.manifest.quarantine.map(\.path)
      try archive.remove(files[0])
      try archive.edit(files[1]) { $0[2] ^= 1 }
      try await expect([("missing", files[0]), ("altered", files[1])], quick: ["missing"], in: archive)
      await #expect(try archive.verify().quarantineFiles == .init(sound: 0, total: 2))
    }
    try await ExampleArchive.with { archive in
      let file = try await #require(try archive.manifest.quarantine.last?.path)
      try archive.edit(file) { $0 += $0 }
      try await expect([("altered", file)], quick: ["altered"], in: archive)
    }
  }

  @Test func `with a range, only its days and the newest commit are read`() async throws {
    try await ExampleArchive.with { archive in
      try await archive.remove(archive.part(day12))
      try await archive.remove(archive.part("2024-02-15"))
      var settings = VerificationSettings()
      settings.from = at("2024-02-13T12:00:00Z")
      settings.to = at("2024-02-15T00:00:00Z")
      let report = try await archive.verify(settings)
      #expect(report.findings.isEmpty)
      #expect(report.days == .init(sound: 2, total: 2))
      #expect(report.commits == .init(sound: 1, total: 1) && report.firstCommit == 7)
      #expect(report.found == window("2024-02-13T12:00:00Z", "2024-02-15T00:00:00Z"))
      settings.to = at("2024-02-15T00:00:00.000001Z")
      await #expect(try archive.findings(settings) == ["missing \(archive.part("2024-02-15"))"])
    }
  }
}
