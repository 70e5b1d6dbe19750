import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// `verify` of copies of `samples/archive`.
@Suite(.fewAtOnce) struct VerifyTests {
  private let hash1, hash2, part12, part13: String

  init() throws {
    hash1 = try VerifyTests.hash(1)
    hash2 = try VerifyTests.hash(2)
    part12 = try VerifyTests.part("2024-02-12")
    part13 = try VerifyTests.part("2024-02-13")
  }

  /// The hash of a commit record, from the manifest or the next record.
  private static func hash(_ number: Int) throws -> String {
    let (file, member) =
      number == 2
      ? ("manifest.json", "commit_sha256") : ("commits/00000000000000000002.json", "previous_commit_sha256")
    let path = Repository.path("samples/archive/_manifest/acme/\(file)")
    let record = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
    return try #require((record as? [String: Any])?[member] as? String)
  }

  /// The CSV part of a day. Its name has its hash.
  private static func part(_ day: String) throws -> String {
    let folder = "csv/organization=acme/event_date=\(day)"
    let names = try FileManager.default.contentsOfDirectory(
      atPath: Repository.path("samples/archive/\(folder)"))
    return "\(folder)/\(try #require(names.first))"
  }

  /// Gives `body` a copy of the sample archive.
  private func withArchive(_ body: (String) throws -> Void) throws {
    try Folder.with { folder in
      let archive = folder.path + "/archive"
      try FileManager.default.copyItem(atPath: Repository.path("samples/archive"), toPath: archive)
      try body(archive)
    }
  }

  private func verify(_ folder: String, _ options: [String] = []) throws -> CommandOutcome {
    try Program.exporter.run(["verify", "--organization", "acme", "--archive", folder] + options)
  }

  private func files(_ folder: String) throws -> [String: Data] {
    let paths = try ArchiveOnDisk(folder).files()
    return try Dictionary(
      uniqueKeysWithValues: paths.map { ($0, try Data(contentsOf: URL(filePath: $0))) })
  }

