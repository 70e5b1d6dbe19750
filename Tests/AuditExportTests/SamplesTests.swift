import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithEmulator
import Compression
import Foundation
import Synchronization
import TestSupport
import Testing

/// `samples/archive` is what the exporter makes of `samples/pages`.
@Suite(.fewAtOnce) struct SamplesTests {
  private static let samples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "samples")

  /// The archive as it is made anew, in a folder of its own: three days of pages, then the later events.
  private func made() async throws -> TestHarness {
    let pages = (1...3).map { SamplesTests.samples.appending(path: "pages/page-\($0).json").path }
    let harness = try TestHarness(now: time("2024-02-14T01:00:00Z")) { configuration in
      configuration.events = .files(pages)
    }
    harness.formats.withLock { $0 = [.csv, .parquet] }
    _ = try await harness.export(.incremental(backfillStart: Day("2024-02-11")!.start))
    let later = try Data(contentsOf: SamplesTests.samples.appending(path: "pages/later.json"))
    try harness.arrive(Array(later))
    harness.clock.advance(to: time("2024-02-15T01:00:00Z"))
    _ = try await harness.export(.incremental(backfillStart: nil))
    return harness
  }

  @Test func `samples/archive equals an export of samples/pages`() async throws {
    let harness = try await made()
    let kept = SamplesTests.samples.appending(path: "archive").path
    if ProcessInfo.processInfo.environment["RECORD_SAMPLES"] != nil {
      let before = try SamplesTests.records(kept)
      try? FileManager.default.removeItem(atPath: kept)
      try FileManager.default.copyItem(atPath: harness.folder, toPath: kept)
      try FileManager.default.removeItem(atPath: kept + "/_manifest/acme/lock")
      try SamplesTests.rewriteFormatPage(before, SamplesTests.records(kept))
      Issue.record(
        "samples/archive is recorded anew, and Format.md with it: look at both, and run again without RECORD_SAMPLES"
      )
      return
    }
    // Compressed bytes, and so names and hashes of files, may differ with the version of zlib; the content may not.
    let expected = try #require(try await Archive(at: kept, log: harness.log).read())
    let manifest = try await #require(try harness.manifest)
    #expect(manifest.start == expected.start)
    #expect(manifest.highWaterMark == expected.highWaterMark)
    #expect(manifest.coverage == expected.coverage)
    #expect(manifest.partitions.map(\.eventDate) == expected.partitions.map(\.eventDate))
    #expect(manifest.partitions.map(\.contentSHA256) == expected.partitions.map(\.contentSHA256))
    #expect(manifest.partitions.map(\.revision) == expected.partitions.map(\.revision))
    for (partition, kept) in zip(manifest.partitions, expected.partitions) {
      #expect(
        try text(of: partition, in: harness.folder)
          == text(of: kept, in: SamplesTests.samples.path + "/archive"))
    }
  }

  @Test func `Monad's sample record flattens to the row in its reference`() async throws {
    let harness = try await made()
    let partition = try await #require(try harness.manifest?.partition(Day("2024-02-12")!))
    let text = try text(of: partition, in: harness.folder)
    #expect(
      text.contains(
        """
        770e8400-e29b-41d4-a716-446655440002,2024-02-12T10:30:45.000000Z,Repository.Create,Repository,john.doe,user,\
        550e8400-e29b-41d4-a716-446655440000,https://api.cloudsmith.io/users/550e8400-e29b-41d4-a716-446655440000/,\
        203.0.113.42,,United States,US,San Francisco,,37.7749,-122.4194,my-repo,Repository,\
        660e8400-e29b-41d4-a716-446655440001,my-org,Organization,,

        """))
  }

  /// The lines of the manifest and of the commits, by path.
  private static func records(_ archive: String) throws -> [String: [Substring]] {
    let folder = archive + "/_manifest/acme"
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
    return Dictionary(
      uniqueKeysWithValues: try names.map { name in
        (name, try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n"))
      })
  }

  /// Puts the hashes, names and sizes that have changed into Format.md. Where records have more lines or fewer, its excerpts are
  /// to be written by hand.
  private static func rewriteFormatPage(
    _ before: [String: [Substring]], _ now: [String: [Substring]]
  ) throws {
    let url = samples.deletingLastPathComponent()
      .appending(path: "Sources/AuditArchive/Documentation.docc/Format.md")
    var page = try String(contentsOf: url, encoding: .utf8)
    for (name, lines) in now {
      guard let old = before[name], old.count == lines.count else { continue }
      for (was, line) in zip(old, lines) where was != line {
        // A text wherever it stands, of a path the name; a number with what it is the number of.
        let texts = zip(was.split(separator: "\""), line.split(separator: "\"")).filter { $0 != $1 }
          .map { ($0.split(separator: "/").last ?? $0, $1.split(separator: "/").last ?? $1) }
        let isNumber = texts.allSatisfy { $0.0.hasPrefix(" : ") }
        for (text, new) in isNumber ? [(was, line)] : texts { page = page.replacing(text, with: new) }
      }
    }
    try page.write(to: url, atomically: true, encoding: .utf8)
  }

  /// The CSV of a day's parts.
  private func text(of partition: Partition, in folder: String) throws -> String {
    try partition.files.filter { $0.format == .csv }.map { file in
      let bytes = try Data(contentsOf: URL(filePath: folder + "/" + file.path))
      return String(decoding: try Gzip.decompress(Array(bytes), limit: 1 << 20), as: UTF8.self)
    }.joined()
  }
}
