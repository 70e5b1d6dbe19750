import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `Two formats` {
  private let day12 = "2024-02-12"
  private let day13 = "2024-02-13"

  private func settings(_ formats: Set<PartFormat>) -> WriterSettings {
    var settings = WriterSettings(toolVersion: "1.0.0")
    settings.formats = formats
    settings.partSizeLimit = 2_000
    return settings
  }

  private func findings(_ folder: String) async throws -> [Finding.Problem.Kind] {
    try #require(try await Archive(at: folder, log: log("acme")).verify()).findings.map(\.problem.kind)
  }

  @Test(arguments: [[.csv], [.parquet], [.csv, .parquet]] as [Set<PartFormat>])
  func `a day has the same rows, parts and content hash in every format`(formats: Set<PartFormat>)
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      var hash: String?
      try await withWriter(folder + "/csv") { (writer) async throws in
        hash = try await writer.commit([day12: events(day12, 100)]).partitionsChanged.first?.contentSHA256
      }
      try await withWriter(folder + "/a", settings: settings(formats)) { (writer) async throws in
        try await writer.commit([day12: events(day12, 100), day13: []])
        let partition = try #require(writer.manifest?.partition(day(day12)))
        #expect(partition.rows == 100 && partition.contentSHA256 == hash && partition.formats == formats)
        for format in formats {
          let files = partition.files.filter { $0.format == format }
          #expect(files.count > 2 && files.reduce(0) { $0 + $1.rows } == 100)
          #expect(files.map(\.rows) == partition.files.prefix(files.count).map(\.rows))
        }
        await #expect(try writer.events(of: day12) == events(day12, 100))
        // The same again changes nothing.
        #expect(try await writer.commit([day12: events(day12, 100)]).partitionsChanged == [])
        try await writer.commit([day12: events(day12, 101)])
        await #expect(try writer.events(of: day12).count == 101)
      }
      await #expect(try findings(folder + "/a") == [])
    }
  }

  @Test
  func `an added format is converted from the other, and a removed format goes with its day's next revision`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder, settings: settings([.csv])) { (writer) async throws in
        try await writer.commit([day12: events(day12, 60), day13: events(day13, 7), "2024-02-14": []])
      }
      try await withWriter(folder, settings: settings([.csv, .parquet])) { (writer) async throws in
        #expect(writer.daysToConvert == [day(day12), day(day13)] && writer.daysInOldFormats == [])
        let before = writer.manifest?.partition(day(day12))
        var change = Change(committedAt: at("2024-03-02T00:00:00Z"), lookback: .hours(24))
        for day in writer.daysToConvert { change.days.append(try await writer.stageConverted(day)) }
        _ = try await writer.commit(change)
        let after = writer.manifest?.partition(day(day12))
        #expect(after?.contentSHA256 == before?.contentSHA256 && after?.rows == before?.rows)
        #expect(writer.daysToConvert == [])
      }
      await #expect(try findings(folder) == [])
      try await withWriter(folder, settings: settings([.parquet])) { (writer) async throws in
        #expect(writer.daysToConvert == [] && writer.daysInOldFormats == [day(day12), day(day13)])
        try await writer.commit([day13: events(day13, 8)])
        #expect(writer.manifest?.partition(day(day13))?.formats == [.parquet])
        #expect(writer.manifest?.partition(day(day12))?.formats == [.csv, .parquet])
        await #expect(try writer.events(of: day13) == events(day13, 8))
      }
      await #expect(try findings(folder) == [])
      try await withWriter(folder, settings: settings([.csv])) { (writer) async throws in
        #expect(writer.daysToConvert == [day(day13)])
        var change = Change(committedAt: at("2024-03-03T00:00:00Z"), lookback: .hours(24))
        change.days = [try await writer.stageConverted(day(day13))]
        _ = try await writer.commit(change)
        await #expect(try writer.events(of: day13) == events(day13, 8))
      }
      await #expect(try findings(folder) == [])
    }
  }

  @Test func `damage to a Parquet part is reported, and the CSV part beside it is not`() async throws {
    try await ParquetArchive.with { folder, file in
      await #expect(try findings(folder) == [])
      let path = "\(folder)/\(file.path)"
      let bytes = try #require(FileManager.default.contents(atPath: path))
      for place in [0, 100, bytes.count / 2, bytes.count - 6, bytes.count - 1] {
        var altered = bytes
        altered[place] ^= 1
        try altered.write(to: URL(filePath: path))
        let report = try #require(try await Archive(at: folder, log: log("acme")).verify())
        #expect(report.findings.contains { $0.problem.kind == .altered }, "byte \(place)")
        #expect(report.findings.allSatisfy { $0.path == file.path }, "byte \(place): \(report.findings)")
      }
      try bytes.dropLast(40).write(to: URL(filePath: path))
      await #expect(try findings(folder).first == .altered)
      try FileManager.default.removeItem(atPath: path)
      await #expect(try findings(folder) == [.missing])
    }
  }

  @Test func `a damaged Parquet day is reported when it must be read, and left alone`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      var file: PartFile?
      try await withWriter(folder, settings: settings([.parquet])) { (writer) async throws in
        try await writer.commit([day12: events(day12, 60)])
        file = writer.manifest?.partition(day(day12))?.files.first
      }
      let path = "\(folder)/\(try #require(file).path)"
      var bytes = try #require(FileManager.default.contents(atPath: path))
      bytes[bytes.count / 2] ^= 0xFF
      try bytes.write(to: URL(filePath: path))
      try await withWriter(folder, settings: settings([.parquet])) { (writer) async throws in
        await #expect(throws: ArchiveError.self) { try await writer.events(of: day12) }
        await #expect(throws: ArchiveError.self) { try await writer.stageConverted(day(day12)) }
      }
    }
  }
}

/// An archive of one day in both formats.
private enum ParquetArchive {
  static func with(_ body: (_ folder: String, _ parquet: PartFile) async throws -> Void) async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      var settings = WriterSettings(toolVersion: "1.0.0")
      settings.formats = [.csv, .parquet]
      var file: PartFile?
      try await withWriter(folder, settings: settings) { (writer) async throws in
        try await writer.commit(["2024-02-12": events("2024-02-12", 60)])
        file = writer.manifest?.partition(day("2024-02-12"))?.files.last
      }
      try await body(folder, try #require(file))
    }
  }
}
