import Foundation
import TestSupport
import Testing

/// Archives as Delta Lake tables, read by engines that share no code with this program.
@Suite(.fewAtOnce) struct TableTests {
  /// Two independent implementations, delta-rs and delta-kernel-rs. `Scripts/test --engines` sets others.
  private static let engines =
    (ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_TABLE_ENGINES"] ?? "deltalake,duckdb,polars")
    .split(separator: ",").map(String.init)

  @Test(.needsPython)
  func `other engines read every cell of the table in a folder, after each kind of change`() throws {
    try Folder.with { folder in
      let table = try Table(folder, archive: folder.path + "/archive")
      try table.serving("first") { url in
        try table.export("acme", from: url)
        try table.expectSameCells("first run")
        try table.export("globex", from: url)
        try table.expectSameCells("two organizations")
        // Nothing new: no version.
        let versions = try table.history().count
        try table.export("acme", from: url)
        #expect(try table.history().count == versions)
      }
      try table.serving("second") { try table.export("acme", from: $0, ["--replace"]) }
      try table.expectSameCells("a replaced and an emptied day")
      try table.expectSameCounts()
      let moved = try Table(folder, archive: folder.path + "/moved/elsewhere")
      try FileManager.default.createDirectory(
        atPath: folder.path + "/moved", withIntermediateDirectories: true)
      try FileManager.default.moveItem(atPath: table.archive, toPath: moved.archive)
      try moved.expectSameCells("moved")
      try moved.serving("second") { try moved.export("globex", from: $0, ["--replace"]) }
      try moved.expectSameCells("an export after the move")
      try moved.expectSound()
    }
  }

  @Test(.needsPython, arguments: ["csv", "csv,parquet"])
  func `other engines read every cell of an archive that became a table later`(begun: String) throws {
    try Folder.with { folder in
      let table = try Table(folder, archive: folder.path + "/archive")
      try table.serving("first") { url in
        for organization in ["acme", "globex"] { try table.export(organization, from: url, format: begun) }
        #expect(!FileManager.default.fileExists(atPath: table.archive + "/parquet/_delta_log"))
        // The first one makes the table. Each converts the days of its own log.
        for organization in ["acme", "globex"] { try table.export(organization, from: url) }
      }
      try table.expectSameCells("turned on")
      try table.serving("second") { try table.export("acme", from: $0, ["--replace"]) }
      try table.expectSameCells("a replaced and an emptied day")
      try table.expectSound()
    }
  }

  @Test(.needsPython, .needsSeaweedFS, .needs("curl"))
  func `other engines read every cell of the table in a bucket, and of its copy in a folder`() async throws {
    try await Folder.with { folder in
      try await SeaweedFS.with { store in
        let table = try Table(folder, archive: store.archive(), environment: store.environment)
        try table.serving("first") { url in
          for organization in ["acme", "globex"] { try table.export(organization, from: url) }
        }
        try table.serving("second") { try table.export("acme", from: $0, ["--replace"]) }
        try table.expectSameCells("bucket")
        try table.expectSameCounts()
        try table.expectSound()
        let copy = try Table(folder, archive: folder.path + "/copy")
        let synced = try Python.run(
          "sync_bucket.py",
          [
            store.url, store.environment["AWS_ACCESS_KEY_ID"] ?? "", SeaweedFS.secret, table.archive,
            copy.archive,
          ])
        try #require(synced.status == 0, "\(synced.log)")
        #expect(try copy.cells() == table.cells())
        try copy.expectSameCells("copy")
        try copy.expectSound()
      }
    }
  }

  @Test(.needsPython) func `each commit that changes Parquet files has a version with its hash`() throws {
    try Folder.with { folder in
      let table = try Table(folder, archive: folder.path + "/archive")
      try table.serving("first") { url in
        for organization in ["acme", "globex"] { try table.export(organization, from: url) }
      }
      let manifests = table.archive + "/_manifest"
      let records = try FileManager.default.subpathsOfDirectory(atPath: manifests)
        .filter { $0.contains("/commits/") }.map { "\(manifests)/\($0)" }
      // A commit that changes no Parquet file has no version.
      let hashes = try records.filter { path in
        let record = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
        let added = (record as? [String: Any])?["files_added"] as? [String] ?? []
        return added.contains { $0.hasPrefix("parquet/") }
      }.map { String(try Command("sha256sum", [$0]).run().output.prefix(64)) }
      let history = try table.history()
      #expect(history.compactMap { $0["txnId"] as? String }.sorted() == hashes.sorted())
      #expect(history.last?["operation"] as? String == "CREATE TABLE")
      try table.expectSound()
    }
  }

  @Test(.needsPython) func `other engines answer the lines of the page Query it`() throws {
    let lines = try Document("QueryIt").blocks.filter { $0.language == "python" }.map(\.lines)
    #expect(lines.count == 4 && lines.allSatisfy { $0.count == 1 })
    try Bench.with(["--generate", "500"]) { bench in
      let exported = try bench.export(Bench.start + ["--format", "delta"])
      #expect(exported.status == 0, "\(exported.log)")
      var seen: [String] = []
      for line in lines.joined() {
        let engine = try #require(
          ["deltalake", "polars", "chdb", "daft"].first { line.contains("\($0).") }, "\(line)")
        guard Self.engines.contains(engine) else { continue }
        seen.append(engine)
        let answer = try Command(
          try #require(Python.interpreter), ["-c", line.replacing("/srv/audit", with: bench.archive)]
        ).run()
        #expect(answer.status == 0 && answer.output.contains("action.login"), "\(answer.output)\(answer.log)")
      }
      #expect(Set(seen).isSuperset(of: ["deltalake", "polars"]))
    }
  }

