import AuditArchive
import DeltaTable
import TestSupport
import Testing

/// Checkpoints of an archive's Delta Lake table are compared with its versions.
@Suite(.fewAtOnce) struct TableCheckpointDamageTests {
  private let deltaLog = "parquet/_delta_log"

  private func path(_ version: Int) -> String { "parquet/\(TableLogFile.version(version).path)" }
  private func checkpoint(_ version: Int) -> String { "parquet/\(TableLogFile.checkpoint(version).path)" }

  private func parquetPart(_ day: String, _ archive: ExampleArchive) async throws -> String {
    try #require(try await archive.partition(day).files.first { $0.format == .parquet }?.path)
  }

  @Test func `a checkpoint that is not the sum of the versions, or is damaged, is reported`() async throws {
    try await ExampleArchive.withTable { archive in
      let sound = try archive.makeCheckpoint(6)
      try archive.write(sound.bytes, to: checkpoint(5))
      try archive.write(sound.hint.bytes, to: "\(deltaLog)/_last_checkpoint")
      try await archive.expectFindings([])
      try archive.write(archive.makeCheckpoint(5).bytes, to: checkpoint(5))
      try await archive.expectFindings([("wrong-table", checkpoint(5))], isQuickToo: false)
      try archive.write(sound.bytes.dropLast(20), to: checkpoint(5))
      try await archive.expectFindings([("wrong-table", checkpoint(5))])
      try archive.remove(checkpoint(5))
      try await archive.expectFindings([("wrong-table", checkpoint(5))])
    }
  }

  @Test func `a checkpoint of another program is a note`() async throws {
    try await ExampleArchive.withTable(isDamaged: false) { archive in
      // A Parquet file with other columns.
      let part = try await parquetPart("2024-02-12", archive)
      try archive.write(archive.bytes(part), to: checkpoint(5))
      let report = try await archive.verify()
      #expect(report.findings == [] && report.foreignTableVersions.map(\.path) == [checkpoint(5)])
    }
  }

  @Test func `a quick verification begins at a checkpoint`() async throws {
    try await ExampleArchive.withTable { archive in
      try archive.write(archive.makeCheckpoint(6).bytes, to: checkpoint(5))
      try archive.write([0], to: path(2))
      var quick = VerificationSettings()
      quick.isQuick = true
      #expect(try await archive.findings(quick) == [])
      #expect(try await archive.findings() == ["wrong-table \(path(2))"])
    }
  }
}
