import AuditRecord
import DeltaTable
import TestSupport
import Testing

@testable import AuditArchive

/// The log of the table, as runs of two logs write it.
@Suite(.fewAtOnce) struct TableWriterTests {
  private let day12 = "2024-02-12"
  private let day13 = "2024-02-13"

  @Test(arguments: TableArchive.Place.allCases)
  func `a commit that changes Parquet files has a version, and no other has`(place: TableArchive.Place)
    async throws
  {
    let archive = TableArchive(in: place)
    try await archive.run("acme") { writer in
      var counts: [Int] = []
      for days in [[day12: 5], [day13: 0], [day12: 6], [day12: 6], [day12: 0]] as [KeyValuePairs<String, Int>]
      {
        try await writer.commit(days)
        counts.append(try archive.store.tableVersions().count)
      }
      #expect(counts == [1, 1, 2, 2, 3])
    }
    #expect(try archive.store.table().fileCount == 0)
    try archive.expectCurrent("acme")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `logs that are written at once take the next numbers, each in its order`(place: TableArchive.Place)
    async throws
  {
    let archive = TableArchive(in: place)
    try await archive.run("acme") { acme in
      try await acme.commit([day12: 5])
      try await archive.run("globex") { globex in
        try await globex.commit([day12: 7])
        try await globex.commit([day12: 8])
        try await acme.commit([day12: 6, day13: 1])
        try await globex.commit([day12: 9])
      }
      try await acme.commit([day13: 2])
    }
    #expect(try archive.logs() == [["acme"], ["globex"], ["globex"], ["acme"], ["globex"], ["acme"]])
    try archive.expectCurrent("acme", "globex")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a foreign version is passed`(place: TableArchive.Place) async throws {
    let archive = TableArchive(in: place)
    try await archive.run("acme") { writer in
      try await writer.commit([day12: 5])
      let foreign = TableVersion([.commitInfo(CommitInfo(operation: "OPTIMIZE", engineInfo: "other"))])
      archive.store.setContents(of: SimulatedStore.version(1), foreign.bytes)
      try await writer.commit([day12: 6])
    }
    #expect(try archive.logs() == [["acme"], [], ["acme"]])
    try archive.expectCurrent("acme")
  }

  /// `table.json` after two commits of acme, versions 0 and 2. Version 1 is of the other log.
  @Test(
    arguments: TableArchive.Place.allCases,
    [
      nil, "{", #"{"commit":1,"format":"cloudsmith-audit-export/1","version":0}"#,
      #"{"commit":2,"format":"cloudsmith-audit-export/1","version":1}"#,
      #"{"commit":2,"format":"cloudsmith-audit-export/1","version":57}"#,
      #"{"commit":9,"format":"cloudsmith-audit-export/1","version":2}"#,
      #"{"commit":1,"format":"cloudsmith-audit-export/1","version":2}"#,
      #"{"commit":-3,"format":"cloudsmith-audit-export/1","version":-1}"#,
    ])
  func `a hint that is missing, damaged, older or newer than the table does no harm`(
    place: TableArchive.Place, hint: String?
  ) async throws {
    let archive = TableArchive(in: place)
    try await archive.commit("acme", [day12: 5])
    try await archive.commit("globex", [day12: 5])
    try await archive.commit("acme", [day12: 6])
    archive.store.setContents(of: "_manifest/acme/table.json", hint.map { Array($0.utf8) })
    try await archive.run("acme") { _ in }
    try archive.expectCurrent("acme")
    try await archive.commit("acme", [day12: 7, day13: 1])
    try archive.expectCurrent("acme", "globex")
    #expect(try archive.logs() == [["acme"], ["globex"], ["acme"], ["acme"]])
  }

  /// As after a restored copy of the table's log, or after a foreign program deleted a version.
  @Test(arguments: TableArchive.Place.allCases, [false, true])
  func `a version that is gone is written again, although the hint has it`(
    place: TableArchive.Place, isTaken: Bool
  ) async throws {
    let archive = TableArchive(in: place)
    try await archive.commit("acme", [day12: 5])
    try await archive.commit("globex", [day12: 5])
    try await archive.commit("acme", [day12: 6])
    archive.store.setContents(of: SimulatedStore.version(2), nil)
    // Now that number is of the other log.
    if isTaken { try await archive.commit("globex", [day12: 6]) }
    try await archive.run("acme") { _ in }
    try archive.expectCurrent("acme", "globex")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a log of the table that was moved away is made again, with the same id and all logs`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    for count in 5...7 {
      try await archive.commit("acme", [day12: count])
      try await archive.commit("globex", [day13: count])
    }
    let id = try archive.store.table().metadata?.id
    archive.moveLogAway()
    try await archive.run("globex", isTable: false) { _ in }
    #expect(try archive.store.table().metadata?.id == id)
    #expect(try archive.logs() == [["acme", "globex"]])
    try archive.expectCurrent("acme", "globex")
    // The hint of acme is of the table that was moved away.
    try await archive.commit("acme", [day12: 8], isTable: false)
    #expect(try archive.logs() == [["acme", "globex"], ["acme"]])
    try archive.expectCurrent("acme", "globex")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a log of the table that is moved away during a run gets no version after a gap`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    try await archive.commit("globex", [day12: 5])
    try await archive.run("acme") { writer in
      try await writer.commit([day12: 5])
      try await writer.commit([day12: 6])
      archive.moveLogAway()
      try await writer.commit([day12: 7])
      #expect(try archive.logs() == [["acme", "globex"]])
      try await writer.commit([day13: 1])
    }
    try archive.expectCurrent("acme", "globex")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a log that the table lacks is added whole`(place: TableArchive.Place) async throws {
    let archive = TableArchive(in: place)
    try await archive.commit("acme", [day12: 5])
    try await archive.commit("globex", [day12: 5, day13: 6])
    try await archive.commit("globex", [day13: 7])
    archive.moveLogAway()
    let id = try #require(
      archive.store.contents(of: ArchivePaths.kind).map { String(decoding: $0, as: UTF8.self) }?
        .split(separator: "\"").first { $0.count == 36 }.map(String.init))
    let manifest = try #require(try await archive.store.archive(of: log("acme")).read())
    let first = ArchiveTable(id: id, logs: .organizationLogs).firstVersion(of: [manifest], by: manifest)
    archive.store.setContents(of: SimulatedStore.version(0), first.bytes)
    try archive.expectCurrent("acme")
    try await archive.run("globex") { _ in }
    #expect(try archive.logs() == [["acme"], ["globex"]])
    try archive.expectCurrent("acme", "globex")
  }

  @Test func `a table that is ahead of the archive is refused`() async throws {
    let archive = TableArchive(in: .disk)
    try await archive.commit("acme", [day12: 5])
    let older = TableArchive(archive.store.copy())
    try await archive.commit("acme", [day12: 6])
    older.store.setContents(
      of: SimulatedStore.version(1), archive.store.contents(of: SimulatedStore.version(1)))
    older.store.setContents(of: "_manifest/acme/table.json", nil)
    let error = try await archiveError { try await older.run("acme") { _ in } }
    #expect(error == .olderState(commit: 1, later: [SimulatedStore.version(1)]))
  }

  @Test func `a table that lags behind a missing commit record is not written`() async throws {
    let archive = TableArchive(in: .disk)
    for count in 5...7 { try await archive.commit("acme", [day12: count]) }
    for number in 1...2 { archive.store.setContents(of: SimulatedStore.version(number), nil) }
    archive.store.setContents(of: ArchivePaths(log("acme")).commit(2), nil)
    let error = try await archiveError { try await archive.run("acme") { _ in } }
    guard case .damaged(let finding) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(finding.problem == .brokenChain(.absent(upTo: 2)))
    #expect(try archive.store.tableVersions().count == 1)
  }

  @Test func `a run that wakes after a takeover writes no version twice`() async throws {
    let bucket = MemoryBucket()
    let archive = TableArchive(.bucket(bucket))
    let (day12, day13) = (day12, day13)
    try await archive.commit("acme", [day12: 5])
    let error = try await archiveError {
      try await archive.run("acme") { sleeper in
        bucket.meanwhile(before: "create \(SimulatedStore.version(1))") {
          bucket.expireLease()
          do {
            // Its fence is commit 3.
            try await archive.run("acme") { taker in
              #expect(taker.manifest?.commit == 3)
              try await taker.commit([day12: 7, day13: 1])
            }
          } catch {
            Issue.record(error)
          }
        }
        try await sleeper.commit([day12: 6])
      }
    }
    #expect(error == .outrun(2))
    let commits = try archive.store.tableVersions().map {
      $0.transactionVersion(of: "cloudsmith-audit-export:acme")
    }
    #expect(commits == [1, 2, 4])
    try archive.expectCurrent("acme")
    try await archive.run("acme") { _ in }
    try archive.expectCurrent("acme")
  }

  @Test func `four organizations with fifty commits each make one log, each in its order`() async throws {
    let archive = TableArchive(in: .objects)
    let (organizations, count) = (["acme", "globex", "initech", "umbrella"], 50)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for organization in organizations {
        group.addTask {
          // Five runs, so that their beginnings meet commits of others.
          for run in 0..<5 {
            try await archive.run(organization) { writer in
              for number in 0..<count / 5 {
                // Alternating, so that each commit replaces a file.
                try await writer.commit([
                  number.isMultiple(of: 2) ? "2024-02-12" : "2024-02-13": 1 + run * 10 + number
                ])
              }
            }
          }
        }
      }
      try await group.waitForAll()
    }
    let versions = try archive.store.tableVersions()
    // A commit that was there when version 0 was made is in it.
    #expect((197...200).contains(versions.count))
    for organization in organizations {
      #expect(
        versions.compactMap { $0.transactionVersion(of: "cloudsmith-audit-export:\(organization)") }
          == Array(1...count))
      #expect(try archive.store.tableProblems(of: log(organization), isCurrent: true) == [])
    }
  }
}
