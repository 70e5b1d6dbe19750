import AuditRecord
import DeltaTable
import TestSupport
import Testing

@testable import AuditArchive

/// Replaced files that stay for readers of an earlier version of the table.
@Suite(.fewAtOnce) struct KeptFilesTests {
  private let day12 = "2024-02-12"
  private let day13 = "2024-02-13"
  private let span = TimeSpan.hours(48)

  // MARK: How long

  @Test(arguments: TableArchive.Place.allCases)
  func `a replaced file stays until a commit at which its time is over, and its version is readable`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    try await archive.commit([day12: 5, day13: 1], keeping: span)
    #expect(try await archive.left == [] && archive.intent == nil)
    try await archive.commit([day12: 6], after: .hours(1), keeping: span)
    try await archive.commit([day12: 7], after: .hours(2), keeping: span)
    let kept = try await archive.left
    #expect(kept.count == 2)
    #expect(try archive.readableVersions == [0, 1, 2])

    let justBefore = TimeSpan(microseconds: span.microseconds + TimeSpan.hours(1).microseconds - 1)
    try await archive.commit([:], after: justBefore, keeping: span)
    #expect(try await archive.left == kept)
    try await archive.commit([:], after: span + .hours(1), keeping: span)
    #expect(try await archive.left.count == 1)
    #expect(try archive.readableVersions == [1, 2])
    let last = try #require(try await archive.left.first)
    let bytes = archive.store.contents(of: last)?.count
    let report = try await archive.verify()
    #expect(report.findings == [])
    #expect(report.keptFiles?.folder == "parquet/organization=acme")
    #expect(report.keptFiles?.count == 1 && report.keptFiles?.bytes == bytes)

