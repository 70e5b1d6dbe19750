import AuditRecord
import TestSupport
import Testing

@testable import AuditArchive

/// Runs that die, fail or are taken over while files are kept for readers of the table.
@Suite(.fewAtOnce) struct KeptFilesCrashTests {
  private let day12 = "2024-02-12"
  private let day13 = "2024-02-13"
  private let span = TimeSpan.hours(48)

  @Test func `a file that is due and cannot be deleted is tried again, and verify reports it`() async throws {
    let disk = FaultyFileSystem(folder: SimulatedStore.root)
    let archive = TableArchive(.disk(disk))
    for count in 5...6 { try await archive.commit([day12: count], keeping: span) }
    let kept = try await archive.left
    disk.refuse([.delete, .removeFolder])
    try await archive.commit([day13: 1], after: span, keeping: span)
    #expect(try await archive.left == kept && kept.count == 1)
    #expect(try await archive.verify().findings.map(\.problem) == [.unlisted(.leftover(.superseded))])
    disk.refuse([])
    try await archive.run("acme", keeping: span) { writer in
      #expect(writer.recovery.deleted.map(\.path).contains(kept.first ?? ""))
    }
    #expect(try await archive.left == [])
    #expect(try await archive.verify().findings == [])
  }

  @Test func `a due file stays while the current file of its day is missing`() async throws {
    let archive = TableArchive(in: .disk)
    for count in 5...6 { try await archive.commit([day12: count], keeping: span) }
    let kept = try await archive.left
    let state = try #require(try await archive.store.archive(of: log("acme")).read())
    let part = try #require(state.partition(day(day12))?.files.first?.path)
    let bytes = archive.store.contents(of: part)
    archive.store.setContents(of: part, nil)
    try await archive.commit([day13: 1], after: span, keeping: span)
    try await archive.run("acme") { #expect($0.recovery.damaged.count == 1) }
    #expect(try await archive.left == kept && kept.count == 1)
    archive.store.setContents(of: part, bytes)
    try await archive.run("acme") { _ in }
    #expect(try await archive.left == [])
    #expect(try await archive.verify().findings == [])
  }

  /// The run that dies gives a day this many events. With none, it only removes a file and adds none.
  @Test(arguments: [8, 0], [false, true])
  func `a run that dies at any operation loses no kept file, and leaves none that nothing names`(
    count: Int, keepsBefore: Bool
  ) async throws {
    let days = [day12: count]
    let disk = FaultyFileSystem(folder: SimulatedStore.root)
    let before = TableArchive(.disk(disk))
    try await before.commit([day12: 5, day13: 1], keeping: span)
    if keepsBefore {
      // Due in the run that dies.
      try await before.commit([day13: 2], after: .hours(1), keeping: span)
      try await before.commit([day12: 6], after: .hours(20), keeping: span)
    }
    let last = span + .hours(1)
    let counted = TableArchive(before.store.copy())
    counted.store.startRecording()
    try await counted.commit(days, after: last, keeping: span)
    let wanted = (left: keepsBefore ? 2 : 1, versions: keepsBefore ? 4 : 2)
    for number in 1...counted.store.calls + 1 {
      for power in keepsBefore ? [Survival.all, .none] : [.all] {
        let dead = FaultyFileSystem(copyOf: disk)
        dead.fail(at: number, .death)
        let archive = TableArchive(.disk(dead))
        _ = try await archiveError { try await archive.commit(days, after: last, keeping: span) }
        var survival = power
        dead.restart(afterPowerFailure: &survival)
        let place = "operation \(number), \(power)"
        // Version 0 may lack the file that is due.
        func expectReadable(_ step: String) throws {
          let versions = try archive.store.tableVersions().count
          let wanted = (keepsBefore ? 1 : 0)..<versions
          #expect(try Set(archive.readableVersions).isSuperset(of: wanted), "\(place), \(step)")
        }
        try expectReadable("dead")
        try await archive.run("acme", keeping: span) { writer in
          #expect(writer.recovery.damaged == [])
          try expectReadable("recovered")
        }
        #expect(try await archive.verify().findings == [], "\(place)")
        try await archive.commit(days, after: last, keeping: span)
        try expectReadable("next run")
        #expect(try await archive.left.count == wanted.left, "\(place)")
        #expect(try archive.store.tableVersions().count == wanted.versions, "\(place)")
        try await archive.run("acme") { _ in }
        #expect(try await archive.left == [] && archive.intent == nil, "\(place)")
        #expect(try await archive.verify().findings == [], "\(place)")
        try archive.expectCurrent("acme")
      }
    }
  }

  /// The killed run does not have the setting; the next one does.
  @Test func `files that a killed run was to delete are kept from the time of its commit`() async throws {
    let disk = FaultyFileSystem(folder: SimulatedStore.root)
    let archive = TableArchive(.disk(disk))
    try await archive.commit([day12: 5], keeping: nil)
    let counted = TableArchive(archive.store.copy())
    counted.store.startRecording()
    try await counted.commit([day12: 6], after: .hours(1), keeping: nil)
    let part = counted.store.recordedCalls.firstIndex { $0.hasPrefix("delete") && $0.contains(".r0001-") }
    disk.fail(at: try #require(part) + 1, .death)
    _ = try await archiveError { try await archive.commit([day12: 6], after: .hours(1), keeping: nil) }
    disk.restartAfterKill()
    try await archive.run("acme", keeping: span) { writer in
      #expect(writer.recovery.deleted.allSatisfy { $0.reason == .staging })
    }
    #expect(try #require(archive.intent).contains(#""since" : "2024-03-01T01:00:00.000000Z""#))
    #expect(try await archive.verify().findings == [])
    try await archive.commit([:], after: span + .hours(1), keeping: span)
    #expect(try await archive.left == [])
  }

  @Test func `a run that takes over keeps the files of the sleeping one, which deletes none`() async throws {
    let bucket = MemoryBucket()
    let archive = TableArchive(.bucket(bucket))
    for count in 5...6 { try await archive.commit([day12: count], keeping: span) }
    let kept = try await archive.left
    let error = try await archiveError {
      try await archive.run("acme", keeping: span) { sleeper in
        let next = try await sleeper.change([day12: 7], after: span)
        bucket.meanwhile(before: "create \(SimulatedStore.version(2))") {
          bucket.expireLease()
          do {
            try await archive.commit([day13: 1], after: .hours(2), keeping: span)
          } catch {
            Issue.record(error)
          }
        }
        _ = try await sleeper.commit(next)
      }
    }
    #expect(error != nil)
    // The sleeper's commit was made, and its file is kept too.
    #expect(try await archive.left.isSuperset(of: kept))
    #expect(try await archive.left.count == 2)
    #expect(try await archive.verify().findings == [])
    try archive.expectCurrent("acme")
    try await archive.run("acme") { _ in }
    #expect(try await archive.left == [])
    #expect(try await archive.verify().findings == [])
  }
}
