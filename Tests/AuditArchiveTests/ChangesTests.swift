import AuditArchive
import AuditRecord
import Compression
import Foundation
import PartitionFormats
import TestSupport
import Testing

/// The days that a loader must load again.
@Suite(.fewAtOnce) struct ChangesTests {
  private let day12 = "2024-02-12"
  private let day13 = "2024-02-13"
  private let day14 = "2024-02-14"

  private func changes(_ folder: String, since commit: Int, settledOnly: Bool = false) async throws
    -> ChangesSince
  {
    try #require(
      try await Archive(at: folder, log: log("acme")).changes(since: commit, settledOnly: settledOnly))
  }

  /// `2024-02-12 replace`, for each day.
  private func told(_ folder: String, since commit: Int, settledOnly: Bool = false) async throws -> [String] {
    try await changes(folder, since: commit, settledOnly: settledOnly).days
      .map { "\($0.partition.eventDate) \($0.action.rawValue)" }
  }

  @Test func `changes since 0 are all days with rows, and since the newest commit none`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder)
      await #expect(try told(folder, since: 0) == ["2024-02-12 new", "2024-02-15 new"])
      let all = try await changes(folder, since: 0)
      let manifest = try #require(try await Archive(at: folder, log: log("acme")).read())
      #expect(all.days.map(\.partition) == manifest.partitions.filter { $0.rows > 0 })
      #expect(all.days.allSatisfy { $0.filesGone.isEmpty })
      #expect(all.commit == 6 && all.log == log("acme"))
      await #expect(try changes(folder, since: 6).days == [])
      await #expect(try changes(folder, since: 5).days == [])
    }
  }

  @Test func `a day is reported as new, replaced with its old files, emptied, and replaced again`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day13: []])
        try await writer.commit([day12: events(day12, 5)])
        await #expect(try told(folder, since: 1) == ["2024-02-12 new"])
        let first = try await #require(try changes(folder, since: 1).days.first?.partition.files)

        try await writer.commit([day12: events(day12, 6)])
        await #expect(try told(folder, since: 1) == ["2024-02-12 new"])
        await #expect(try told(folder, since: 2) == ["2024-02-12 replace"])
        let replaced = try await #require(try changes(folder, since: 2).days.first)
        #expect(replaced.filesGone == first && replaced.partition.files != first)

        try await writer.commit([day12: []])
        await #expect(try told(folder, since: 1) == [])  // whoever has loaded commit 1 has nothing of it
        await #expect(try told(folder, since: 2) == ["2024-02-12 empty"])
        await #expect(try told(folder, since: 3) == ["2024-02-12 empty"])
        await #expect(try changes(folder, since: 2).days.first?.filesGone == first)

        try await writer.commit([day12: events(day12, 7)])
        await #expect(try told(folder, since: 1) == ["2024-02-12 new"])
        await #expect(try told(folder, since: 4) == ["2024-02-12 replace"])
        try await writer.commit([day12: []])
        await #expect(try told(folder, since: 4) == [])
        await #expect(try changes(folder, since: 5).days.first?.filesGone.count == 1)
      }
    }
  }

  @Test func `content that returns in another file is reported under the new name`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        let hash = try await writer.commit([day12: events(day12, 5)]).partitionsChanged.first?.contentSHA256
        try await writer.commit([day12: events(day12, 6)])
        try await writer.commit([day12: events(day12, 5)])
        let day = try await #require(try changes(folder, since: 1).days.first)
        #expect(day.action == .replace && day.partition.contentSHA256 == hash && day.partition.revision == 3)
        #expect(day.filesGone.map(\.path).allSatisfy { $0.contains(".r0001-") } && day.filesGone.count == 1)
      }
    }
  }

  @Test func `a change of state alone is a change only if settled days are requested`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day12: events(day12, 5)])
        try await writer.commit([day13: []])
        #expect(writer.manifest?.partition(day(day12))?.state == .settled)
        await #expect(try told(folder, since: 1) == [])
        await #expect(try told(folder, since: 1, settledOnly: true) == ["2024-02-12 replace"])
        await #expect(try told(folder, since: 0, settledOnly: true) == ["2024-02-12 new"])
        await #expect(try told(folder, since: 2, settledOnly: true) == [])
      }
    }
  }

  @Test func `a settled day that reopens is reported again only once it has settled`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day12: events(day12, 5), day13: []])  // 1: day 12 settled
        await #expect(try told(folder, since: 0, settledOnly: true) == ["2024-02-12 new"])
        try await writer.commit([day12: events(day12, 6)]) { $0.lookback = .days(9) }  // 2: open, changed
        await #expect(try told(folder, since: 1, settledOnly: true) == [])
        await #expect(try told(folder, since: 1) == ["2024-02-12 replace"])
        try await writer.commit([:]) { $0.lookback = .days(9) }  // 3
        try await writer.commit([:])  // 4: settled, and its rows last changed in 2
        for since in [1, 2, 3] {
          await #expect(
            try told(folder, since: since, settledOnly: true) == ["2024-02-12 replace"], "\(since)")
        }
        await #expect(try told(folder, since: 3) == [])
        // Opened and settled again in between, with nothing new in it: whoever had it settled has it.
        try await writer.commit([:]) { $0.lookback = .days(9) }  // 5
        try await writer.commit([:])  // 6
        await #expect(try told(folder, since: 4, settledOnly: true) == [])
        await #expect(try told(folder, since: 5, settledOnly: true) == ["2024-02-12 replace"])
      }
    }
  }

  @Test func `a half-exported day before the start is not reported as settled`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day13: events(day13, 1), day14: []])
        var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
        change.days = [try await writer.stage(day12, events(day12, 3))]
        change.covered = [window("2024-02-12T00:00:00Z", "2024-02-12T12:00:00Z")]
        _ = try await writer.commit(change)
        await #expect(try told(folder, since: 1) == ["2024-02-12 new"])
        await #expect(try told(folder, since: 1, settledOnly: true) == [])
        try await writer.commit([day12: events(day12, 5)])
        await #expect(try told(folder, since: 2, settledOnly: true) == ["2024-02-12 replace"])
      }
    }
  }

  @Test func `an old revision is found however far back its record is`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day12: events(day12, 5)])
        try await writer.commit([day12: events(day12, 6), day13: events(day13, 1)])
        for _ in 0..<20 { try await writer.commit([day14: []]) }
        try await writer.commit([day12: events(day12, 7)])
        let day = try await #require(try changes(folder, since: 20).days.first)
        #expect(day.action == .replace && day.filesGone.map(\.rows) == [6])
      }
    }
  }

  @Test func `a commit number beyond the newest is refused with the newest number`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder)
      let error = try await archiveError { try await changes(folder, since: 7) }
      #expect(error == .laterCommit(asked: 7, newest: 6))
    }
  }

  @Test func `without an archive, the result is nil`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      #expect(try await Archive(at: "\(folder)/none", log: log("acme")).changes(since: 0) == nil)
      try await writeHistory(folder)
      #expect(try await Archive(at: folder, log: log("other")).changes(since: 0) == nil)
    }
  }

  @Test func `an altered, missing or swapped record breaks the chain`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory("\(folder)/a")
      func record(_ number: Int) -> String {
        "\(folder)/b/_manifest/acme/commits/0000000000000000000\(number).json"
      }
      for (number, damage) in [
        (4, { (path: String) in try FileManager.default.removeItem(atPath: path) }),
        (
          4,
          {
            try (String(contentsOfFile: $0, encoding: .utf8) + " ").write(
              toFile: $0, atomically: true, encoding: .utf8)
          }
        ),
        (
          6,
          {
            try (String(contentsOfFile: $0, encoding: .utf8) + " ").write(
              toFile: $0, atomically: true, encoding: .utf8)
          }
        ),
        (5, { try Data(contentsOf: URL(filePath: record(3))).write(to: URL(filePath: $0)) }),
      ] {
        try copy("\(folder)/a", to: "\(folder)/b")
        defer { try? FileManager.default.removeItem(atPath: "\(folder)/b") }
        try damage(record(number))
        let error = try await archiveError { try await changes("\(folder)/b", since: 2) }
        guard case .damaged(let finding) = error else {
          Issue.record("\(number): \(String(describing: error))")
          continue
        }
        #expect(record(number).hasSuffix(finding.path))
      }
    }
  }

  @Test func `changes since 0 need no record before the newest`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder)
      let (all, settled) = (
        try await changes(folder, since: 0, settledOnly: false),
        try await changes(folder, since: 0, settledOnly: true)
      )
      for number in 1...5 {
        try FileManager.default.removeItem(
          atPath: "\(folder)/_manifest/acme/commits/0000000000000000000\(number).json")
      }
      #expect(try await changes(folder, since: 0, settledOnly: false) == all)
      #expect(try await changes(folder, since: 0, settledOnly: true) == settled)
      // The newest is still what the manifest was made with, or the chain is broken there.
      let newest = "\(folder)/_manifest/acme/commits/00000000000000000006.json"
      try (String(contentsOfFile: newest, encoding: .utf8) + " ").write(
        toFile: newest, atomically: true, encoding: .utf8)
      guard case .damaged(let finding)? = try await archiveError({ try await changes(folder, since: 0) })
      else {
        Issue.record("an altered record was taken")
        return
      }
      #expect(finding.commit == 6)
    }
  }

  @Test func `a loader that gives its commit's hash learns of a rewritten history`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 7)]) }
      let loaded = try #require(try await Archive(at: folder, log: log("acme")).changes(since: 0))
      let restored = "\(folder)-restored"
      defer { try? FileManager.default.removeItem(atPath: restored) }
      try copy(folder, to: restored)
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 8)]) }
      let second = try #require(
        try await Archive(at: folder, log: log("acme")).changes(
          since: loaded.commit, sha256: loaded.commitSHA256))
      #expect(second.commit == 2 && second.days.count == 1)
      // The archive is restored from the copy, and goes on from there.
      try await withWriter(restored) { try await $0.commit([day12: events(day12, 9)]) }
      await #expect(throws: ArchiveError.otherCommit(asked: 2, sha256: second.commitSHA256)) {
        try await Archive(at: restored, log: log("acme")).changes(since: 2, sha256: second.commitSHA256)
      }
      #expect(
        try await Archive(at: restored, log: log("acme")).changes(since: 1, sha256: loaded.commitSHA256)?
          .commit
          == 2)
      #expect(try await Archive(at: restored, log: log("acme")).changes(since: 2)?.days == [])
    }
  }

  @Test func `changes include commits that the manifest does not have yet`()
    async throws
  {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let old = try Data(contentsOf: URL(filePath: "\(folder)/_manifest/acme/manifest.json"))
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 6)]) }
      try old.write(to: URL(filePath: "\(folder)/_manifest/acme/manifest.json"))
      await #expect(try told(folder, since: 1) == ["2024-02-12 replace"])
      await #expect(try changes(folder, since: 1).commit == 2)
    }
  }

  // MARK: - Histories

  /// A loader that follows the changes by the names of their files and holds rows by day.
  private struct Loader {
    let every: Int
    let settledOnly: Bool
    var commit = 0
    var rows: [Day: [String]] = [:]
    var files: [Day: Set<String>] = [:]

    mutating func load(_ folder: String, _ manifest: Manifest) async throws {
      let changes = try #require(
        try await Archive(at: folder, log: manifest.source.log).changes(
          since: commit, settledOnly: settledOnly))
      try #require(changes.commit == manifest.commit && changes.since == commit)
      for change in changes.days {
        let day = change.partition.eventDate
        let held = files[day] ?? []
        try #require(change.action != .new || held.isEmpty && rows[day] == nil)
        try #require((change.action == .empty) == (change.partition.rows == 0))
        try #require(!settledOnly || change.partition.state == .settled)
        if !settledOnly {
          let now = Set(change.partition.files.map(\.path))
          try #require(now != held, "\(day) is told, and nothing changed")
          try #require(Set(change.filesGone.map(\.path)) == held.subtracting(now))
        }
        files[day] = Set(change.partition.files.map(\.path))
        rows[day] = try Loader.rows(of: change.partition, folder)
        if rows[day]?.isEmpty == true { rows[day] = nil }
      }
      commit = changes.commit
    }

    static func rows(of partition: Partition, _ folder: String) throws -> [String] {
      let rows = try partition.files.flatMap { file in
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(file.path)")))
        try #require(sha256(bytes) == file.sha256)
        let text = try Gzip.decompress(bytes, limit: 1 << 24).dropFirst(CSVEncoder.header.count)
        // A row of these histories holds one newline, in quotes.
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
      }
      try #require(rows.count == 2 * partition.rows)
      return rows
    }
  }

  @Test(arguments: 0..<4)
  func `loaders of every pace replay 60 commits into the result of a full load`(seed: Int)
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      var history = RandomHistory(seed: seed)
      var loaders = [1, 2, 3, 7, 20].flatMap { every in
        [false, true].map { Loader(every: every, settledOnly: $0) }
      }
      var settings = WriterSettings(toolVersion: "1.0.0")
      settings.partSizeLimit = 1_500
      var actions: Set<DayChange.Action> = []
      for number in 1...61 {
        try await withWriter(folder, settings: settings) { (writer) async throws in
          if number == 61 {
            try await history.settle(writer)
          } else {
            _ = try await history.commit(to: writer)
          }
        }
        let manifest = try #require(try await Archive(at: folder, log: log("acme")).read())
        var full: [Day: [String]] = [:]
        for partition in manifest.partitions where partition.rows > 0 {
          full[partition.eventDate] = try Loader.rows(of: partition, folder)
        }
        for index in loaders.indices where number % loaders[index].every == 0 || number == 61 {
          let since = loaders[index].commit
          actions.formUnion(try await changes(folder, since: since).days.map(\.action))
          try await withEvery("seed, commit, loader", in: ["\(seed), \(number), \(index)"]) { _ in
            try await loaders[index].load(folder, manifest)
            if loaders[index].settledOnly {
              for day in manifest.partitions where day.state == .settled {
                try #require(loaders[index].rows[day.eventDate] == full[day.eventDate], "\(day.eventDate)")
              }
            } else {
              try #require(loaders[index].rows == full)
              try #require(
                loaders[index].files.filter { !$0.value.isEmpty }
                  == Dictionary(
                    uniqueKeysWithValues: manifest.partitions.filter { $0.rows > 0 }
                      .map { ($0.eventDate, Set($0.files.map(\.path))) }))
            }
          }
        }
      }
      #expect(actions == [.new, .replace, .empty])
      for loader in loaders where loader.settledOnly { #expect(loader.rows == loaders[0].rows) }
    }
  }
}