  @Test(.needsPython) func `other engines answer the queries of samples in the same way, and rightly`() throws
  {
    try Folder.with { folder in
      let path = try folder.write(
        String(decoding: JSONSerialization.data(withJSONObject: SampleQuery.events), as: UTF8.self),
        to: "events.json")
      try Bench.with(["--events", path]) { bench in
        let exported = try bench.export([
          "--from", "2024-02-01", "--to", "2024-04-01", "--retention", "36500d", "--format", "csv,delta",
        ])
        #expect(exported.status == 0, "\(exported.log)")
        let names = try FileManager.default.contentsOfDirectory(atPath: Repository.path("samples/queries"))
        #expect(names.sorted() == SampleQuery.answers.keys.map { $0 + ".sql" }.sorted())
        for (name, wanted) in SampleQuery.answers {
          let file = Repository.path("samples/queries/\(name).sql")
          let comment = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            .prefix { $0.hasPrefix("-- ") }
          #expect(comment.count == 2, "\(name)")
          // daft's SQL lacks a part of what the others have.
          for engine in Self.engines where engine != "daft" {
            let answer = try Python.run("read_table.py", [engine, bench.archive + "/parquet", "--sql", file])
            #expect(answer.status == 0, "\(name), \(engine): \(answer.log)")
            let rows = answer.output.split(separator: "\n").dropFirst().map(String.init)
            #expect(rows == wanted, "\(name), \(engine)")
          }
        }
      }
    }
  }

  // MARK: An archive with difficult values

  /// An archive with both formats, and the emulator's logs of two organizations that it is exported from.
  private final class Table {
    let archive: String
    private let folder: Folder
    private let environment: [String: String]
    /// The archive keeps the URL that it is exported from.
    private static let key = "test-key-3f9a77"
    private let firstDay = String(Past.midnight(daysAgo: 9).prefix(10))

    init(_ folder: Folder, archive: String, environment: [String: String] = [:]) throws {
      self.folder = folder
      self.archive = archive
      self.environment = environment
    }

