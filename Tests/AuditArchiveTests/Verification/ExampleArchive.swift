import AuditArchive
import AuditRecord
import Compression
import Foundation
import TestSupport
import Testing

/// An archive made by the real writer, for tests to damage and verify.
///
/// Seven commits: those of `writeHistory`, and a day in three parts. 2024-02-12 has 9 rows, 2024-02-13 and 2024-02-14 none,
/// 2024-02-15 four, 2024-02-16 sixty; two quarantine files.
struct ExampleArchive {
  let folder: String
  let paths = ArchivePaths(log("acme"))

  /// The files of the archive. They are made once, because every commit syncs the disk.
  private static let files = Task {
    try await withTemporaryFolder { (folder) async throws in
      var settings = WriterSettings(toolVersion: "1.0.0")
      // Edited parts are then shorter than sealed ones. The rows of a longer part are not read.
      settings.compressionLevel = 1
      try await writeHistory(folder, settings: settings)
      settings.partSizeLimit = 2_800
      try await withWriter(folder, settings: settings) {
        try await $0.commit(["2024-02-16": AuditArchiveTests.events("2024-02-16", 60)])
      }
      return try tree(folder).filter { !$0.key.hasSuffix("/") }
    }
  }

  static func with(
    isolation: isolated (any Actor)? = #isolation, isDamaged: Bool = true,
    _ body: (ExampleArchive) async throws -> Void
  ) async throws {
    try await with(files, isDamaged: isDamaged, body)
  }

  /// The same with the files of another archive.
  static func with(
    isolation: isolated (any Actor)? = #isolation, _ files: Task<[String: Data], any Error>,
    isDamaged: Bool = true, _ body: (ExampleArchive) async throws -> Void
  ) async throws {
    let files = try await files.value
    try await withTemporaryFolder(isDamaged: isDamaged) { (folder) async throws in
      let archive = ExampleArchive(folder: folder)
      for (path, bytes) in files { try archive.write(bytes, to: path) }
      try await body(archive)
    }
  }

  // MARK: Verification

