import AuditArchive
import AuditRecord
import ObjectStoreFakes
import TestSupport
import Testing

/// An archive of two logs that becomes a table.
@Suite(.fewAtOnce) struct TableConversionTests {
  private let day12 = "2024-02-12"
  private let day13 = "2024-02-13"

  private func archive(in place: TableArchive.Place) async throws -> TableArchive {
    let archive = TableArchive(in: place)
    try await archive.commit("acme", [day12: 5, day13: 3], isTable: false)
    try await archive.commit("globex", [day12: 7], isTable: false)
    #expect(!archive.store.isTable && archive.store.paths(below: SimulatedStore.tableLog) == [])
    return archive
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a log that is being written prevents it, and nothing changes`(place: TableArchive.Place)
    async throws
  {
    let archive = try await archive(in: place)
    let kind = archive.store.contents(of: ArchivePaths.kind)
    try await archive.run("globex", isTable: false) { globex in
      let error = try await archiveError { try await archive.run("acme") { _ in } }
      guard case .tableNeedsAllLogs(busy: log("globex"), _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(archive.store.contents(of: ArchivePaths.kind) == kind)
      try await globex.commit([day12: 8])
      #expect(archive.store.paths(below: SimulatedStore.tableLog) == [])
    }
    try await archive.run("acme") { _ in }
    #expect(archive.store.isTable)
    try archive.expectCurrent("acme", "globex")
    // The other log goes on, without asking for a table.
    try await archive.commit("globex", [day13: 8], isTable: false)
    try archive.expectCurrent("acme", "globex")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a log that makes its first commit meanwhile comes into the table with it`(
    place: TableArchive.Place
  ) async throws {
    let archive = TableArchive(in: place)
    try await archive.commit("acme", [day12: 5], isTable: false)
    try await archive.run("globex", isTable: false) { globex in
      try await archive.run("acme") { _ in }
      try await globex.commit([day12: 7])
      try archive.expectCurrent("acme", "globex")
      try await globex.commit([day12: 8])
    }
    #expect(try archive.logs() == [["acme"], ["globex"], ["globex"]])
    try archive.expectCurrent("acme", "globex")
  }

  /// Whichever log runs next.
  @Test(arguments: ["acme", "globex"])
  func `a conversion that dies at any request is completed by the next run of any log`(next: String)
    async throws
  {
    let archive = try await archive(in: .objects)
    guard case .objects(let before) = archive.store else { return }
    let counted = TableArchive(archive.store.copy())
    counted.store.startRecording()
    try await counted.run("acme") { try await $0.commit([day12: 6]) }
    let requests = counted.store.calls
    for number in 1...requests {
      let bucket = ObjectBucket(copyOf: before)
      let crashed = TableArchive(.objects(bucket))
      bucket.store.die(at: number, isDone: number.isMultiple(of: 2))
      do { try await crashed.commit("acme", [day12: 6]) } catch {}
      bucket.store.restart()
      for name in ["acme", "globex"] {
        let problems = try crashed.store.tableProblems(of: log(name), isCurrent: false)
        try #require(problems == [], "request \(number), \(name)")
      }
      let isTable = crashed.store.isTable
      // Both days of this log, so that the files of one are replaced.
      try await crashed.commit(next, [day12: 9, day13: 2], isTable: false)
      bucket.advance(.minutes(10))
      #expect(crashed.store.isTable == isTable)
      guard isTable else {
        try #require(crashed.store.paths(below: SimulatedStore.tableLog) == [], "request \(number)")
        continue
      }
      // The other log may lack the newest commit of the run that died.
      let other = next == "acme" ? "globex" : "acme"
      try #require(
        try crashed.store.tableProblems(of: log(other), isCurrent: false) == [], "request \(number)")
      try await crashed.run(other, isTable: false) { _ in }
      for name in ["acme", "globex"] {
        let problems = try crashed.store.tableProblems(of: log(name), isCurrent: true)
        try #require(problems == [], "request \(number), \(name)")
      }
    }
    print("a conversion of two logs, then a run of \(next): \(requests) deaths, no violation")
  }

  @Test func `a log without a lock, whose run may still be at work, prevents it and is not held by it`()
    async throws
  {
    let archive = try await archive(in: .objects)
    let lock = ArchivePaths(log("globex")).lock
    archive.store.setContents(of: lock, nil)
    let error = try await archiveError { try await archive.run("acme") { _ in } }
    #expect(error == .tableNeedsAllLogs(busy: log("globex"), nil))
    #expect(!archive.store.isTable && archive.store.contents(of: lock) == nil)
    // Its own run need not wait, and then nothing prevents the conversion.
    try await archive.run("globex", isTable: false) { _ in }
    try await archive.run("acme") { _ in }
    try archive.expectCurrent("acme", "globex")
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a log whose state cannot be read prevents it, and nothing changes`(place: TableArchive.Place)
    async throws
  {
    let archive = try await archive(in: place)
    let paths = ArchivePaths(log("globex"))
    for path in [paths.manifest, paths.commit(1)] { archive.store.setContents(of: path, Array("{".utf8)) }
    let error = try await archiveError { try await archive.run("acme") { _ in } }
    guard case .damaged = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(!archive.store.isTable)
    try await archive.commit("acme", [day13: 9], isTable: false)
  }

  @Test(arguments: TableArchive.Place.allCases)
  func `a repository with the name commits hides no other log`(place: TableArchive.Place) async throws {
    let archive = TableArchive(in: place)
    for name in ["acme/commits", "acme/other"] { try await archive.commit(name, [day12: 4], isTable: false) }
    try await archive.run("acme/other") { _ in }
    try archive.expectCurrent("acme/commits", "acme/other")
  }

  @Test func `an archive whose kind is lost becomes a table like any other`() async throws {
    let archive = try await archive(in: .disk)
    archive.store.setContents(of: ArchivePaths.kind, nil)
    try await archive.run("acme") { acme in
      try await acme.commit([day12: 6])
      try archive.expectCurrent("acme", "globex")
    }
    #expect(archive.store.isTable)
  }
}
