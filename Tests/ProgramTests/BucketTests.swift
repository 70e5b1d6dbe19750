import Foundation
import ObjectStoreFakes
import TestSupport
import Testing

/// Archives in buckets, by the program itself: in SeaweedFS, and in a store in memory that misbehaves.
@Suite(.fewAtOnce) struct BucketTests {
  private static let both = ["--format", "csv,parquet"]
  /// A window of whole days, so that every run covers the same.
  private static let window = [
    "--from", Past.midnight(daysAgo: 12), "--to", Past.midnight(daysAgo: 3),
  ]

  private func run(
    _ command: String, _ archive: String, _ store: SeaweedFS, _ bench: Bench, _ options: [String] = []
  ) throws -> CommandOutcome {
    try bench.run(command, archive, in: store, options)
  }

  private func sync(_ source: String, _ target: String, _ store: SeaweedFS) throws {
    let outcome = try Python.run(
      "sync_bucket.py",
      [
        store.url, store.environment["AWS_ACCESS_KEY_ID"] ?? "", SeaweedFS.secret, source, target,
      ])
    try #require(outcome.status == 0, "\(outcome.log)")
  }

  /// The bytes of the files below a folder, by their paths.
  private func files(_ folder: String) throws -> [String: Data] {
    let prefix = folder.count + 1
    return try Dictionary(
      uniqueKeysWithValues: ArchiveOnDisk(folder).files().map {
        (String($0.dropFirst(prefix)), try Data(contentsOf: URL(filePath: $0)))
      })
  }

  @Test(.needsSeaweedFS, .needs("curl"))
  func `the same events make the same archive in a folder and in a bucket, and copies of both verify`()
    async throws
  {
    try await Bench.with(Bench.generate(4_000)) { bench in
      try await SeaweedFS.with { store in
        let (bucket, copy) = (store.archive(), bench.folder + "/copy")
        for archive in [bench.archive, bucket] {
          let first = try run("export", archive, store, bench, Self.window + Self.both)
          #expect(first.status == 0, "\(first.log)")
          let second = try run(
            "export", archive, store, bench,
            ["--from", Past.midnight(daysAgo: 14), "--to", Past.midnight(daysAgo: 1), "--existing"]
              + Self.both)
          #expect(second.status == 0, "\(second.log)")
        }
        try sync(bucket, copy, store)
        let (onDisk, inBucket) = (try files(bench.archive), try files(copy))
        #expect(onDisk.keys.sorted() == inBucket.keys.sorted())
        for (path, bytes) in onDisk where !path.hasPrefix("_manifest/") {
          #expect(bytes == inBucket[path], "\(path)")
        }
        #expect(try manifest(onDisk) == manifest(inBucket))
        for (name, archive) in [("bucket", bucket), ("folder", copy)] {
          let verified = try run("verify", archive, store, bench)
          #expect(verified.status == 0, "\(name): \(verified.output)\(verified.log)")
        }
        // And back, where a run goes on with it.
        let again = store.archive("again")
        try sync(bench.archive, again, store)
        #expect(try run("verify", again, store, bench).status == 0)
        let next = try run("export", again, store, bench, ["--existing"])
        #expect(next.status == 0, "\(next.log)")
        #expect(try run("verify", again, store, bench).status == 0)
      }
    }
  }

  /// The manifest without the times of commits, and what follows from them.
  private func manifest(_ files: [String: Data]) throws -> NSDictionary {
    let bytes = try #require(files["_manifest/acme/manifest.json"])
    var manifest = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    for member in ["committed_at", "commit_sha256", "oldest_shown"] { manifest[member] = nil }
    return manifest as NSDictionary
  }

  @Test(.needsSeaweedFS, .needs("curl")) func `every command reads an archive in a bucket`() async throws {
    try await Bench.with(Bench.generate(500)) { bench in
      try await SeaweedFS.with { store in
        let archive = store.archive("a/b c")
        let first = try run("export", archive, store, bench, Bench.start + Self.both)
        #expect(first.status == 0 && first.output.contains("500 added"), "\(first.log)\(first.output)")
        let status = try run("status", archive, store, bench, ["--output-format", "json"])
        let manifest = try status.json["manifest"] as? [String: Any]
        let rows = (manifest?["partitions"] as? [[String: Any]] ?? []).reduce(0) {
          $0 + ($1["rows"] as? Int ?? 0)
        }
        #expect(status.status == 0 && rows == 500, "\(status.log)")
        let verified = try run("verify", archive, store, bench)
        #expect(verified.status == 0, "\(verified.output)\(verified.log)")
        #expect(try run("verify", archive, store, bench, ["--quick"]).status == 0)
        let changes = try run("changes", archive, store, bench, ["--since", "0", "--as", "paths"])
        let lines = changes.output.split(separator: "\n")
        #expect(!lines.isEmpty && lines.allSatisfy { $0.hasPrefix("s3://audit/a/b c/") }, "\(changes.output)")
        let copied = try run(
          "changes", archive, store, bench, ["--since", "0", "--link-to", bench.folder + "/linked"])
        #expect(copied.status == 0, "\(copied.log)")
        #expect(try ArchiveOnDisk(bench.folder + "/linked").files().count == lines.count)
        let redshift = try run(
          "changes", archive, store, bench, ["--since", "0", "--as", "redshift", "--format", "csv"])
        #expect(redshift.output.contains("s3://audit/a/b c/csv/"), "\(redshift.output)\(redshift.log)")
        let page = bench.folder + "/page.html"
        #expect(try run("report", archive, store, bench, ["--html", page]).status == 0)
        let check = try run("check", archive, store, bench)
        #expect(check.status == 0, "\(check.output)")
        for line in ["one winner of concurrent creates", "replace if unchanged", "list after write"] {
          #expect(check.output.contains("✓ store             \(line)"), "\(check.output)")
        }
        let settings = try run("status", archive, store, bench, ["--settings"])
        #expect(settings.output.contains("environment variables"), "\(settings.output)")
      }
    }
  }

