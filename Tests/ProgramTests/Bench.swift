import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// A temporary folder and a running emulator for one test. The emulator serves the log of `acme`.
struct Bench {
  let folder: String
  /// The base URL of the emulator.
  private(set) var url: String
  /// The emulator's options.
  let options: [String]
  /// The key that the emulator accepts.
  let key = "test-key-3f9a77"
  /// Where `export` writes; does not exist before the first export.
  var archive: String { folder + "/archive" }
  /// Key and host, as a user would set them. Every run is recorded, also if it finds nothing new.
  var environment: [String: String] {
    [
      "CLOUDSMITH_API_KEY": key, "CLOUDSMITH_API_HOST": url,
      "CLOUDSMITH_AUDIT_EXPORT_QUIET_COMMIT_INTERVAL": "0s",
    ]
  }

  /// Starts an emulator, gives it to `body`, verifies every archive in the folder, and removes all of it.
  ///
  /// - Parameters:
  ///   - options: for the emulator.
  ///   - isDamaged: the test leaves an archive with findings, so nothing is verified.
  static func with(_ options: [String], isDamaged: Bool = false, _ body: (Bench) throws -> Void) throws {
    try Folder.with { folder in
      let (bench, emulator) = try open(folder, options)
      try body(bench)
      if !isDamaged { try bench.expectSoundArchives() }
      close(emulator)
    }
  }

  /// The same for a body that waits.
  static func with(
    isolation: isolated (any Actor)? = #isolation, _ options: [String], isDamaged: Bool = false,
    _ body: (Bench) async throws -> Void
  ) async throws {
    try await Folder.with { folder in
      let (bench, emulator) = try open(folder, options)
      try await body(bench)
      if !isDamaged { try bench.expectSoundArchives() }
      close(emulator)
    }
  }

  private func expectSoundArchives() throws {
    for (root, log) in archives(below: folder) {
      let result = try Program.exporter.run(["verify", "-q", "-o", "\(log)", "--archive", root])
      #expect(result.status == 0, "\(result.log)")
    }
  }

  private static func open(_ folder: Folder, _ options: [String]) throws -> (Bench, RunningCommand) {
    var bench = Bench(folder: folder.path, url: "", options: options)
    let emulator = try Program.emulator.start(
      ["--port", "0", "--organization", "acme", "--api-key", bench.key] + options)
    bench.url = try #require(emulator.line(beginning: "listening on "), "the emulator did not start")
    return (bench, emulator)
  }

  /// Ends the emulator in order. After an error this is not reached, and the emulator is killed.
  private static func close(_ emulator: RunningCommand) {
    emulator.signal(SIGTERM)
    emulator.wait()
  }

  /// Runs `export` of `acme` into `archive`, without a limit on the rate.
  func export(_ options: [String] = [], environment more: [String: String] = [:]) throws -> CommandOutcome {
    try Program.exporter.run(arguments(options), environment: environment.merging(more) { $1 })
  }

  /// The arguments of `export`.
  func arguments(_ options: [String]) -> [String] {
    ["export", "--organization", "acme", "--archive", archive, "--max-requests-per-second", "unlimited"]
      + options
  }

  /// Runs `verify` of `archive`, without key and host.
  func verify(_ options: [String] = []) throws -> CommandOutcome {
    try Program.exporter.run(["verify", "-o", "acme", "--archive", archive] + options)
  }

  /// What `status` of `archive` prints as JSON.
  func status() throws -> [String: Any] {
    try Program.exporter.run([
      "status", "--organization", "acme", "--archive", archive, "--output-format", "json",
    ]).json
  }

  /// The manifest, as `status` prints it.
  func manifest() throws -> [String: Any] {
    try #require(try status()["manifest"] as? [String: Any])
  }

  /// Whether a run has written so many files that it has not committed yet.
  func hasStaged(_ count: Int) throws -> Bool {
    let folder = archive + "/_staging/acme"
    guard FileManager.default.fileExists(atPath: folder) else { return false }
    return try FileManager.default.contentsOfDirectory(atPath: folder).count >= count
  }

  /// Writes the events that the emulator serves to a file and returns its path.
  func events() throws -> String {
    let path = folder + "/events.json"
    let result = try Program.emulator.run(["--organization", "acme", "--print-events", path] + options)
    #expect(result.status == 0, "\(result.log)")
    return path
  }
}

/// Times before now, for logs that the exporter takes for recent ones.
enum Past {
  static func time(daysAgo days: Double) -> String {
    Date(timeIntervalSinceNow: -days * 86_400).formatted(.iso8601)
  }

