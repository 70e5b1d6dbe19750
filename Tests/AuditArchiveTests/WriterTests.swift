import AuditArchive
import AuditRecord
import Compression
import Foundation
import PartitionFormats
import TestSupport
import Testing

@Suite(.fewAtOnce) struct WriterTests {
  private let day12 = "2024-02-12"

  @Test func `the rows of a day are read back as staged`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        #expect(writer.manifest == nil)
        await #expect(try writer.events(of: day12) == [])
        try await writer.commit([day12: events(day12, 100)])
        await #expect(try writer.events(of: day12) == events(day12, 100))
        await #expect(try writer.events(of: "2024-02-13") == [])
      }
    }
  }

  @Test func `a part is a gzip file of csv-1, named by its hash and described by its entry`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let commit = try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let file = try #require(commit.partitionsChanged.first?.files.first)
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(file.path)")))
      #expect(
        file.path
          == "csv/organization=acme/event_date=2024-02-12/part-00000.r0001-\(file.sha256.prefix(8)).csv.gz")
      #expect(file.sha256 == sha256(bytes))
      #expect(file.bytes == bytes.count)
      #expect(file.rows == 5)
      #expect(file.minEventAt == at("2024-02-12T00:00:00Z"))
      #expect(file.maxEventAt == at("2024-02-12T00:00:02Z"))
      let text = try Gzip.decompress(bytes, limit: 1 << 20)
      #expect(file.uncompressedBytes == text.count)
      #expect(
        commit.partitionsChanged.first?.contentSHA256 == sha256(text.dropFirst(CSVEncoder.header.count)))
      #expect(commit.filesAdded == [file.path])
    }
  }

  @Test func `the same rows make the same bytes, whatever the batches`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      var trees: [[String: Data]] = []
      for size in [1, 3, 100] {
        try await withWriter("\(folder)/\(size)") { (writer) async throws in
          var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
          change.days = [try await writer.stage(day12, events(day12, 50), batchesOf: size)]
          _ = try await writer.commit(change)
        }
        trees.append(try tree("\(folder)/\(size)").filter { !$0.key.hasSuffix("lock") })
      }
      #expect(trees[0] == trees[1] && trees[1] == trees[2])
    }
  }

  @Test func `a day is split before a part exceeds the size limit`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let whole = try await withWriter("\(folder)/whole") { try await $0.commit([day12: events(day12, 100)]) }
      let length = try #require(whole.partitionsChanged.first?.files.first?.uncompressedBytes)
      let limit = length / 3
      var settings = WriterSettings(toolVersion: "1.0.0")
      settings.partSizeLimit = limit
      try await withWriter("\(folder)/split", settings: settings) { (writer) async throws in
        let split = try await writer.commit([day12: events(day12, 100)])
        let partition = try #require(split.partitionsChanged.first)
        #expect(partition.files.count == 4)  // each has its own header
        #expect(partition.files.allSatisfy { $0.uncompressedBytes <= limit })
        #expect(partition.files.map(\.rows).reduce(0, +) == 100)
        #expect(
          zip(partition.files, partition.files.dropFirst()).allSatisfy { $0.maxEventAt <= $1.minEventAt })
        #expect(partition.contentSHA256 == whole.partitionsChanged.first?.contentSHA256)
        #expect(
          partition.files.map { $0.path.split(separator: "/")[3].prefix(16) }
            == (0..<4).map { "part-0000\($0).r0001" })
        await #expect(try writer.events(of: day12) == events(day12, 100))
      }
    }
  }

  @Test func `staging the same rows again makes no revision and leaves nothing behind`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day12: events(day12, 5)])
        let before = try tree("\(folder)/csv")
        let commit = try await writer.commit([day12: events(day12, 5)])
        #expect(commit.partitionsChanged.isEmpty && commit.filesAdded.isEmpty && commit.filesRemoved.isEmpty)
        #expect(try tree("\(folder)/csv") == before)
        #expect(try tree("\(folder)/_staging").keys.sorted() == ["acme/"])
        #expect(writer.manifest?.partitions.map(\.revision) == [1])
      }
    }
  }

  @Test func `a changed day gets the next revision, and its old files are deleted`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        let first = try await writer.commit([day12: events(day12, 5)])
        let second = try await writer.commit([day12: events(day12, 6)])
        #expect(second.filesRemoved == first.filesAdded)
        #expect(try tree("\(folder)/csv").keys.map { "csv/\($0)" } == second.filesAdded)
        let partition = try #require(writer.manifest?.partition(day(day12)))
        #expect(partition.revision == 2 && partition.changedInCommit == 2 && partition.rows == 6)
        await #expect(try writer.events(of: day12) == events(day12, 6))
      }
    }
  }

  @Test func `an emptied day keeps its entry with the next revision and no files`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day12: events(day12, 5)])
        let commit = try await writer.commit([day12: []])
        #expect(commit.partitionsRemoved.isEmpty)
        let partition = try #require(writer.manifest?.partition(day(day12)))
        #expect(partition.revision == 2 && partition.rows == 0 && partition.files.isEmpty)
        #expect(partition.minEventAt == nil && partition.maxEventAt == nil)
        #expect(partition.contentSHA256 == sha256([]))
        #expect(try tree("\(folder)").keys.filter { $0.hasPrefix("csv") } == ["csv/organization=acme/"])
        let third = try await writer.commit([day12: events(day12, 5)])
        #expect(third.partitionsChanged.first?.revision == 3)
      }
    }
  }

  @Test func `a covered day without events has an entry without files`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
        change.covered = [window("2024-02-12T12:00:00Z", "2024-02-15T06:00:00Z")]
        let commit = try await writer.commit(change)
        #expect(
          commit.partitionsChanged.map(\.eventDate.description) == [
            "2024-02-12", "2024-02-13", "2024-02-14", "2024-02-15",
          ])
        #expect(commit.partitionsChanged.allSatisfy { $0.rows == 0 && $0.revision == 0 && $0.files.isEmpty })
        // Of the first day everything is covered that the archive is to hold of it.
        #expect(commit.partitionsChanged.map(\.state) == [.settled, .settled, .open, .open])
      }
    }
  }

  @Test func `a day before the start is settled only if all of it is covered`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        func states(_ covered: Window, start: String? = nil) async throws -> [Partition.State] {
          var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
          change.covered = [covered]
          change.start = start.map { at($0) }
          _ = try await writer.commit(change)
          return writer.manifest?.partitions.map(\.state) ?? []
        }
        let started = window("2024-02-20T12:00:00Z", "2024-02-25T00:00:00Z")
        let after: [Partition.State] = [.settled, .settled, .settled, .settled, .open]
        await #expect(try states(started, start: "2024-02-20T12:00:00Z") == after)
        // Exported by hand: half of a day, the other half but for a second, and that second.
        await #expect(try states(window("2024-02-12T00:00:00Z", "2024-02-12T12:00:00Z")) == [.open] + after)
        await #expect(try states(window("2024-02-12T12:00:01Z", "2024-02-13T00:00:00Z")) == [.open] + after)
        await #expect(
          try states(window("2024-02-12T12:00:00Z", "2024-02-12T12:00:01Z")) == [.settled] + after)
        // The rest of the day of the start is before the start.
        await #expect(
          try states(window("2024-02-19T12:00:00Z", "2024-02-20T06:00:00Z")) == [.settled, .open] + after)
      }
      #expect(try await Archive(at: folder, log: log("acme")).verify()?.findings == [])
    }
  }

  @Test func `a day whose state alone changes keeps its revision`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        let first = try await writer.commit([day12: events(day12, 5)])
        #expect(first.partitionsChanged.map(\.state) == [.open])
        let second = try await writer.commit(["2024-02-13": []])
        #expect(second.partitionsChanged.map(\.eventDate.description) == ["2024-02-12", "2024-02-13"])
        #expect(second.partitionsChanged.map(\.state) == [.settled, .open])
        #expect(second.partitionsChanged.map(\.revision) == [1, 0])
        #expect(second.partitionsChanged.map(\.changedInCommit) == [1, 2])
        #expect(second.filesAdded.isEmpty && second.filesRemoved.isEmpty)
      }
    }
  }

  @Test func `the high-water mark ends the first covered run, and the rest up to the end are gaps`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        func commit(_ covered: Window?, start: String? = nil) async throws -> [String] {
          var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
          change.covered = covered.map { [$0] } ?? []
          change.start = start.map { at($0) }
          let commit = try await writer.commit(change)
          return [commit.start, commit.highWaterMark].map { String("\($0)".prefix(10)) }
            + commit.gaps.map { "\($0)".replacingOccurrences(of: "T00:00:00.000000Z", with: "") }
        }
        let twentieth = window("2024-02-20T00:00:00Z", "2024-02-21T00:00:00Z")
        // A first run without a backfill start: nothing fetched, nothing covered.
        await #expect(try commit(nil, start: "2024-02-20T00:00:00Z") == ["2024-02-20", "2024-02-20"])
        await #expect(try commit(twentieth) == ["2024-02-20", "2024-02-21"])
        // Beyond a gap, and before the start, the mark stays.
        await #expect(
          try commit(window("2024-02-22T00:00:00Z", "2024-02-23T00:00:00Z"))
            == ["2024-02-20", "2024-02-21", "[2024-02-21, 2024-02-22)"])
        await #expect(
          try commit(window("2024-02-10T00:00:00Z", "2024-02-11T00:00:00Z"))
            == ["2024-02-20", "2024-02-21", "[2024-02-21, 2024-02-22)"])
        // A later start changes nothing; an earlier one opens a gap, and the mark goes back to before it.
        await #expect(
          try commit(nil, start: "2024-02-25T00:00:00Z") == [
            "2024-02-20", "2024-02-21", "[2024-02-21, 2024-02-22)",
          ])
        await #expect(
          try commit(nil, start: "2024-02-10T00:00:00Z")
            == ["2024-02-10", "2024-02-11", "[2024-02-11, 2024-02-20)", "[2024-02-21, 2024-02-22)"])
        // Closing the gaps moves it over all that was there.
        await #expect(
          try commit(window("2024-02-11T00:00:00Z", "2024-02-22T00:00:00Z")) == ["2024-02-10", "2024-02-23"])
      }
    }
  }

  @Test func `a new archive starts at the start of its window`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let commit = try await withWriter(folder) { try await $0.commit([day12: []]) }
      #expect(commit.start == at("2024-02-12T00:00:00Z"))
      let quiet = try await withWriter("\(folder)/quiet") {
        try await $0.commit([:], at: "2024-03-01T10:00:00Z")
      }
      #expect(quiet.start == at("2024-03-01T10:00:00Z") && quiet.highWaterMark == quiet.start)
    }
  }

  @Test func `rows out of order, duplicated or of another day are refused and leave nothing behind`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        let (a, b) = (Event("2024-02-12T01:00:00Z", "a"), Event("2024-02-12T01:00:00Z", "b"))
        let (early, late) = (Event("2024-02-12T00:30:00Z", "c"), Event("2024-02-13T00:00:00Z", "c"))
        for size in [1, 2, 5] {
          for (rows, error) in [
            ([a, a], ArchiveError.misordered(day: day(day12), row: 1)),
            ([b, a], .misordered(day: day(day12), row: 1)),
            ([a, b, early], .misordered(day: day(day12), row: 2)),
            ([a, late], .outsideDay(day: day(day12), row: 1, eventAt: late.time)),
          ] {
            await #expect(throws: error) { try await writer.stage(day12, rows, batchesOf: size) }
          }
        }
        #expect(try tree(folder).keys.filter { $0.hasPrefix("_staging/acme/s") }.isEmpty)
      }
    }
  }

  @Test func `an error of the row source is rethrown, and nothing is left behind`() async throws {
    struct Failure: Error {}
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        var isFirst = true
        await #expect(throws: Failure.self) {
          _ = try await writer.stage(day(day12)) {
            guard isFirst else { throw Failure() }
            isFirst = false
            return RowSelection(batch(events(day12, 1_000)))
          }
        }
        #expect(try tree(folder).keys.filter { $0.hasPrefix("_staging/acme/s") }.isEmpty)
      }
    }
  }

  @Test func `a staged day without a commit is dropped, at the latest with the writer`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        let one = try await writer.stage(day12, events(day12, 5))
        _ = try await writer.stage("2024-02-13", events("2024-02-13", 5))
        writer.discard(one)
        #expect(try tree("\(folder)/_staging").count == 1)
      }
      #expect(try tree("\(folder)/_staging").keys.sorted() == ["acme/"])
      #expect(try await Archive(at: folder, log: log("acme")).read() == nil)
    }
  }

  @Test func `existing rows and new rows can be merged while staging`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let all = events(day12, 10_000)
      try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day12: all.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)])
        var reader = writer.reader(of: day(day12))
        var held: [Event] = []
        var new = all.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)[...]
        let staged = try await writer.stage(day(day12)) {
          guard let more = try await reader.next() else {
            defer { new = [] }
            return new.isEmpty ? nil : RowSelection(batch(Array(new)))
          }
          held = (0..<more.count).map { Event(more, $0) }
          while let last = held.last, let next = new.first, next < last {
            held.append(new.removeFirst())
            held.sort()
          }
          return RowSelection(batch(held))
        }
        var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
        change.days = [staged]
        _ = try await writer.commit(change)
        await #expect(try writer.events(of: day12) == all)
      }
    }
  }
}
