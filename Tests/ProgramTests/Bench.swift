import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// A folder of its own and an emulator as a program, for one test.
struct Bench {
  let folder: String
  private(set) var url: String
  /// The emulator's options.
  let options: [String]
  let key = "test-key-3f9a77"
  var archive: String { folder + "/archive" }
  var environment: [String: String] { ["CLOUDSMITH_API_KEY": key, "CLOUDSMITH_API_HOST": url] }

  /// Starts an emulator with these options, gives it to `body`, and ends it.
  ///
  /// - Parameter isDamaged: the test leaves an archive that has findings.
  static func with(_ options: [String], isDamaged: Bool = false, _ body: (Bench) throws -> Void) throws {
    let (bench, emulator) = try open(options)
    defer { bench.close(emulator) }
    try body(bench)
    if !isDamaged { try bench.expectSoundArchives() }
  }

  /// As above, for bodies that wait.
  static func with(
    isolation: isolated (any Actor)? = #isolation, _ options: [String], isDamaged: Bool = false,
    _ body: (Bench) async throws -> Void
  ) async throws {
    let (bench, emulator) = try open(options)
    defer { bench.close(emulator) }
    try await body(bench)
    if !isDamaged { try bench.expectSoundArchives() }
  }

  /// Verifies every archive in the folder.
  private func expectSoundArchives() throws {
    for (root, log) in archives(below: folder) {
      let result = try Program.exporter.run(["verify", "-q", "-o", "\(log)", "--archive", root])
      #expect(result.status == 0, "\(result.log)")
    }
  }

  private static func open(_ options: [String]) throws -> (Bench, RunningCommand) {
    let folder = NSTemporaryDirectory() + "audit-program-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var bench = Bench(folder: folder, url: "", options: options)
    let emulator = try Program.emulator.start(
      ["--port", "0", "--organization", "acme", "--api-key", bench.key] + options)
    bench.url = try #require(emulator.line(beginning: "listening on "), "the emulator did not start")
    return (bench, emulator)
  }

  private func close(_ emulator: RunningCommand) {
    emulator.signal(SIGTERM)
    _ = emulator.wait()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Runs `export` on the bench's archive without a pace.
  func export(_ options: [String] = [], environment more: [String: String] = [:]) throws -> CommandOutcome {
    try Program.exporter.run(arguments(options), environment: environment.merging(more) { $1 })
  }

  func arguments(_ options: [String]) -> [String] {
    ["export", "--organization", "acme", "--archive", archive, "--max-requests-per-second", "unlimited"]
      + options
  }

  func status() throws -> [String: Any] {
    try Program.exporter.run(
      ["status", "--organization", "acme", "--archive", archive, "--output-format", "json"], environment: [:]
    ).json
  }

  /// Whether a run has written so many files of days that it has not committed yet.
  func hasStaged(_ count: Int) throws -> Bool {
    let folder = archive + "/_staging/acme"
    guard FileManager.default.fileExists(atPath: folder) else { return false }
    return try FileManager.default.contentsOfDirectory(atPath: folder).count >= count
  }

  func manifest() throws -> [String: Any] {
    try #require(try status()["manifest"] as? [String: Any])
  }

  /// Writes the events that the emulator serves to a file, and returns its path.
  func events() throws -> String {
    let path = folder + "/events.json"
    let result = try Program.emulator.run(["--organization", "acme", "--print-events", path] + options)
    #expect(result.status == 0, "\(result.log)")
    return path
  }
}

/// An archive on the disk, held to its promise by the library, without a run.
struct ArchiveLook {
  let folder: String
  let log = LogName("acme")!

  var manifest: Manifest? {
    get async throws { try await Archive(at: folder, log: log).read() }
  }

  /// Each day with rows and hash of its content, and what is covered.
  var content: [String] {
    get async throws {
      guard let manifest = try await manifest else { return [] }
      return manifest.partitions.map { "\($0.eventDate) \($0.rows) \($0.contentSHA256)" }
    }
  }

  /// What is wrong: files that are missing, altered or left over. A copy is looked at, so that looking mends nothing.
  func problems(mayHaveLeftovers: Bool = false) async throws -> [String] {
    guard let manifest = try await manifest else { return [] }
    let copy = folder + "-looked-at"
    try FileManager.default.copyItem(atPath: folder, toPath: copy)
    defer { try? FileManager.default.removeItem(atPath: copy) }
    var problems: [String] = []
    try await Archive(at: copy, log: manifest.source.log).withWriter(
      source: manifest.source, holder: LockHolder.thisProcess(since: Timestamp(microseconds: 0)),
      settings: WriterSettings(toolVersion: "test")
    ) { writer in
      problems += writer.recovery.damaged.map { "\($0)" }
      if !mayHaveLeftovers { problems += writer.recovery.deleted.map { "left over: \($0.path)" } }
      for partition in manifest.partitions {
        // Reading a day to its end proves its bytes, its rows and its content.
        do { try await writer.rows(of: partition.eventDate) { _ in } } catch { problems.append("\(error)") }
      }
    }
    return problems
  }
}