    try await archive.commit([:], after: span + .hours(2), keeping: span)
    #expect(try await archive.left == [] && archive.intent == nil)
    #expect(try await archive.verify().keptFiles == nil)
    try archive.expectCurrent("acme")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a run without the setting deletes all kept files, and a run without a commit none`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    for count in 5...7 { try await archive.commit([day12: count], keeping: span) }
    let kept = try await archive.left
    try await archive.run("acme", keeping: span) { #expect($0.recovery.deleted == []) }
    #expect(try await archive.left == kept && kept.count == 2)
    try await archive.run("acme") { writer in
      #expect(Set(writer.recovery.deleted.map(\.path)) == kept)
      #expect(writer.recovery.deleted.allSatisfy { $0.reason == .superseded })
    }
    #expect(try await archive.left == [] && archive.intent == nil)
    #expect(try await archive.verify().findings == [])
  }

  @Test func `the duration is that of the run that commits, and zero keeps nothing`() async throws {
    let archive = TableArchive(in: .disk)
    for count in 5...6 { try await archive.commit([day12: count], keeping: span) }
    try await archive.commit([:], after: .hours(3), keeping: .hours(4))
    #expect(try await archive.left.count == 1)
    try await archive.commit([:], after: .hours(3), keeping: .hours(3))
    #expect(try await archive.left == [])
    try await archive.commit([day12: 7], after: .hours(4), keeping: .zero)
    #expect(try await archive.left == [] && archive.intent == nil)
  }

  /// Until the table loses a file, new readers open it, too.
  @Test(arguments: TableArchive.Place.allCases)
  func `the time of a file begins when the table loses it, if that cannot be appended to before`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    for count in 5...6 { try await archive.commit([day12: count], keeping: span) }
    let bad = SimulatedStore.version(2)
    archive.store.setContents(of: bad, Array("no JSON".utf8))
    try await archive.commit([day12: 7], after: .hours(1), keeping: span)
    let later = span + span
    try await archive.commit([:], after: later, keeping: span)
    #expect(try await archive.left.count == 2)
    #expect(try await archive.verify().keptFiles?.count == 2)

    archive.store.setContents(of: bad, nil)
    try await archive.run("acme", keeping: span, since: TableArchive.start + later) { writer in
      #expect(writer.tableObstacle == nil && writer.recovery.deleted == [])
    }
    #expect(try archive.readableVersions == [0, 1, 2])
    try await archive.commit([:], after: later + .hours(1), keeping: span)
    #expect(try await archive.left.count == 1)
    #expect(try archive.readableVersions == [1, 2])
    try await archive.commit([:], after: later + span, keeping: span)
    #expect(try await archive.left == [] && archive.intent == nil)
    #expect(try await archive.verify().findings == [])
    try archive.expectCurrent("acme")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `each log keeps its own files`(place: TableArchive.Place) async throws {
    let archive = TableArchive(in: place)
    for name in ["acme", "globex"] {
      for count in 5...6 {
        try await archive.run(name, keeping: span) { try await $0.commit([day12: count]) }
      }
    }
    try await archive.run("globex") { #expect($0.recovery.deleted.count == 1) }
    #expect(try await archive.verify().keptFiles?.count == 1)
    try archive.expectCurrent("acme", "globex")
  }

  // MARK: What is kept

  @Test(arguments: TableArchive.Place.allCases)
  func `CSV files beside the table are deleted at once`(place: TableArchive.Place) async throws {
    let archive = TableArchive(in: place)
    for count in 5...6 {
      try await archive.commit([day12: count], keeping: span, formats: [.csv, .parquet])
    }
    let kept = try await archive.left
    #expect(kept.count == 1 && kept.allSatisfy { $0.hasSuffix(".parquet") })
    #expect(archive.store.paths(below: "csv").count == 1)
    #expect(try await archive.verify().findings == [])
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `an archive that is no table and is not made one is refused, and nothing is changed`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    for formats in [nil, [.csv], [.parquet]] as [Set<PartFormat>?] {
      let error = try await archiveError {
        try await archive.run("acme", isTable: false, formats: formats, keeping: span) { _ in }
      }
      #expect(error == .keepingNeedsTable)
    }
    #expect(archive.store.paths(below: "_manifest").allSatisfy { $0.hasSuffix("/lock") })
    if !archive.store.isBucket { #expect(archive.store.paths(below: "_manifest") == []) }
    try await archive.run("acme", isTable: false) { try await $0.commit([day12: 5]) }
    let error = try await archiveError {
      try await archive.run("acme", isTable: false, keeping: span) { try await $0.commit([day12: 6]) }
    }
    #expect(error == .keepingNeedsTable)
    #expect(try await archive.store.archive(of: log("acme")).read()?.commit == 1)
    // Once it is a table, the setting alone will do.
    try await archive.run("acme", isTable: true) { _ in }
    try await archive.run("acme", isTable: false, formats: nil, keeping: span) {
      try await $0.commit([day12: 6])
    }
    #expect(try await archive.verify().keptFiles?.count == 1)
  }

  @Test func `an intent without kept files has the bytes that it always had`() throws {
    let intent = CommitIntent(firstCommit: 1, commit: 2, files: ["b", "a"])
    let text = String(decoding: ArchiveJSON.encode(intent), as: UTF8.self)
    #expect(
      text == """
        {
          "commit" : 2,
          "files" : [
            "a",
            "b"
          ],
          "first_commit" : 1,
          "format" : "cloudsmith-audit-export/1"
        }

        """)
    let file = SupersededFile(path: "c", since: TableArchive.start)
    let keeping = CommitIntent(firstCommit: 1, commit: 2, files: ["a"], superseded: [file])
    let read = try ArchiveJSON.decode(
      CommitIntent.self, from: ArchiveJSON.encode(keeping), path: "intent.json")
    #expect(read == keeping)
  }

  @Test(arguments: [[String: Int](), ["2024-02-12": 5], ["2024-02-14": 5]])
  func `with nothing to keep, --keep-superseded costs a bucket no requests`(
    days: [String: Int]
  ) async throws {
    let before = TableArchive(in: .objects)
    try await before.commit([day13: 1], keeping: nil)
    var calls: [[Substring]] = []
    for keeping in [nil, span] {
      let archive = TableArchive(before.store.copy())
      archive.store.startRecording()
      try await archive.commit(days, after: .hours(1), keeping: keeping)
      calls.append(archive.store.recordedCalls.map { $0.prefix { $0 != "?" } }.sorted())
    }
    #expect(calls[0] == calls[1])
  }

  // MARK: Records

  @Test(arguments: TableArchive.Place.allCases)
  func `verify notes kept files while a run works, and reports them as unlisted if the intent is lost`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    try await archive.run("acme", keeping: span) { writer in
      for count in 5...8 {
        try await writer.commit([day12: count])
        let report = try await archive.verify()
        #expect(report.findings == [] && (report.keptFiles?.count ?? 0) == count - 5)
      }
    }
    archive.store.setContents(of: ArchivePaths(log("acme")).intent, nil)
    let report = try await archive.verify()
    #expect(report.findings.map(\.problem) == Array(repeating: Finding.Problem.unlisted(.returned), count: 3))
    #expect(report.keptFiles == nil)
  }

  /// An intent can be damaged, or written by hand.
  @Test func `entries that are no replaced Parquet parts are neither kept nor deleted`() async throws {
    let archive = TableArchive(in: .objects)
    try await archive.commit([day12: 5], keeping: span, formats: [.csv, .parquet])
    try await archive.commit([day12: 6], keeping: span, formats: [.csv, .parquet])
    let present = try #require(try await archive.store.archive(of: log("acme")).read())
    let others = [
      "csv/organization=acme/event_date=2024-02-12/part-00000.r0001-00000000.csv.gz",
      "parquet/organization=acme/event_date=2024-02-12/part-00000.r0003-00000000.parquet",
      "parquet/organization=globex/event_date=2024-02-12/part-00000.r0001-00000000.parquet", "notes.txt",
    ]
    for path in others { archive.store.setContents(of: path, [0]) }
    let intent = CommitIntent(
      firstCommit: 3, commit: 3, files: [],
      superseded: (others + present.paths).map { SupersededFile(path: $0, since: at("2024-01-01T00:00:00Z")) }
    )
    archive.store.setContents(of: ArchivePaths(log("acme")).intent, ArchiveJSON.encode(intent))
    let findings = try await archive.verify().findings.map(\.path)
    #expect(Set(findings).isSuperset(of: others.prefix(2)))
    for keeping in [span, nil] {
      try await archive.commit([:], after: .hours(1), keeping: keeping)
      for path in others + present.paths { #expect(archive.store.contents(of: path) != nil, "\(path)") }
    }
  }
}
