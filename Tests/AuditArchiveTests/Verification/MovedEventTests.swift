import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// An event whose time the API corrected between two exports is on two days. It is found, without false positives.
@Suite(.fewAtOnce) struct MovedEventTests {
  private let days = ["2024-02-12", "2024-02-13", "2024-02-15"]
  private static let limits = [1, 2, 3, 5, 8, 16, 1 << 20]

  private func settings(limit: Int) -> VerificationSettings {
    var settings = VerificationSettings()
    settings.archiveIdentityLimit = limit
    return settings
  }

  private func verify(_ folder: String, _ settings: VerificationSettings = VerificationSettings())
    async throws
    -> VerificationReport
  {
    try await ExampleArchive(folder: folder).verify(settings)
  }

  /// Ten events a day; `moved` of the first day stand on the last one too.
  private func write(_ folder: String, formats: Set<PartFormat> = [.csv], moved: Int) async throws {
    var settings = WriterSettings(toolVersion: "1.0.0")
    settings.formats = formats
    settings.partSizeLimit = 600
    try await withWriter(folder, settings: settings) { writer in
      for text in days { try await writer.commit([text: events(text, 10)]) }
      guard moved > 0 else { return }
      try await writer.commit([days[2]: events(days[2], 10) + copies(moved)])
    }
  }

  /// The first events of the first day as the API shows them later.
  private func copies(_ count: Int) -> [Event] {
    events(days[0], count).enumerated().map { index, event in
      Event("\(days[2])T20:00:0\(index)Z", event.uuid)
    }
  }

