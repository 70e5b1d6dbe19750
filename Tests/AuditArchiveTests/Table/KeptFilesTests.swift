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
  private static let start = at("2024-03-01T00:00:00Z")

  /// A run that makes one commit at a time after the start: days with these numbers of events.
  private func commit(
    _ archive: TableArchive, _ days: [String: Int], after passed: TimeSpan = .zero, keeping: TimeSpan?,
    formats: Set<PartFormat> = [.parquet]
  ) async throws {
    try await archive.run("acme", formats: formats, keeping: keeping) { writer in
      _ = try await writer.commit(change(days, after: passed, writer))
    }
  }

  private func change(
    _ days: [String: Int], after passed: TimeSpan, _ writer: ArchiveWriter
  ) async throws -> Change {
    var change = Change(committedAt: KeptFilesTests.start + passed, lookback: .hours(24))
    for (text, count) in days.sorted(by: { $0.key < $1.key }) {
      change.days.append(try await writer.stage(text, events(text, count)))
      change.covered.append(day(text).window)
    }
    return change
  }

  /// The files that the state does not name.
  private func left(_ archive: TableArchive) async throws -> Set<String> {
    let state = try await archive.store.archive(of: log("acme")).read()
    return Set(archive.store.dataFiles).subtracting(state?.paths ?? [])
  }

  private func verify(_ archive: TableArchive) async throws -> VerificationReport {
    try #require(try await archive.store.archive(of: log("acme")).verify())
  }

  private func intent(_ archive: TableArchive) -> String? {
    archive.store.contents(of: ArchivePaths(log("acme")).intent).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The versions of the table whose files are all there.
  private func readableVersions(_ archive: TableArchive) throws -> [Int] {
    var snapshot = TableSnapshot()
    var readable: [Int] = []
    for (number, version) in try archive.store.tableVersions().enumerated() {
      try snapshot.apply(version, number: number)
      let isWhole = snapshot.files.allSatisfy { file in
        archive.store.contents(of: "parquet/\(TablePath.decode(file.path) ?? "")")?.count == file.size
      }
      if isWhole { readable.append(number) }
    }
    return readable
  }

  // MARK: How long

  @Test(arguments: TableArchive.Place.allCases)
  func `a replaced file stays until a commit at which its time is over, and its version is readable`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    try await commit(archive, [day12: 5, day13: 1], keeping: span)
    #expect(try await left(archive) == [] && intent(archive) == nil)
    try await commit(archive, [day12: 6], after: .hours(1), keeping: span)
    try await commit(archive, [day12: 7], after: .hours(2), keeping: span)
    let kept = try await left(archive)
    #expect(kept.count == 2)
    #expect(try readableVersions(archive) == [0, 1, 2])

    let justBefore = TimeSpan(microseconds: span.microseconds + TimeSpan.hours(1).microseconds - 1)
    try await commit(archive, [:], after: justBefore, keeping: span)
    #expect(try await left(archive) == kept)
    try await commit(archive, [:], after: span + .hours(1), keeping: span)
    #expect(try await left(archive).count == 1)
    #expect(try readableVersions(archive) == [1, 2])
    let last = try #require(try await left(archive).first)
    let bytes = archive.store.contents(of: last)?.count
    let report = try await verify(archive)
    #expect(report.findings == [])
    #expect(report.keptFiles?.folder == "parquet/organization=acme")
    #expect(report.keptFiles?.count == 1 && report.keptFiles?.bytes == bytes)

    try await commit(archive, [:], after: span + .hours(2), keeping: span)
    #expect(try await left(archive) == [] && intent(archive) == nil)
    #expect(try await verify(archive).keptFiles == nil)
    try archive.expectCurrent("acme")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a run without the setting deletes all kept files, and a run without a commit none`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    for count in 5...7 { try await commit(archive, [day12: count], keeping: span) }
    let kept = try await left(archive)
    try await archive.run("acme", keeping: span) { #expect($0.recovery.deleted == []) }
    #expect(try await left(archive) == kept && kept.count == 2)
    try await archive.run("acme") { writer in
      #expect(Set(writer.recovery.deleted.map(\.path)) == kept)
      #expect(writer.recovery.deleted.allSatisfy { $0.reason == .superseded })
    }
    #expect(try await left(archive) == [] && intent(archive) == nil)
    #expect(try await verify(archive).findings == [])
  }

  @Test func `the duration is that of the run that commits, and zero keeps nothing`() async throws {
    let archive = TableArchive(in: .disk)
    for count in 5...6 { try await commit(archive, [day12: count], keeping: span) }
    try await commit(archive, [:], after: .hours(3), keeping: .hours(4))
    #expect(try await left(archive).count == 1)
    try await commit(archive, [:], after: .hours(3), keeping: .hours(3))
    #expect(try await left(archive) == [])
    try await commit(archive, [day12: 7], after: .hours(4), keeping: .zero)
    #expect(try await left(archive) == [] && intent(archive) == nil)
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
    #expect(try await verify(archive).keptFiles?.count == 1)
    try archive.expectCurrent("acme", "globex")
  }

  // MARK: What is kept

  @Test(arguments: TableArchive.Place.allCases)
  func `CSV files beside the table are deleted at once`(place: TableArchive.Place) async throws {
    let archive = TableArchive(in: place)
    for count in 5...6 {
      try await commit(archive, [day12: count], keeping: span, formats: [.csv, .parquet])
    }
    let kept = try await left(archive)
    #expect(kept.count == 1 && kept.allSatisfy { $0.hasSuffix(".parquet") })
    #expect(archive.store.paths(below: "csv").count == 1)
    #expect(try await verify(archive).findings == [])
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
    #expect(try await verify(archive).keptFiles?.count == 1)
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
    let file = SupersededFile(path: "c", since: KeptFilesTests.start)
    let keeping = CommitIntent(firstCommit: 1, commit: 2, files: ["a"], superseded: [file])
    let read = try ArchiveJSON.decode(
      CommitIntent.self, from: ArchiveJSON.encode(keeping), path: "intent.json")
    #expect(read == keeping)
  }

  @Test(arguments: [[String: Int](), ["2024-02-12": 5], ["2024-02-14": 5]])
  func `with nothing to keep, a run in a bucket makes the requests that it makes without the setting`(
    days: [String: Int]
  ) async throws {
    let before = TableArchive(in: .objects)
    try await commit(before, [day13: 1], keeping: nil)
    var calls: [[Substring]] = []
    for keeping in [nil, span] {
      let archive = TableArchive(before.store.copy())
      archive.store.startRecording()
      try await commit(archive, days, after: .hours(1), keeping: keeping)
      calls.append(archive.store.recordedCalls.map { $0.prefix { $0 != "?" } }.sorted())
    }
    #expect(calls[0] == calls[1])
  }

  // MARK: Records

  @Test(arguments: TableArchive.Place.allCases)
  func `while a run works, and if its intent is lost, verify judges kept files rightly`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    try await archive.run("acme", keeping: span) { writer in
      for count in 5...8 {
        try await writer.commit([day12: count])
        let report = try await verify(archive)
        #expect(report.findings == [] && (report.keptFiles?.count ?? 0) == count - 5)
      }
    }
    archive.store.setContents(of: ArchivePaths(log("acme")).intent, nil)
    let report = try await verify(archive)
    #expect(report.findings.map(\.problem) == Array(repeating: .unlisted(.returned), count: 3))
    #expect(report.keptFiles == nil)
  }

  /// An intent can be damaged, or written by hand.
  @Test func `entries that are no replaced Parquet parts are neither kept nor deleted`() async throws {
    let archive = TableArchive(in: .disk)
    try await commit(archive, [day12: 5], keeping: span, formats: [.csv, .parquet])
    try await commit(archive, [day12: 6], keeping: span, formats: [.csv, .parquet])
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
    let findings = try await verify(archive).findings.map(\.path)
    #expect(Set(findings).isSuperset(of: others.prefix(2)))
    for keeping in [span, nil] {
      try await commit(archive, [:], after: .hours(1), keeping: keeping)
      for path in others + present.paths { #expect(archive.store.contents(of: path) != nil, "\(path)") }
    }
  }

  // MARK: Failures

  @Test func `a file that is due and cannot be deleted is tried again, and verify reports it`() async throws {
    let disk = FaultyFileSystem(folder: SimulatedStore.root)
    let archive = TableArchive(.disk(disk))
    for count in 5...6 { try await commit(archive, [day12: count], keeping: span) }
    let kept = try await left(archive)
    disk.refuse([.delete, .removeFolder])
    try await commit(archive, [day13: 1], after: span, keeping: span)
    #expect(try await left(archive) == kept && kept.count == 1)
    #expect(try await verify(archive).findings.map(\.problem) == [.unlisted(.leftover(.superseded))])
    disk.refuse([])
    try await archive.run("acme", keeping: span) { writer in
      #expect(writer.recovery.deleted.map(\.path).contains(kept.first ?? ""))
    }
    #expect(try await left(archive) == [])
    #expect(try await verify(archive).findings == [])
  }

  @Test func `a due file stays while the current file of its day is missing`() async throws {
    let archive = TableArchive(in: .disk)
    for count in 5...6 { try await commit(archive, [day12: count], keeping: span) }
    let kept = try await left(archive)
    let state = try #require(try await archive.store.archive(of: log("acme")).read())
    let part = try #require(state.partition(day(day12))?.files.first?.path)
    let bytes = archive.store.contents(of: part)
    archive.store.setContents(of: part, nil)
    try await commit(archive, [day13: 1], after: span, keeping: span)
    try await archive.run("acme") { #expect($0.recovery.damaged.count == 1) }
    #expect(try await left(archive) == kept && kept.count == 1)
    archive.store.setContents(of: part, bytes)
    try await archive.run("acme") { _ in }
    #expect(try await left(archive) == [])
    #expect(try await verify(archive).findings == [])
  }

  /// The changes of the run that dies: it revises a day, or it only empties one.
  @Test(arguments: [["2024-02-12": 8], ["2024-02-12": 0]])
  func `a run that dies at any operation loses no kept file, and leaves none that nothing names`(
    days: [String: Int]
  ) async throws {
    let disk = FaultyFileSystem(folder: SimulatedStore.root)
    let before = TableArchive(.disk(disk))
    try await commit(before, [day12: 5, day13: 1], keeping: span)
    // Due in the run that dies.
    try await commit(before, [day13: 2], after: .hours(1), keeping: span)
    try await commit(before, [day12: 6], after: .hours(20), keeping: span)
    let last = span + .hours(1)
    let counted = TableArchive(before.store.copy())
    counted.store.startRecording()
    try await commit(counted, days, after: last, keeping: span)
    var seen: Set<Int> = []
    for number in 1...counted.store.calls + 1 {
      for power in [Survival.all, .none, .some(SeededRandom(seed: number))] {
        let dead = FaultyFileSystem(copyOf: disk)
        dead.fail(at: number, .death)
        let archive = TableArchive(.disk(dead))
        _ = try await archiveError { try await commit(archive, days, after: last, keeping: span) }
        var survival = power
        dead.restart(afterPowerFailure: &survival)
        let place = "operation \(number), \(power)"
        // The version before the last two revisions may lack the file that is due.
        func expectReadable(_ step: String) throws {
          let versions = try archive.store.tableVersions().count
          #expect(try Set(readableVersions(archive)).isSuperset(of: 1..<versions), "\(place), \(step)")
        }
        try expectReadable("dead")
        try await archive.run("acme", keeping: span) { writer in
          #expect(writer.recovery.damaged == [])
          try expectReadable("recovered")
        }
        #expect(try await verify(archive).findings == [], "\(place)")
        try await commit(archive, days, after: last, keeping: span)
        try expectReadable("next run")
        #expect(try await left(archive).count == 2, "\(place)")
        seen.insert(try archive.store.tableVersions().count)
        try await archive.run("acme") { _ in }
        #expect(try await left(archive) == [] && intent(archive) == nil, "\(place)")
        #expect(try await verify(archive).findings == [], "\(place)")
        try archive.expectCurrent("acme")
      }
    }
    #expect(seen == [4])
  }

  /// The killed run had not the setting; the next one has it.
  @Test func `files that a killed run was to delete are kept from the time of its commit`() async throws {
    let disk = FaultyFileSystem(folder: SimulatedStore.root)
    let archive = TableArchive(.disk(disk))
    try await commit(archive, [day12: 5], keeping: nil)
    let counted = TableArchive(archive.store.copy())
    counted.store.startRecording()
    try await commit(counted, [day12: 6], after: .hours(1), keeping: nil)
    let part = counted.store.recordedCalls.firstIndex { $0.hasPrefix("delete") && $0.contains(".r0001-") }
    disk.fail(at: try #require(part) + 1, .death)
    _ = try await archiveError { try await commit(archive, [day12: 6], after: .hours(1), keeping: nil) }
    disk.restartAfterKill()
    try await archive.run("acme", keeping: span) { writer in
      #expect(writer.recovery.deleted.allSatisfy { $0.reason == .staging })
    }
    #expect(try #require(intent(archive)).contains(#""since" : "2024-03-01T01:00:00.000000Z""#))
    #expect(try await verify(archive).findings == [])
    try await commit(archive, [:], after: span + .hours(1), keeping: span)
    #expect(try await left(archive) == [])
  }

  @Test func `a run that takes over keeps the files of the sleeping one, which deletes none`() async throws {
    let bucket = MemoryBucket()
    let archive = TableArchive(.bucket(bucket))
    for count in 5...6 { try await commit(archive, [day12: count], keeping: span) }
    let kept = try await left(archive)
    let error = try await archiveError {
      try await archive.run("acme", keeping: span) { sleeper in
        let next = try await change([day12: 7], after: span, sleeper)
        bucket.meanwhile(before: "create \(SimulatedStore.version(2))") {
          bucket.expireLease()
          do {
            try await commit(archive, [day13: 1], after: .hours(2), keeping: span)
          } catch {
            Issue.record(error)
          }
        }
        _ = try await sleeper.commit(next)
      }
    }
    #expect(error != nil)
    // The sleeper's commit was made, and its file is kept too.
    #expect(try await left(archive).isSuperset(of: kept))
    #expect(try await left(archive).count == 2)
    #expect(try await verify(archive).findings == [])
    try archive.expectCurrent("acme")
    try await archive.run("acme") { _ in }
    #expect(try await left(archive) == [])
    #expect(try await verify(archive).findings == [])
  }
}