  /// The beginning of today, UTC; of yesterday in the first quarter of an hour, in which the last events of yesterday are not settled.
  static var settledMidnight: String {
    let day = ((Date().timeIntervalSince1970 - 900) / 86_400).rounded(.down) * 86_400
    return Date(timeIntervalSince1970: day).formatted(.iso8601)
  }

  /// The beginning of a day, UTC; 0 is today.
  static func midnight(daysAgo days: Double) -> String {
    let today = (Date().timeIntervalSince1970 / 86_400).rounded(.down) * 86_400
    return Date(timeIntervalSince1970: today - days * 86_400).formatted(.iso8601)
  }
}

extension Bench {
  /// Before every event that the emulator makes up by default. One value for all tests of a run.
  static let startTime = Past.time(daysAgo: 40)
  /// Options of `export` to begin there.
  static let start = ["--backfill-start-time", startTime]

  /// 30 whole days that end a day ago.
  static let month = (from: Past.midnight(daysAgo: 31), to: Past.midnight(daysAgo: 1))

  /// Options of the emulator for so many events in these 30 days, without a limit on the rate.
  static func generate(_ count: Int, _ more: [String] = []) -> [String] {
    [
      "--generate", "\(count)", "--seed", "7", "--from", month.from, "--to", month.to, "--rate-limit",
      "1000000",
    ] + more
  }
}

/// An archive of `acme` on the disk, read without an export.
struct ArchiveOnDisk {
  let folder: String
  private let log = LogName("acme")

  init(_ folder: String) { self.folder = folder }

  var manifest: Manifest? {
    get async throws { try await Archive(at: folder, log: try #require(log)).read() }
  }

  /// Each day in the manifest, with its rows and the hash of its content.
  var content: [String] {
    get async throws {
      guard let manifest = try await manifest else { return [] }
      return manifest.partitions.map { "\($0.eventDate) \($0.rows) \($0.contentSHA256)" }
    }
  }

  /// What is wrong with the archive: files that are missing, altered or left over.
  ///
  /// Opens a copy, because opening an archive for writing repairs it.
  func problems(mayHaveLeftovers: Bool = false) async throws -> [String] {
    guard let manifest = try await manifest else { return [] }
    let temporary = try Folder.make()
    defer { temporary.remove() }
    let copy = temporary.path + "/archive"
    try FileManager.default.copyItem(atPath: folder, toPath: copy)
    var problems: [String] = []
    try await Archive(at: copy, log: manifest.source.log).withWriter(
      source: manifest.source, holder: LockHolder.thisProcess(since: Timestamp(microseconds: 0)),
      settings: WriterSettings(toolVersion: "test")
    ) { writer in
      problems += writer.recovery.damaged.map { "\($0)" }
      if !mayHaveLeftovers { problems += writer.recovery.deleted.map { "left over: \($0.path)" } }
      for partition in manifest.partitions {
        // Reading a day to its end checks its bytes, rows and content.
        do { try await writer.rows(of: partition.eventDate) { _ in } } catch { problems.append("\(error)") }
      }
    }
    return problems
  }

  /// The rows and the hash of the content of each day that has rows, as `status` prints them.
  func reportedContent() throws -> [String: String] {
    let status = try Program.exporter.run([
      "status", "-o", "acme", "--archive", folder, "--output-format", "json",
    ])
    let manifest = try #require(try status.json["manifest"] as? [String: Any])
    let partitions = try #require(manifest["partitions"] as? [[String: Any]])
    var contents: [String: String] = [:]
    for partition in partitions where partition["rows"] as? Int != 0 {
      contents["\(partition["event_date"] ?? "")"] =
        "\(partition["rows"] ?? "") \(partition["content_sha256"] ?? "")"
    }
    return contents
  }

  /// The paths of all files, folders left out.
  func files() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).map { folder + "/" + $0 }.filter { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }
  }

  /// Files outside of `_manifest` that the manifest does not name.
  func leftovers() throws -> [String] {
    let data = try Data(contentsOf: URL(filePath: folder + "/_manifest/acme/manifest.json"))
    let manifest = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let partitions = try #require(manifest?["partitions"] as? [[String: Any]])
    let named = Set(
      partitions.flatMap { $0["files"] as? [[String: Any]] ?? [] }.compactMap { $0["path"] as? String })
    return try files().map { String($0.dropFirst(folder.count + 1)) }
      .filter { !$0.hasPrefix("_manifest/") && !named.contains($0) }
  }

  /// The uuid of every row of the CSV parts, read with gzip.
  func identities() throws -> [String] {
    try ArchiveOnDisk(folder + "/csv").files().flatMap { file in
      try Command("gzip", ["-dc", file]).run().output.split(separator: "\n").dropFirst()
        .map { String($0.prefix(36)) }
        .filter { $0.count == 36 && $0.split(separator: "-").count == 5 }
    }
  }
}
