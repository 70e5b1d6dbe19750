import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// `changes`, run as a loader runs it.
@Suite(.fewAtOnce) struct ChangesTests {
  /// Makes an archive of 12 commits with open days and one emptied day.
  private func withArchive(_ body: (String) async throws -> Void) async throws {
    try await withHistory(seed: 3, commits: 12, body)
  }

  private func withHistory(seed: Int, commits: Int, _ body: (String) async throws -> Void) async throws {
    let temporary = try Folder.make()
    defer { temporary.remove() }
    let folder = temporary.path + "/archive"
    var history = RandomHistory(seed: seed)
    for _ in 0..<commits { try await commit(folder) { _ = try await history.commit(to: $0) } }
    try await body(folder)
  }

  private func commit(_ folder: String, _ body: (ArchiveWriter) async throws -> Void) async throws {
    var settings = WriterSettings(toolVersion: "1.0.0")
    settings.partSizeLimit = 1_500
    let source = ArchiveSource(apiHost: "https://api.cloudsmith.io", log: try #require(LogName("acme")))
    let holder = LockHolder(pid: 1, host: "test", since: Timestamp(microseconds: 0))
    // While another test starts a process, that process briefly holds a copy of the lock that was released here.
    for attempt in 1... {
      do {
        return try await Archive(at: folder, log: source.log).withWriter(
          source: source, holder: holder, settings: settings
        ) { writer in try await body(writer) }
      } catch ArchiveError.locked where attempt < 100_000 {
        await Task.yield()
      }
    }
  }

  private func changes(_ folder: String, _ options: [String], in place: String? = nil) throws
    -> CommandOutcome
  {
    try Program.exporter.run(["changes", "-o", "acme", "--archive", folder] + options, in: place)
  }

  private func days(_ result: CommandOutcome) throws -> [[String: Any]] {
    try #require(try result.json["days"] as? [[String: Any]])
  }

  private func files(_ result: CommandOutcome) throws -> [[String: Any]] {
    try days(result).flatMap { try #require($0["files"] as? [[String: Any]]) }
  }

  @Test(
    .needsPython, arguments: [1, 2])
  func `loaders of every pace replay 60 commits into the same tables as a full load`(seed: Int)
    async throws
  {
    let temporary = try Folder.make()
    defer { temporary.remove() }
    let folder = temporary.path
    let (archive, tool) = (folder + "/archive", try Program.exporter.path)
    let loaders = ["one:1", "three:3", "seven:7", "settled:1:settled", "late:5:settled"]
    var history = RandomHistory(seed: seed)
    var lines: [Substring] = []
    for number in 1...61 {
      try await commit(archive) { writer in
        if number == 61 { try await history.settle(writer) } else { _ = try await history.commit(to: writer) }
      }
      // At the end every loader loads, and a new one starts.
      let due =
        number < 61
        ? loaders : ["one:0", "three:0", "seven:0", "settled:0:settled", "late:0:settled", "new:0"]
      let result = try Python.run("replay.py", [tool, archive, "acme"] + due.map { "\(folder)/\($0)" })
      try #require(result.status == 0, "seed \(seed), commit \(number): \(result.output)\(result.log)")
      lines += result.output.split(separator: "\n")
    }
    let expected = 60 + 20 + 8 + 60 + 12 + 6  // loads of each loader, and the last
    #expect(lines.count == expected)
    for action in ["new", "replace", "empty"] { #expect(lines.contains { $0.contains(action) }, "\(action)") }
    // one:0 58 to 61: 327 rows equal replace
    let rows = Set(lines.suffix(6).map { $0.split(separator: " ").dropFirst(4).first })
    #expect(rows.count == 1)
  }

  @Test func `the table shows days, actions and the commit to record`() async throws {
    try await withArchive { archive in
      let all = try changes(archive, ["--since", "0"])
      #expect(all.status == 0 && all.log.isEmpty)
      let lines = all.output.split(separator: "\n").map(String.init)
      #expect(
        lines.first?.hasPrefix("since commit 0: ") == true && lines.first?.hasSuffix(" days to load") == true)
      #expect(lines.dropFirst().first == "day         action   state    rev        rows  files       bytes")
      #expect(lines.dropFirst(2).dropLast().allSatisfy { $0.contains("  new      ") })
      #expect(lines.last == "commit 12: after loading, pass it as --since next time")
      #expect(
        try changes(archive, ["--since", "12"]).output == """
          since commit 12: nothing to load
          commit 12: after loading, pass it as --since next time

          """)
    }
  }

  @Test func `JSON has the documented members with --as json and --output-format json`() async throws {
    try await withArchive { archive in
      let result = try changes(archive, ["--since", "2", "--as", "json"])
      #expect(result.status == 0 && result.log.isEmpty)
      #expect(
        try result.json.keys.sorted() == [
          "commit", "commit_sha256", "days", "exit_status", "organization", "settled_only", "since", "status",
        ])
      #expect(try result.json["commit"] as? Int == 12)
      #expect(try result.json["since"] as? Int == 2)
      for day in try days(result) {
        #expect(
          day.keys.sorted() == [
            "action", "content_sha256", "event_date", "files", "files_gone", "revision", "rows", "state",
          ])
      }
      for file in try files(result) {
        #expect(file.keys.sorted() == ["bytes", "format", "path", "rows", "sha256"])
      }
      #expect(try changes(archive, ["--since", "2", "--output-format", "json"]).output == result.output)
      #expect(
        try changes(archive, ["--since", "2", "--as", "json", "--format", "csv"]).output == result.output)
    }
  }

  @Test func `paths lists live files, one per line, and stderr has the commit and emptied days`()
    async throws
  {
    try await withArchive { archive in
      for since in 0...12 {
        let json = try changes(archive, ["--since", "\(since)", "--as", "json"])
        let paths = try changes(archive, ["--since", "\(since)", "--as", "paths"])
        let expected = try files(json).map { "\($0["path"] as? String ?? "")\n" }.joined()
        #expect(paths.output == expected, "since \(since)")
        let empty = try days(json).filter { $0["action"] as? String == "empty" }
          .map { "empty \($0["event_date"] as? String ?? "")\n" }.joined()
        #expect(paths.log == "commit 12\n" + empty, "since \(since)")
        #expect(try changes(archive, ["--since", "\(since)", "--as", "paths", "-q"]).log.isEmpty)
      }
      #expect(try changes(archive, ["--since", "12", "--as", "paths"]).output.isEmpty)
    }
  }

  @Test(arguments: ["table", "json", "paths", "sha256sums", "redshift"])
  func `with --link-to, the folder holds exactly the listed files in every format`(form: String) async throws
  {
    try await withArchive { archive in
      let more = form == "redshift" ? ["--url-prefix", "s3://bucket/audit"] : []
      for since in [0, 5, 12] {
        let place = "\(archive).load-\(since)"
        let plain = try changes(archive, ["--since", "\(since)", "--as", form] + more)
        let linked = try changes(
          archive, ["--since", "\(since)", "--as", form, "--link-to", "\(place)/"] + more)
        #expect(linked.status == 0 && linked.output == plain.output && linked.log == plain.log)
        let paths = try changes(archive, ["--since", "\(since)", "--as", "paths", "-q"])
        let found = try #require(FileManager.default.enumerator(atPath: place)).compactMap { $0 as? String }
          .filter { $0.hasSuffix(".csv.gz") }.sorted()
        #expect(found == paths.output.split(separator: "\n").map(String.init).sorted())
      }
      let left = try FileManager.default.contentsOfDirectory(
        atPath: URL(filePath: archive).deletingLastPathComponent().path)
      let places = ["archive.load-0", "archive.load-5", "archive.load-12"]
      #expect(Set(left).isSubset(of: ["archive"] + places), "\(left)")
    }
  }

  @Test func `an unusable folder for --link-to is refused, and nothing is left behind`() async throws {
    try await withArchive { archive in
      try "there".write(toFile: archive + "/note", atomically: true, encoding: .utf8)
      for (place, status, why) in [
        (archive, 64, "is not empty"), (archive + "/note", 64, "is not a folder"),
        (archive + "/csv/load", 64, "is in csv/ of the archive"),
        (".", 64, "expected the name of a folder that does not exist yet, or is empty"),
        ("/", 64, "expected the name of a folder that does not exist yet, or is empty"),
        (archive + "/none/load", 74, "does not exist. Create it, or pass another folder"),
        ("", 64, "expected a folder that does not exist yet, or is empty"), ("~/load", 64, "--link-to"),
        ("file:///load", 64, "--link-to"),
      ] as [(String, Int32, String)] {
        let result = try changes(archive, ["--since", "0", "--as", "paths", "--link-to", place])
        #expect(result.status == status && result.output.isEmpty, "\(place)")
        #expect(result.log.contains("--link-to") && result.log.contains(why), "\(place): \(result.log)")
      }
      let place = archive + ".load"
      let other = try changes(archive, ["--since", "0", "--format", "parquet", "--link-to", place])
      #expect(other.status == 64 && !FileManager.default.fileExists(atPath: place))
      let later = try changes(archive, ["--since", "13", "--link-to", place])
      #expect(later.status != 0 && !FileManager.default.fileExists(atPath: place))
      #expect(try Program.exporter.run(["verify", "-o", "acme", "--archive", archive, "-q"]).status == 0)
    }
  }

  @Test func `sha256sum itself checks what sha256sums names, and finds an altered file`() async throws {
    try await withArchive { archive in
      let sums = try changes(".", ["--since", "0", "--as", "sha256sums"], in: archive)
      let count = try files(try changes(archive, ["--since", "0", "--as", "json"])).count
      #expect(sums.output.split(separator: "\n").count == count && count > 5)
      let list = archive + ".sums"
      try sums.output.write(toFile: list, atomically: true, encoding: .utf8)
      func check() throws -> CommandOutcome {
        try Command("sha256sum", ["-c", "--strict", list], in: archive).run()
      }
      let good = try check()
      #expect(good.status == 0 && good.output.split(separator: "\n").count == count, "\(good.log)")
      let path = try #require(sums.output.split(separator: "\n").first?.dropFirst(66))
      try Data("other".utf8).write(to: URL(filePath: "\(archive)/\(path)"))
      #expect(try check().status == 1)
    }
  }

  @Test(arguments: ["s3://bucket/audit", "s3://bucket/audit//", "s3://bucket"])
  func `--as redshift prints a manifest for COPY`(prefix: String) async throws {
    try await withArchive { archive in
      let result = try changes(archive, ["--since", "4", "--as", "redshift", "--url-prefix", prefix])
      #expect(result.status == 0 && result.log.hasPrefix("commit 12\n"))
      let entries = try #require(try result.json["entries"] as? [[String: Any]])
      let files = try files(try changes(archive, ["--since", "4", "--as", "json"]))
      #expect(try result.json.keys.sorted() == ["entries"] && entries.count == files.count && !files.isEmpty)
      let bare = prefix.replacing("audit//", with: "audit")
      for (entry, file) in zip(entries, files) {
        #expect(entry.keys.sorted() == ["mandatory", "meta", "url"])
        #expect(entry["url"] as? String == "\(bare)/\(file["path"] as? String ?? "")")
        #expect(entry["mandatory"] as? Bool == true)
        #expect((entry["meta"] as? [String: Int]) == ["content_length": file["bytes"] as? Int ?? -1])
      }
    }
  }

  @Test func `--settled-only lists only settled days`() async throws {
    var open = 0
    for seed in 1...4 {
      try await withHistory(seed: seed, commits: 8) { archive in
        let all = try days(try changes(archive, ["--since", "0", "--as", "json"]))
        let settled = try days(try changes(archive, ["--since", "0", "--as", "json", "--settled-only"]))
        let expected = all.filter { $0["state"] as? String == "settled" }
        #expect(settled as NSArray == expected as NSArray && !settled.isEmpty, "seed \(seed)")
        open += all.count - settled.count
      }
    }
    #expect(open > 0)
  }

  @Test func `in an archive of two formats, each can be selected, and COPY gets one`() async throws {
    try await withArchive { archive in
      try await addParquet(to: archive)
      func paths(_ options: [String]) throws -> [Substring] {
        try changes(archive, ["--since", "0", "--as", "paths"] + options).output.split(separator: "\n")
      }
      let (csv, parquet) = (try paths(["--format", "csv"]), try paths(["--format", "parquet"]))
      #expect(!csv.isEmpty && csv.allSatisfy { $0.hasPrefix("csv/") && $0.hasSuffix(".csv.gz") })
      #expect(
        parquet.count == csv.count
          && parquet.allSatisfy { $0.hasPrefix("parquet/") && $0.hasSuffix(".parquet") })
      #expect(Set(try paths([])) == Set(csv + parquet))

      let redshift = ["--since", "0", "--as", "redshift", "--url-prefix", "s3://bucket"]
      let both = try changes(archive, redshift)
      #expect(both.status == 64 && both.log.contains("csv and parquet. Pass --format"), "\(both.log)")
      let one = try changes(archive, redshift + ["--format", "parquet"]).json
      #expect((one["entries"] as? [Any])?.count == parquet.count)
    }
  }

  /// Turns the archive into one of a single commit in which each day has a second format. The files of that format do not
  /// exist, because `changes` reads none.
  private func addParquet(to archive: String) async throws {
    let log = try #require(LogName("acme"))
    let paths = ArchivePaths(log)
    let manifest = try #require(try await Archive(at: archive, log: log).read())
    let record = "\(archive)/\(paths.commit(1))"
    var commit = try ArchiveJSON.decode(
      Commit.self, from: Array(Data(contentsOf: URL(filePath: record))), path: record)
    commit.partitionsChanged = manifest.partitions.map { partition in
      var both = partition
      both.changedInCommit = 1
      both.revision = partition.rows > 0 ? 1 : 0
      both.files = [PartFormat.csv, .parquet].flatMap { format in
        partition.files.map { file in
          var other = file
          other.format = format
          guard var name = paths.partName(file.path) else { return file }
          (name.format, name.revision) = (format, 1)
          other.path = paths.part(name)
          return other
        }
      }
      return both
    }
    commit.filesAdded =
      (commit.partitionsChanged.flatMap { $0.files.map(\.path) }
      + commit.quarantineAdded.map(\.path)).sorted()
    try FileManager.default.removeItem(atPath: "\(archive)/\(paths.commits)")
    try FileManager.default.removeItem(atPath: "\(archive)/\(paths.manifest)")
    try FileManager.default.createDirectory(
      atPath: "\(archive)/\(paths.commits)", withIntermediateDirectories: false)
    try Data(ArchiveJSON.encode(commit)).write(to: URL(filePath: record))
  }

  @Test(arguments: [
    ([], "--since is missing"),
    (["--since", "many"], "--since 'many': expected the number of the commit"),
    (["--since", "-1"], "--since"),
    (["--since", "13"], "the newest is 12"),
    (["--since", "0", "--as", "xml"], "expected table, json, paths, sha256sums or redshift"),
    (["--since", "0", "--as", "redshift"], "--as redshift requires --url-prefix"),
    (["--since", "0", "--as", "redshift", "--url-prefix", "https://bucket"], "such as s3://my-bucket/audit"),
    (["--since", "0", "--as", "redshift", "--url-prefix", "s3://"], "such as s3://my-bucket/audit"),
    (["--since", "0", "--as", "paths", "--url-prefix", "s3://b"], "--url-prefix requires --as redshift"),
    (["--since", "0", "--format", "orc"], "expected csv or parquet"),
    (["--since", "0", "--format", "parquet"], "only as csv"),
  ])
  func `a wrong option gets one sentence and status 64`(options: [String], sentence: String) async throws {
    try await withArchive { archive in
      let result = try changes(archive, options)
      #expect(result.status == 64, "\(options)")
      #expect(result.log.contains(sentence), "\(options): \(result.log)")
      #expect(result.output.isEmpty)
    }
  }

  @Test func `a missing archive is status 10 and a broken chain status 2, also in JSON`() async throws {
    let none = try changes("/tmp/never-made", ["--since", "0", "--as", "json"])
    #expect(none.status == 10 && none.log.contains("No archive of 'acme'"))
    #expect(try none.json["status"] as? String == "no_archive")
    try await withArchive { archive in
      let record = archive + "/_manifest/acme/commits/00000000000000000007.json"
      try FileManager.default.removeItem(atPath: record)
      let broken = try changes(archive, ["--since", "3"])
      #expect(broken.status == 2 && broken.log.contains("is missing"), "\(broken.log)")
      #expect(broken.log.contains("00000000000000000007.json"))
    }
  }

  @Test func `help of changes explains how a loader continues`() throws {
    let help = try Program.exporter.run(["help", "changes"])
    #expect(help.status == 0)
    for word in [
      "--since", "--settled-only", "--as", "--format", "--url-prefix", "In one transaction", "sha256sum -c",
    ] {
      #expect(help.output.contains(word), "\(word)")
    }
  }
}