    /// Runs an emulator with the events of a night of `difficult_events.py`, always on the same port.
    func serving(_ night: String, _ body: (_ url: String) throws -> Void) throws {
      let events = try Python.run("difficult_events.py", [night, firstDay])
      try #require(events.status == 0, "\(events.log)")
      let path = try folder.write(events.outputBytes, to: "\(night).json")
      let port = folder.path + "/port"
      let emulator = try Program.emulator.start([
        "--organization", "acme", "--organization", "globex", "--api-key", Self.key, "--events", path,
        "--port",
        FileManager.default.fileExists(atPath: port)
          ? try String(contentsOfFile: port, encoding: .utf8) : "0",
      ])
      defer {
        emulator.signal(SIGTERM)
        emulator.wait()
      }
      let url = try #require(emulator.line(beginning: "listening on "), "the emulator did not start")
      try folder.write(String(url.split(separator: ":").last ?? ""), to: "port")
      try body(url)
    }

    func export(
      _ organization: String, from url: String, format: String = "csv,delta", _ options: [String] = []
    ) throws {
      let outcome = try Program.exporter.run(
        [
          "export", "-q", "-o", organization, "--archive", archive, "--from", Past.midnight(daysAgo: 9),
          "--to",
          Past.midnight(daysAgo: 3), "--max-requests-per-second", "unlimited", "--format", format,
        ] + options,
        environment: environment.merging(["CLOUDSMITH_API_HOST": url, "CLOUDSMITH_API_KEY": Self.key]) { $1 })
      try #require(outcome.status == 0, "\(outcome.log)")
    }

    /// Runs `read_table.py` on the table, or on the archive for `csv`.
    private func read(_ engine: String, _ options: [String] = []) throws -> CommandOutcome {
      let place = engine == "csv" ? archive : archive + "/parquet"
      let outcome = try Python.run("read_table.py", [engine, place] + options, environment: environment)
      try #require(outcome.status == 0, "\(engine): \(outcome.log)")
      return outcome
    }

    /// The rows of the CSV parts, a line each.
    func cells() throws -> [Substring] { try read("csv").output.split(separator: "\n") }

    func expectSameCells(_ step: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
      let wanted = try cells()
      #expect(wanted.count > 300, "\(step)", sourceLocation: sourceLocation)
      for engine in TableTests.engines {
        let found = try read(engine).output.split(separator: "\n")
        let pair = zip(found, wanted).first { $0 != $1 }.map {
          "\($0.prefix(2_000)), not \($1.prefix(2_000))"
        }
        #expect(
          found.count == wanted.count && pair == nil,
          "\(step), \(engine): \(found.count) of \(wanted.count) rows; \(pair ?? "")",
          sourceLocation: sourceLocation)
      }
      // Every file that the table names exists.
      #expect(try read("fsck").output == "", "\(step)", sourceLocation: sourceLocation)
      // VACUUM would only delete removed files.
      #expect(try read("vacuum").output == "", "\(step)", sourceLocation: sourceLocation)
    }

    /// The number of rows of a day that both organizations have, of an emptied one and of one after the last.
    func expectSameCounts() throws {
      let rows = try cells().dropFirst()
      for daysAgo in [9.0, 6, 2] {
        let day = String(Past.midnight(daysAgo: daysAgo).prefix(10))
        let count = rows.count { $0.hasSuffix(",\"\(day)\"]") }
        for engine in TableTests.engines {
          #expect(try read(engine, ["--count-day", day]).output == "\(count)\n", "\(engine), \(day)")
        }
      }
    }

    /// The versions of the table, newest first.
    func history() throws -> [[String: Any]] {
      try read("history").output.split(separator: "\n").map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      }
    }

    /// `verify` finds nothing in either log.
    func expectSound() throws {
      for organization in ["acme", "globex"] {
        let verified = try Program.exporter.run(
          ["verify", "-o", organization, "--archive", archive], environment: environment)
        #expect(verified.status == 0, "\(verified.output)\(verified.log)")
      }
    }
  }
}

/// Events for the queries of `samples/queries`, and the right answers as `read_table.py` prints them.
private enum SampleQuery {
  /// Newest first, as the API lists them.
  static var events: [[String: Any]] { Array(ordered.reversed()) }