  @Test
  func `verify of a sound archive exits with 0, counts n of m on each line, and writes nothing`() throws {
    try withArchive { folder in
      let before = try files(folder)
      let result = try verify(folder)
      #expect(result.status == 0)
      #expect(result.log.isEmpty, "\(result.log)")
      #expect(
        result.output == """
          archive          acme at https://api.cloudsmith.io in \(folder)
          scope            everything
          coverage         2024-02-11T00:00:00.000000Z to 2024-02-15T00:50:00.000000Z
          gaps             none
          commits          2 of 2 valid, each with the hash of the previous one
          newest commit    2, SHA-256 \(hash2)
          days             5 of 5 unchanged since their commit
          files            8 of 8 intact
          rows             17 of 17 read from intact files
          quarantine       0 of 0 files intact
          empty days       none (a day counts once it is fully covered)

          No findings: the archive matches its commits.

          """)
      #expect(try files(folder) == before)
    }
  }

  @Test func `a missing manifest is listed in one line`() throws {
    try withArchive { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest/acme/manifest.json")
      let result = try verify(folder)
      #expect(
        result.status == 2 && result.log.hasSuffix("is damaged (1 finding: 1 missing).\n"), "\(result.log)")
      #expect(
        result.output.hasPrefix("missing          _manifest/acme/manifest.json\n\n"), "\(result.output)")
      #expect(!result.output.contains("is missing"), "\(result.output)")
    }
  }

  @Test func `damage is status 2, and each finding has a name, a file and a remedy`() throws {
    try withArchive { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/\(part12)")
      try Data([0]).write(to: URL(filePath: "\(folder)/csv/organization=acme/notes.csv"))
      let result = try verify(folder, ["--quick"])
      #expect(result.status == 2)
      #expect(
        result.log
          == "error: The archive '\(folder)' of 'acme' is damaged (2 findings: 1 missing, 1 unlisted).\n")
      #expect(!result.output.contains("2 findings"), "stdout repeats the failure")
      // The printed number of days depends on the date of the test.
      #expect(
        result.output.replacing(/--retention \d+d/, with: "--retention DAYS") == """
          missing          \(part12)
                           2024-02-12: is missing; it had 5 rows
          unlisted         csv/organization=acme/notes.csv
                           is not a file of this tool; no export deletes it

          archive          acme at https://api.cloudsmith.io in \(folder)
          scope            everything
          coverage         2024-02-11T00:00:00.000000Z to 2024-02-15T00:50:00.000000Z
          gaps             none
          commits          1 of 1 from 2 on valid, each with the hash of the previous one
                           earlier ones were not read; verify without --quick, --from and --to reads them
          newest commit    2, SHA-256 \(hash2)
          days             4 of 5 unchanged since their commit
          files            7 of 8 with the right size
          rows             not read (--quick)
          quarantine       0 of 0 files with the right size
          empty days       none (a day counts once it is fully covered)

          missing: Restore the file from a copy of the archive. Or export its whole day again with --replace, if Cloudsmith \
          still keeps it.
            cloudsmith-audit-export export -o acme --archive \(folder) --from 2024-02-12 --to 2024-02-13 --replace \
          --retention DAYS --format csv,parquet
          unlisted: Load only files that the manifest lists. The next export deletes leftovers; inspect any other file and \
          move it away.

          """)
    }
  }

  @Test func `JSON output states the same facts as the text`() throws {
    try withArchive { folder in
      let url = URL(filePath: "\(folder)/\(part13)")
      var bytes = try Data(contentsOf: url)
      bytes[9] ^= 1  // the operating system in the header of gzip: the content stays
      try bytes.write(to: url)
      let result = try verify(folder, ["--output-format", "json"])
      #expect(result.status == 2)
      let json = try result.json
      #expect(json["status"] as? String == "damaged" && json["exit_status"] as? Int == 2)
      #expect(json["commits"] as? [String: Int] == ["sound": 2, "total": 2])
      #expect(json["days"] as? [String: Int] == ["sound": 4, "total": 5])
      #expect(json["files"] as? [String: Int] == ["sound": 7, "total": 8])
      #expect(json["rows"] as? [String: Int] == ["sound": 11, "total": 17])
      #expect(
        json["range_found"] as? [String: String] == [
          "from": "2024-02-11T00:00:00.000000Z", "to": "2024-02-15T00:50:00.000000Z",
        ])
      let finding = try #require((json["findings"] as? [[String: Any]])?.first)
      #expect((json["findings"] as? [Any])?.count == 1)
      #expect(finding["kind"] as? String == "altered")
      #expect(finding["path"] as? String == part13)
      #expect(finding["day"] as? String == "2024-02-13" && finding["commit"] as? Int == 2)
      let expected = try #require(finding["expected"] as? String)
      #expect(part13.contains("-\(expected.prefix(8)).") && expected.count == 64)
      #expect((finding["found"] as? String)?.count == 64)
    }
  }

  @Test func `verify states its scope and the coverage in it, and ignores damage outside of it`() throws {
    try withArchive { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/\(part12)")
      let other = try verify(folder, ["--from", "2024-02-13", "--to", "2024-02-20"])
      #expect(other.status == 0)
      #expect(
        other.output.contains("scope            2024-02-13T00:00:00.000000Z to 2024-02-20T00:00:00.000000Z"))
      #expect(
        other.output.contains("coverage         2024-02-13T00:00:00.000000Z to 2024-02-15T00:50:00.000000Z"))
      #expect(other.output.contains("days             3 of 3"))
      #expect(try verify(folder, ["--to", "2024-02-13"]).status == 2)
    }
  }

  @Test func `verify --since verifies only the changes and says so`()
    throws
  {
    try withArchive { folder in
      let first = try verify(folder, ["--output-format", "json"]).json
      #expect(first["newest_commit"] as? Int == 2 && first["first_commit"] as? Int == 1)
      #expect(first["newest_commit_sha256"] as? String == hash2)
      let since = ["--since", "1", "--commit-sha256", hash1]
      let result = try verify(folder, since)
      #expect(result.status == 0 && result.log.isEmpty)
      #expect(
        result.output == """
          archive          acme at https://api.cloudsmith.io in \(folder)
          scope            what changed since commit 1
          coverage         2024-02-11T00:00:00.000000Z to 2024-02-15T00:50:00.000000Z
          gaps             none
          commits          1 of 1 from 2 on valid, each with the hash of the previous one
                           verified before (--since): commits up to 1, and 2 days that have not changed since
          newest commit    2, SHA-256 \(hash2)
          days             3 of 3 days that changed since then match their commit
          files            4 of 4 intact
          rows             8 of 8 read from intact files
          quarantine       0 of 0 files intact
          empty days       none (a day counts once it is fully covered)

          No findings: since commit 1, the archive matches its commits.

          """)
      let json = try verify(folder, since + ["--output-format", "json"]).json
      #expect(json["since"] as? Int == 1 && json["first_commit"] as? Int == 2)
      #expect(json["days_unchanged"] as? Int == 2 && json["status"] as? String == "done")
      // Only what changed since the commit is read.
      try FileManager.default.removeItem(atPath: "\(folder)/\(part12)")
      #expect(try verify(folder, since).status == 0)
      #expect(try verify(folder, since + ["--from", "2024-02-13"]).status == 0)
      try FileManager.default.removeItem(atPath: "\(folder)/\(part13)")
      #expect(try verify(folder, since).log.contains("1 missing"))
    }
  }

  @Test func `a wrong hash or missing commit is a finding, and --since needs a hash`()
    throws
  {
    try withArchive { folder in
      let zeros = String(repeating: "0", count: 64)
      let other = try verify(folder, ["--since", "1", "--commit-sha256", zeros])
      #expect(other.status == 2 && other.log.contains("1 broken-chain"), "\(other.log)")
      #expect(
        other.output.contains(
          """
          broken-chain     _manifest/acme/commits/00000000000000000001.json
                           is not the record that was verified before: it has SHA-256 \(hash1) instead of \
          \(zeros)
          """), "\(other.output)")
      #expect(other.output.contains("Check that --since and --commit-sha256 belong to this archive."))
      let later = try verify(folder, ["--since", "3", "--commit-sha256", zeros, "--output-format", "json"])
      #expect(later.status == 2)
      let finding = try #require((try later.json["findings"] as? [[String: Any]])?.first)
      #expect(finding["commit"] as? Int == 3 && finding["expected"] as? String == zeros)
      for (options, words) in [
        (["--since", "1"], "--since 1 requires --commit-sha256"),
        (["--commit-sha256", zeros], "requires --since"),
        (["--since", "x"], "a commit that was verified before"),
        (["--since", "1", "--commit-sha256", "1"], "64 hex digits"),
      ] {
        let result = try verify(folder, options)
        #expect(result.status == 64 && result.log.contains(words), "\(options): \(result.log)")
      }
      let full = try verify(folder).output
      for options in [["--since", "0"], ["--since", "0", "--commit-sha256", zeros]] {
        let everything = try verify(folder, options)
        #expect(everything.status == 0 && everything.output == full)
      }
    }
  }

  @Test func `a missing archive is status 10, a wrong range 64, and a missing state 2`() throws {
    #expect(try verify("/tmp/never-made").status == 10)
    #expect(!FileManager.default.fileExists(atPath: "/tmp/never-made"))
    try withArchive { folder in
      #expect(try verify(folder, ["--organization", "other"]).status == 10)
      let empty = try verify(folder, ["--from", "2024-02-13", "--to", "2024-02-13"])
      #expect(empty.status == 64 && empty.log.contains("is not before"))
      #expect(try verify(folder, ["--from", "2024-02-13T00:00:00"]).log.contains("has no time zone"))
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest/acme/manifest.json")
      let alone = try verify(folder)
      #expect(alone.status == 2)
      #expect(
        alone.output.contains("\nmissing: The next export rebuilds it from the commits"), "\(alone.output)")
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest")
      let result = try verify(folder)
      #expect(result.status == 2)
      #expect(result.output.contains("\nmissing: Restore _manifest from a copy"), "\(result.output)")
      #expect(
        result.output.contains(
          "has neither a manifest nor commit records, but there are parts such as csv/"))
    }
  }

  @Test(.enabled(if: FaultyCall.isPossible, "needs a C compiler"))
  func `unreadable files are status 74 with a remedy, not damage`() throws {
    try Bench.with(["--generate", "20"]) { bench in
      #expect(try bench.export(["--backfill-start-time", "2024-01-01", "-q"]).status == 0)
      let denied = try FaultyCall("openpart", "EACCES", in: bench.folder).environment
      let result = try Program.exporter.run(
        ["verify", "-o", "acme", "--archive", bench.archive], environment: denied)
      #expect(result.status == 74 && result.log.contains("cannot be read completely"), "\(result.log)")
      #expect(
        result.output.contains("\nunreadable: Give the user that runs verify permission to read it")
          && !result.output.contains("--replace"), "\(result.output)")
      // An export that must read a day reports it too.
      let export = try bench.export(["--format", "csv,parquet"], environment: denied)
      #expect(
        export.status == 74
          && export.log.contains("Give the user that runs this command permission to read it"),
        "\(export.log)")
    }
  }

  @Test func `a fresh export is sound, and verify needs no key`() throws {
    try Bench.with(["--generate", "700", "--seed", "5", "--from", "2024-02-01", "--to", "2024-02-03"]) {
      bench in
      let result = try bench.export(["--backfill-start-time", "2024-02-01", "--retention", "36500d"])
      #expect([0, 3].contains(result.status), "\(result.log)")
      #expect(try verify(bench.archive).status == 0)
    }
  }

  @Test func `help of verify names every option`() throws {
    let help = try Program.exporter.run(["help", "verify"])
    for option in [
      "--organization", "--archive", "--from", "--to", "--quick", "--since", "--commit-sha256",
      "--output-format", "--log-level", "--quiet",
    ] {
      #expect(help.output.contains(option), "\(option)")
    }
  }
}