  /// Expects the same report however many days are read at a time.
  func verify(
    _ settings: VerificationSettings = VerificationSettings(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> VerificationReport {
    let archive = Archive(at: folder, log: log("acme"))
    let report = try #require(try await archive.verify(settings))
    for daysAtOnce in [2, 8] {
      var parallel = settings
      parallel.daysAtOnce = daysAtOnce
      let other = try #require(try await archive.verify(parallel))
      expectEqual(other, report, "\(daysAtOnce) days at a time", sourceLocation: sourceLocation)
    }
    return report
  }

  /// `altered csv/…`, for each finding.
  func findings(_ settings: VerificationSettings = VerificationSettings()) async throws -> [String] {
    try await verify(settings).findings.map { "\($0.problem.kind.rawValue) \($0.path)" }.sorted()
  }

  /// Expects exactly these findings of `verify`, and of a quick `verify` too unless only rows show them.
  ///
  /// Of the seven commit records, a quick verification reads the last two, or all if the manifest cannot be read.
  func expectFindings(
    _ claims: [(kind: String, path: String)], isQuickToo: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let expected = claims.map { "\($0.kind) \($0.path)" }.sorted()
    #expect(try await findings() == expected, sourceLocation: sourceLocation)
    guard isQuickToo else { return }
    var settings = VerificationSettings()
    settings.isQuick = true
    let readsAll = claims.contains {
      $0.path == paths.manifest && ["missing", "unreadable"].contains($0.kind)
    }
    let early = Set(readsAll ? [] : (1...5).map(paths.commit))
    let quick = claims.filter { !early.contains($0.path) }.map { "\($0.kind) \($0.path)" }.sorted()
    #expect(try await findings(settings) == quick, "quick", sourceLocation: sourceLocation)
  }

  var manifest: Manifest {
    get async throws { try #require(try await Archive(at: folder, log: log("acme")).read()) }
  }

  func partition(_ text: String) async throws -> Partition {
    try #require(try await manifest.partition(day(text)))
  }

  /// The path of a part of a day.
  func part(_ text: String, _ index: Int = 0) async throws -> String {
    try await partition(text).files[index].path
  }

  // MARK: Damage

  func full(_ path: String) -> String { "\(folder)/\(path)" }

  func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: full(path)))) }

  func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (full(path) as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(filePath: full(path)))
  }

  func edit(_ path: String, _ change: (inout [UInt8]) throws -> Void) throws {
    var bytes = try bytes(path)
    try change(&bytes)
    try write(bytes, to: path)
  }

  func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: full(path)) }

  func move(_ path: String, to other: String) throws {
    let bytes = try bytes(path)
    try remove(path)
    try write(bytes, to: other)
  }

  /// The lines of a CSV part, header first, put back as a gzip file after the change.
  func editLines(_ path: String, level: Int = 6, _ change: (inout [String]) throws -> Void) throws {
    try write(edited(path, level: level, change), to: path)
  }

  private func edited(
    _ path: String, level: Int = 6, _ change: (inout [String]) throws -> Void
  ) throws -> [UInt8] {
    let text = String(decoding: try Gzip.decompress(try bytes(path), limit: 1 << 20), as: UTF8.self)
    var lines = text.split(separator: "\n").map(String.init)
    try change(&lines)
    return try Gzip.compress(Array((lines.joined(separator: "\n") + "\n").utf8), level: level)
  }

  func editRecord(_ path: String, _ change: (inout [String: Any]) throws -> Void) throws {
    var record = try #require(
      try JSONSerialization.jsonObject(with: Data(try bytes(path))) as? [String: Any])
    try change(&record)
    try write(
      JSONSerialization.data(
        withJSONObject: record, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        + Data("\n".utf8), to: path)
  }

  // MARK: Damage that the hash chain does not show

  /// Changes a commit record and updates all later hashes, including the manifest's.
  func forge(_ number: Int, _ change: (inout [String: Any]) throws -> Void) throws {
    try editRecord(paths.commit(number), change)
    try chainAnew()
  }

  /// Changes members of the newest state, in the last commit and in the manifest.
  func forgeStanding(_ change: (inout [String: Any]) throws -> Void) async throws {
    try await editRecord(paths.commit(try manifest.commit), change)
    try editRecord(paths.manifest, change)
    try chainAnew()
  }

  /// Changes the entry of a day, in the commits and in the manifest.
  func forgeDay(_ text: String, _ change: (inout [String: Any]) throws -> Void) async throws {
    let revision = try await partition(text).revision
    func replace(_ list: Any?) throws -> [[String: Any]] {
      try (list as? [[String: Any]] ?? []).map { entry in
        var entry = entry
        if entry["event_date"] as? String == text, entry["revision"] as? Int == revision {
          try change(&entry)
        }
        return entry
      }
    }
    for number in await 1...(try manifest.commit) {
      try editRecord(paths.commit(number)) {
        $0["partitions_changed"] = try replace($0["partitions_changed"])
      }
    }
    try editRecord(paths.manifest) { $0["partitions"] = try replace($0["partitions"]) }
    try chainAnew()
  }

  /// Replaces the rows of a part and updates its name, sizes and hashes, so only the rows show the damage.
  func reseal(_ text: String, _ change: (inout [String]) throws -> Void) async throws {
    let old = try await part(text)
    let bytes = try edited(old, change)
    let content = try Gzip.decompress(bytes, limit: 1 << 20)
    let rows = content.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
    let hash = sha256(bytes)
    let new = String(old.dropLast("00000000.csv.gz".count)) + hash.prefix(8) + ".csv.gz"
    try remove(old)
    try write(bytes, to: new)
    let number = try await partition(text).changedInCommit
    try await forgeDay(text) { entry in
      var file = try #require((entry["files"] as? [[String: Any]])?.first)
      file["path"] = new
      file["sha256"] = hash
      file["bytes"] = bytes.count
      file["uncompressed_bytes"] = content.count
      entry["files"] = [file]
      entry["content_sha256"] = sha256(rows)
    }
    for later in await number...(try manifest.commit) {
      try forge(later) { record in
        for member in ["files_added", "files_removed"] {
          let paths = record[member] as? [String] ?? []
          record[member] = paths.map { $0 == old ? new : $0 }.sorted()
        }
      }
    }
  }

  private func chainAnew() throws {
    var previous: String?
    let newest = try FileManager.default.contentsOfDirectory(atPath: full(paths.commits)).count
    for number in 1...newest {
      try editRecord(paths.commit(number)) { $0["previous_commit_sha256"] = previous ?? NSNull() }
      previous = sha256(try bytes(paths.commit(number)))
    }
    try editRecord(paths.manifest) { $0["commit_sha256"] = previous }
  }
}