  private static var ordered: [[String: Any]] {
    [
      event(1, "2024-02-01T08:00:00.000001Z", "action.login", by: "ada", in: "Portugal", ("user", "ada")),
      event(
        2, "2024-02-10T08:00:00Z", "delete.package_deleted", by: "ada", in: "Portugal", ("package", "old-1.0")
      ),
      event(3, "2024-03-01T08:00:00Z", "action.login", by: "ada", in: "Portugal", ("user", "ada")),
      event(4, "2024-03-02T08:00:00Z", "action.login_failed", by: nil, in: "Peru", ("user", "ada")),
      event(5, "2024-03-02T08:00:01Z", "action.login_failed", by: nil, in: "Peru", ("user", "ada")),
      event(
        6, "2024-03-03T10:00:00Z", "create.team_member_added", by: "ada", in: "Portugal",
        ("team", "deployers")),
      event(
        7, "2024-03-04T10:00:00Z", "update.entitlement_refreshed", by: nil, in: nil,
        ("repository_token", "Tk1")
      ),
      event(
        8, "2024-03-05T10:00:00Z", "delete.repository_deleted", by: "ada", in: "Kenya",
        ("repository", "platform")),
      event(9, "2024-03-05T10:00:01Z", "delete.package_deleted", by: nil, in: nil, ("package", "old-2.0")),
      event(
        10, "2024-03-06T10:00:00Z", "update.saml_disabled", by: "ben", in: "Peru", ("organization", "acme")),
      event(11, "2024-03-07T10:00:00Z", "Repository.Delete", by: "ben", in: "Peru", ("Repository", "mobile")),
    ]
  }

  private static func event(
    _ number: Int, _ time: String, _ name: String, by actor: String?, in country: String?,
    _ object: (kind: String, name: String)
  ) -> [String: Any] {
    [
      "uuid": uuid(number), "event_at": time, "event": name, "actor": actor as Any? ?? NSNull(),
      "actor_kind": country == nil ? "system" : "user", "actor_slug_perm": actor as Any? ?? NSNull(),
      "actor_ip_address": country == nil ? NSNull() : "198.51.100.\(number)" as Any,
      "actor_location": country.map { ["country": $0] } as Any? ?? NSNull(), "context": "",
      "object": object.name, "object_kind": object.kind, "object_slug_perm": object.name,
      "target": "acme", "target_kind": "namespace", "target_slug_perm": "o4AcmeX7Yb21",
    ]
  }

  private static func uuid(_ number: Int) -> String {
    "00000000-0000-4000-8000-0000000000" + (number < 10 ? "0" : "") + "\(number)"
  }

  /// By the file's name. Event 1 is before the last 30 days.
  static let answers = [
    "deletions_by_actor": [
      #"["acme","ada","package",1,1,1707552000000000,1707552000000000]"#,
      #"["acme","ada","repository",1,1,1709632800000000,1709632800000000]"#,
      #"["acme","ben","Repository",1,1,1709805600000000,1709805600000000]"#,
      #"["acme","system","package",1,1,1709632801000000,1709632801000000]"#,
    ],
    "failed_logins_by_country": [
      #"["acme","Peru",2,2,0,2,1709366401000000]"#, #"["acme","Portugal",0,1,1,1,1709280000000000]"#,
    ],
    "keys_and_tokens": [
      #"["acme",1709546400000000,"system",null,"update.entitlement_refreshed","repository_token","Tk1","\#(uuid(7))"]"#
    ],
    "new_actors": [#"["acme","ben","user",1709719200000000,2]"#],
    "new_countries": [#"["acme","ada","Kenya",1709632800000000,1]"#],
    "permission_changes": [
      #"["acme",1709460000000000,"ada","198.51.100.6","create.team_member_added","team","deployers","namespace","acme","\#(uuid(6))"]"#
    ],
    "security_settings": [
      #"["acme",1709719200000000,"ben","update.saml_disabled","organization","acme","\#(uuid(10))"]"#
    ],
  ]
}