  @Test(.needsSeaweedFS, .needs("curl")) func `of eight runs at once one works, and none harms it`()
    async throws
  {
    try await Bench.with(Bench.generate(3_000)) { bench in
      try await SeaweedFS.with { store in
        let archive = store.archive()
        #expect(try run("export", archive, store, bench, Self.window).status == 0)
        let options = [
          "export", "-o", "acme", "--archive", archive, "--existing", "--max-requests-per-second", "20",
        ]
        let runs = try (0..<8).map { _ in
          try Program.exporter.start(
            options, environment: bench.environment.merging(store.environment) { $1 })
        }
        let statuses = runs.map { $0.wait().status }.sorted()
        // A run that begins after another has ended works, too.
        #expect(statuses.first == 0 && statuses.allSatisfy { $0 == 0 || $0 == 11 }, "\(statuses)")
        let verified = try run("verify", archive, store, bench)
        #expect(verified.status == 0, "\(verified.output)")
      }
    }
  }

  @Test(.needsSeaweedFS, .needs("curl"))
  func `a killed run keeps its lease for a while, and the next one names the holder`() async throws {
    try await Bench.with(Bench.generate(3_000)) { bench in
      try await SeaweedFS.with { store in
        let archive = store.archive()
        let killed = try Program.exporter.start(
          ["export", "-o", "acme", "--archive", archive, "--max-requests-per-second", "1"] + Bench.start,
          environment: bench.environment.merging(store.environment) { $1 })
        try killed.wait {
          try run("export", archive, store, bench, ["--existing"]).status == 11
        }
        killed.signal(SIGKILL)
        killed.wait()
        let next = try run("export", archive, store, bench, Bench.start)
        #expect(next.status == 11 && next.log.contains("process \(killed.id) on "), "\(next.log)")
      }
    }
  }

  // MARK: A store that misbehaves

  /// Runs the program on a store in memory, over HTTP.
  private func withFakeStore(
    _ store: FakeStore, _ body: (_ environment: [String: String]) async throws -> Void
  ) async throws {
    let answer = { @Sendable (_: Int, request: SocketServer.Request) in store.answer(request) }
    try await SocketServer.with(answer: answer) { server in
      try await body([
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(server.port)", "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
      ])
    }
  }

  @Test(arguments: [
    (FakeStore.Quirks(ignoresIfNoneMatch: true), "create if absent"),
    (FakeStore.Quirks(winners: 6), "one winner of concurrent creates"),
    (FakeStore.Quirks(ignoresIfMatch: true), "replace if unchanged"),
    (FakeStore.Quirks(refusesConditions: true), "create if absent"),
  ]) func `a store that cannot commit exclusively is refused, and nothing stays in it`(
    quirks: FakeStore.Quirks, property: String
  ) async throws {
    try await Bench.with(Bench.generate(50)) { bench in
      let store = FakeStore(quirks: quirks)
      try await withFakeStore(store) { environment in
        for command in ["check", "export"] {
          let outcome = try Program.exporter.run(
            [command, "-o", "acme", "--archive", "s3://bucket/audit"]
              + (command == "export" ? Bench.start : []),
            environment: bench.environment.merging(environment) { $1 })
          #expect(outcome.status == 64, "\(outcome.log)\(outcome.output)")
          let text = outcome.log + outcome.output
          #expect(text.contains("'\(property)' failed"), "\(text)")
          #expect(text.contains("Keep the archive in a store with conditional writes"), "\(text)")
        }
      }
      #expect(store.keys.isEmpty, "\(store.keys)")
    }
  }

  @Test func `no secret is in any output, under the most talkative log and a store that refuses everything`()
    async throws
  {
    try await Bench.with(Bench.generate(50)) { bench in
      let store = FakeStore(secrets: ["AKID": "secret"])
      try await withFakeStore(store) { environment in
        let secrets = [
          "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG", "AWS_SESSION_TOKEN": "FQoGZXIvYXdzEBYaDtoken",
        ]
        for command in ["check", "export", "status", "verify"] {
          let outcome = try Program.exporter.run(
            [command, "-o", "acme", "--archive", "s3://bucket/audit", "--log-level", "debug"],
            environment: bench.environment.merging(environment.merging(secrets) { $1 }) { $1 })
          #expect(outcome.status != 0)
          for secret in secrets.values {
            #expect(!(outcome.log + outcome.output).contains(secret), "\(command)")
          }
        }
      }
    }
  }
}
