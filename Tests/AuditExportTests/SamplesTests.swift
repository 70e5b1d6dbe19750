import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithEmulator
import Foundation
import PartitionFormats
import Testing

/// `samples/archive` is what the exporter makes of `samples/pages`.
@Suite struct SamplesTests {
  private static let samples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "samples")

  /// The archive as it is made anew, in a folder of its own: three days of pages, then the later events.
  private func made() async throws -> World {
    let pages = (1...3).map { SamplesTests.samples.appending(path: "pages/page-\($0).json").path }
    let world = try World(now: Timestamp(rfc3339: "2024-02-14T01:00:00Z")!) { configuration in
      configuration.events = .files(pages)
    }
    _ = try await world.export(.incremental(backfillStart: Day("2024-02-11")!.start))
    let later = try Data(contentsOf: SamplesTests.samples.appending(path: "pages/later.json"))
    try world.arrive(Array(later))
    world.clock.advance(to: Timestamp(rfc3339: "2024-02-15T01:00:00Z")!)
    _ = try await world.export(.incremental(backfillStart: nil))
    return world
  }

  @Test func `samples/archive is what the exporter makes of samples/pages`() async throws {
    let world = try await made()
    let kept = SamplesTests.samples.appending(path: "archive").path
    if ProcessInfo.processInfo.environment["RECORD_SAMPLES"] != nil {
      try? FileManager.default.removeItem(atPath: kept)
      try FileManager.default.copyItem(atPath: world.folder, toPath: kept)
      try FileManager.default.removeItem(atPath: kept + "/_manifest/acme/lock")
      Issue.record(
        "samples/archive is recorded anew: look at it, commit it, and run again without RECORD_SAMPLES")
      return
    }
    // Compressed bytes, and so names and hashes of files, may differ with the version of zlib; the content may not.
    let expected = try #require(try Archive.read(at: kept, log: world.log))
    let manifest = try #require(try world.manifest)
    #expect(manifest.start == expected.start)
    #expect(manifest.highWaterMark == expected.highWaterMark)
    #expect(manifest.coverage == expected.coverage)
    #expect(manifest.partitions.map(\.eventDate) == expected.partitions.map(\.eventDate))
    #expect(manifest.partitions.map(\.contentSHA256) == expected.partitions.map(\.contentSHA256))
    #expect(manifest.partitions.map(\.revision) == expected.partitions.map(\.revision))
    for (partition, kept) in zip(manifest.partitions, expected.partitions) {
      #expect(
        try text(of: partition, in: world.folder)
          == text(of: kept, in: SamplesTests.samples.path + "/archive"))
    }
  }

  @Test func `Monad's sample record flattens to the row that its reference promises`() async throws {
    let world = try await made()
    let partition = try #require(try world.manifest?.partition(Day("2024-02-12")!))
    let text = try text(of: partition, in: world.folder)
    #expect(
      text.contains(
        """
        770e8400-e29b-41d4-a716-446655440002,2024-02-12T10:30:45.000000Z,Repository.Create,Repository,john.doe,user,\
        550e8400-e29b-41d4-a716-446655440000,https://api.cloudsmith.io/users/550e8400-e29b-41d4-a716-446655440000/,\
        203.0.113.42,,United States,US,San Francisco,,37.7749,-122.4194,my-repo,Repository,\
        660e8400-e29b-41d4-a716-446655440001,my-org,Organization,,

        """))
  }

  /// The CSV of a day's parts.
  private func text(of partition: Partition, in folder: String) throws -> String {
    try partition.files.map { file in
      let bytes = try Data(contentsOf: URL(filePath: folder + "/" + file.path))
      return String(decoding: try Gzip.decompress(Array(bytes), limit: 1 << 20), as: UTF8.self)
    }.joined()
  }
}