  @Test(arguments: [[.csv], [.parquet], [.csv, .parquet]] as [Set<PartFormat>])
  func `an event on two days is found in any format, however few rows are held in memory`(
    formats: Set<PartFormat>
  ) async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await write(folder, formats: formats, moved: 2)
      let files = try #require(
        try await Archive(at: folder, log: log("acme")).read()?.partition(day(days[2]))
      ).files
      #expect(files.count > formats.count)
      for limit in MovedEventTests.limits {
        let report = try await verify(folder, settings(limit: limit))
        let finding = try #require(report.findings.first, "\(limit)")
        #expect(report.findings.count == 1, "\(limit): \(report.findings)")
        #expect(
          finding.problem == .duplicate(rows: 2, uuid: "2024-02-12-100000", otherDay: day(days[0])),
          "\(limit)")
        #expect(finding.day == day(days[2]) && finding.days == [day(days[0]), day(days[2])])
        #expect(finding.commit == 4 && finding.problem.kind == .duplicate)
        #expect(files.filter { $0.format == files[0].format }.last?.path == finding.path, "\(limit)")
        // Each file is as it was sealed, and each day as it was committed.
        #expect(report.rows == .init(sound: 32, total: 32) && report.days == .init(sound: 3, total: 3))
      }
    }
  }

  @Test func `an event on three days is found between the first and each later one`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await write(folder, moved: 1)
      let again = Event("\(days[1])T20:00:00Z", events(days[0], 1)[0].uuid)
      try await withWriter(folder) { try await $0.commit([days[1]: events(days[1], 10) + [again]]) }
      for limit in MovedEventTests.limits {
        await #expect(
          try verify(folder, settings(limit: limit)).findings.map(\.days)
            == [[day(days[0]), day(days[1])], [day(days[0]), day(days[2])]], "\(limit)")
      }
    }
  }

  @Test func `days replaced with what the API shows now are sound`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await write(folder, moved: 2)
      await #expect(try verify(folder).findings.count == 1)
      try await withWriter(folder) { writer in
        try await writer.commit([
          days[0]: Array(events(days[0], 10).dropFirst(2)), days[2]: events(days[2], 10) + copies(2),
        ])
      }
      for limit in MovedEventTests.limits {
        await #expect(try verify(folder, settings(limit: limit)).findings.isEmpty, "\(limit)")
      }
    }
  }

  @Test func `only days within the range are compared`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await write(folder, moved: 1)
      var part = VerificationSettings()
      part.from = day(days[1]).start
      await #expect(try verify(folder, part).findings.isEmpty)
      part.from = day(days[0]).start
      part.to = day(days[1]).end
      await #expect(try verify(folder, part).findings.isEmpty)
      part.to = day(days[2]).end
      await #expect(try verify(folder, part).findings.count == 1)
      part.isQuick = true
      await #expect(try verify(folder, part).findings.isEmpty)
    }
  }

  @Test func `two uuids with the same 64-bit hash are not mistaken for one event`() async throws {
    var random = SeededRandom(seed: 1)
    let (one, other) = collidingUUIDs(&random)
    #expect(one != other)
    #expect(
      IdentityHash(Array(one.utf8).span) == IdentityHash(Array(other.utf8).span), "\(one) and \(other)")
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await withWriter(folder) { writer in
        try await writer.commit([
          days[0]: [Event("\(days[0])T01:00:00Z", one)], days[1]: [Event("\(days[1])T01:00:00Z", other)],
          days[2]: events(days[2], 4),
        ])
      }
      for limit in MovedEventTests.limits {
        await #expect(try verify(folder, settings(limit: limit)).findings.isEmpty, "\(limit)")
      }
      // Beside a collision a moved event is found still.
      try await withWriter(folder) { writer in
        try await writer.commit([days[2]: events(days[2], 4) + [Event("\(days[2])T01:00:00Z", other)]])
      }
      for limit in MovedEventTests.limits {
        await #expect(
          try verify(folder, settings(limit: limit)).findings.map(\.problem)
            == [.duplicate(rows: 1, uuid: other, otherDay: day(days[1]))], "\(limit)")
      }
    }
  }

  @Test func `a duplicate uuid within one day is a finding of that day only`() async throws {
    try await ExampleArchive.with { archive in
      try await archive.reseal("2024-02-12") { lines in
        lines[9].replace(lines[9].prefix(17), with: lines[1].prefix(17))
      }
      for limit in MovedEventTests.limits {
        await #expect(
          try archive.findings(settings(limit: limit)) == ["duplicate \(archive.part("2024-02-12"))"],
          "\(limit)")
      }
    }
  }

  @Test func `rows of a damaged part are not compared with other days`() async throws {
    try await ExampleArchive.with { archive in
      let (part, other) = await (try archive.part("2024-02-12"), try archive.part("2024-02-15"))
      try archive.write(try archive.bytes(other), to: part)
      for limit in MovedEventTests.limits {
        await #expect(
          try archive.verify(settings(limit: limit)).findings.allSatisfy { $0.path == part }, "\(limit)")
      }
    }
  }

  @Test func `parts are read once if all identities fit in memory, and progress counts repeated reads`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await write(folder, formats: [.csv, .parquet], moved: 0)
      let files = try #require(try await Archive(at: folder, log: log("acme")).read()).partitions.flatMap(
        \.files)
      let bytes = files.reduce(0) { $0 + $1.bytes }
      let csv = files.filter { $0.format == .csv }.reduce(0) { $0 + $1.bytes }
      func passes(_ limit: Int) async throws -> Int {
        var last: VerificationProgress?
        let report = try await Archive(at: folder, log: log("acme")).verify(
          settings(limit: limit), observe: { last = $0 })
        #expect(report?.findings.isEmpty == true)
        let progress = try #require(last)
        #expect(progress.bytes == progress.totalBytes && (progress.bytes - bytes) % csv == 0)
        return (progress.bytes - bytes) / csv
      }
      await #expect(try passes(1 << 20) == 0)
      await #expect(try passes(30) == 0)
      // Of the parts in one format only, and about as often as the rows are more than fit.
      await #expect((1...7).contains(try passes(15)))
      await #expect((2...63).contains(try passes(2)))
    }
  }

  @Test func `an event moved by a run during verification is not reported on two days`()
    async throws
  {
    // First on the first day; the run takes it from there and puts it on the last.
    let moved = copies(1)
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await write(folder, moved: 0)
      let before = try tree(folder)
      try await withWriter(folder) { writer in
        try await writer.commit([
          days[0]: Array(events(days[0], 10).dropFirst()), days[2]: events(days[2], 10) + moved,
        ])
      }
      let after = try tree(folder)
      func restore(_ files: [String: Data]) throws {
        for path in try tree(folder).keys where !path.hasSuffix("/") {
          try FileManager.default.removeItem(atPath: "\(folder)/\(path)")
        }
        for (path, bytes) in files where !path.hasSuffix("/") {
          try bytes.write(to: URL(filePath: "\(folder)/\(path)"))
        }
      }
      // The old part of the first day may still be there: a reader has it open, or the run has not come to it.
      let old = before.filter { $0.key.contains("event_date=\(days[0])") && !$0.key.hasSuffix("/") }
      for isKept in [false, true] {
        try restore(before)
        var failure: (any Error)?
        var isDone = false
        let report = try await Archive(at: folder, log: log("acme")).verify(observe: { progress in
          guard !isDone, progress.day == day(days[1]) else { return }
          isDone = true
          do {
            try restore(isKept ? after.merging(old) { $1 } : after)
          } catch { failure = error }
        })
        #expect(failure == nil && isDone)
        let problems = report?.findings.map(\.problem.kind) ?? []
        #expect(!problems.contains(.duplicate), "kept \(isKept): \(problems)")
      }
    }
  }

  @Test(arguments: [false, true])
  func `a part that disappears before its second read is reported`(isOfOneDay: Bool) async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await write(folder, moved: isOfOneDay ? 0 : 1)
      let gone = try #require(try await Archive(at: folder, log: log("acme")).read()?.partition(day(days[2])))
      let path = try #require(gone.files.first).path
      var settings = VerificationSettings()
      if isOfOneDay { settings.identityLimit = 2 } else { settings.archiveIdentityLimit = 2 }
      var total: Int?
      let report = try await Archive(at: folder, log: log("acme")).verify(
        settings,
        observe: { progress in
          total = total ?? progress.totalBytes
          // All of it has been read once: the day, or the archive.
          let isRead = isOfOneDay ? progress.bytes == total : progress.totalBytes > total ?? 0
          if isRead { try? FileManager.default.removeItem(atPath: "\(folder)/\(path)") }
        })
      let found = try #require(report?.findings.filter { $0.problem.kind == .missing })
      #expect(found.map(\.path) == [path])
    }
  }
}
