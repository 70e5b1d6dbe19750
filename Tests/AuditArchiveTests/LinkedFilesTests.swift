import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// Changes with their files in a folder that no run takes them away from.
@Suite(.fewAtOnce) struct LinkedFilesTests {
  private let day12 = "2024-02-12"
  private let day13 = "2024-02-13"
  private let day14 = "2024-02-14"
  private let failure = StorageError(
    operation: .link, path: "elsewhere", reason: .full, detail: "no space, says the test")

  /// Lets `body` have an archive of two days, its writer, and the place for a folder beside it.
  private func withArchive(
    _ body: (_ archive: String, _ place: String, ArchiveWriter) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter("\(folder)/archive") { (writer) async throws in
        try await writer.commit([day12: events(day12, 5), day13: events(day13, 3)])
        try await body("\(folder)/archive", "\(folder)/load", writer)
      }
      // Nothing else is left beside it.
      #expect(Set(try tree(folder).keys.map { $0.prefix { $0 != "/" } }).isSubset(of: ["archive", "load"]))
      #expect(try await Archive(at: "\(folder)/archive", log: log("acme")).verify()?.findings == [])
    }
  }

  private func link(
    _ archive: String, since commit: Int = 0, to place: String, files: any FileSystem = PosixFileSystem(),
    select: (ChangesSince) async throws -> [PartFile] = { $0.days.flatMap(\.partition.files) }
  ) async throws -> ChangesSince? {
    try await Archive(at: archive, log: log("acme"), fileSystem: files).changes(
      since: commit, linkedTo: place, temporary: "\(place).tmp", select: select)
  }

  /// Expects exactly the listed files with their sealed bytes, and no empty folder.
  private func expect(_ changes: ChangesSince?, in place: String) throws {
    let files = try #require(changes).days.flatMap(\.partition.files)
    let found = try tree(place)
    #expect(found.keys.sorted() == files.map(\.path).sorted())
    for file in files { #expect(found[file.path].map(sha256) == file.sha256, "\(file.path)") }
  }

  /// A change that is ready to be committed at once.
  private func staged(_ writer: ArchiveWriter, _ text: String, _ count: Int) async throws -> Change {
    var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
    change.days = [try await writer.stage(text, events(text, count))]
    return change
  }

  @Test func `the folder holds hard links to the listed files`() async throws {
    try await withArchive { (archive, place, writer) async throws in
      let changes = try await link(archive, to: place)
      try expect(changes, in: place)
      for file in try #require(changes).days.flatMap(\.partition.files) {
        let names = try ["\(archive)/\(file.path)", "\(place)/\(file.path)"].map {
          try FileManager.default.attributesOfItem(atPath: $0)[.systemFileNumber] as? Int
        }
        #expect(names[0] == names[1] && names[0] != nil)
      }
      // What a run replaces later stays there.
      try await writer.commit([day12: events(day12, 9), day13: []])
      try expect(changes, in: place)
    }
  }

  @Test func `if a run commits between listing and linking, all files are of the newer state`()
    async throws
  {
    try await withArchive { (archive, place, writer) async throws in
      try await writer.commit([day14: events(day14, 4)])
      var runs = [
        try await staged(writer, day13, 4), try await staged(writer, day14, 0),
        // What is there already needs not be of the newest state: it is of the one that is told.
        try await staged(writer, day12, 6),
      ]
      var commits: [Int] = []
      let changes = try await link(archive, to: place) { changes in
        commits.append(changes.commit)
        if !runs.isEmpty { _ = try await writer.commit(runs.removeFirst()) }
        return changes.days.flatMap(\.partition.files)
      }
      #expect(commits == [2, 3, 4] && changes?.commit == 4)
      #expect(changes?.days.map(\.partition.rows) == [5, 4])
      try expect(changes, in: place)
    }
  }

  @Test(arguments: [StorageError.Reason.otherVolume, .unsupported, .denied])
  func `files are copied if they cannot be hard-linked`(reason: StorageError.Reason) async throws {
    try await withArchive { (archive, place, writer) async throws in
      var files = LinkingFileSystem()
      files.refusal = StorageError(operation: .link, path: place, reason: reason, detail: "no")
      let changes = try await link(archive, to: place, files: files)
      try expect(changes, in: place)
      try await writer.commit([day12: events(day12, 9)])
      try expect(changes, in: place)
    }
  }

  @Test func `an empty folder is accepted, and a folder with content is refused unchanged`()
    async throws
  {
    try await withArchive { (archive, place, _) async throws in
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
      try await expect(link(archive, to: place), in: place)
      let before = try tree(place)
      let error = try await archiveError { try await link(archive, since: 1, to: place) }
      guard case .storage(let found)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(found.reason == .notEmpty && found.path == place)
      #expect(try tree(place) == before)
    }
  }

  @Test func `the folder is empty without changes, and not created without an archive`()
    async throws
  {
    try await withArchive { (archive, place, _) async throws in
      #expect(try await link(archive, since: 1, to: place)?.days == [])
      #expect(try FileManager.default.contentsOfDirectory(atPath: place).isEmpty)
      try FileManager.default.removeItem(atPath: place)
      #expect(
        try await Archive(at: "\(archive)/none", log: log("acme")).changes(
          since: 0, linkedTo: place, temporary: "\(place).tmp"
        ) { _ in [] } == nil)
      #expect(!FileManager.default.fileExists(atPath: place))
    }
  }

  @Test(arguments: 1...2) func `a failure at any file leaves nothing behind`(number: Int) async throws {
    try await withArchive { (archive, place, _) async throws in
      var files = LinkingFileSystem()
      files.failure = (number, failure)
      let error = try await archiveError { try await link(archive, to: place, files: files) }
      #expect(error == .storage(failure))
      #expect(!FileManager.default.fileExists(atPath: place))
    }
  }

  @Test func `a refused, damaged or cancelled request leaves nothing behind`() async throws {
    struct Refused: Error {}
    try await withArchive { (archive, place, writer) async throws in
      await #expect(throws: Refused.self) { try await link(archive, to: place) { _ in throw Refused() } }
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await link(archive, to: place)
      }
      await #expect(throws: CancellationError.self) { try await task.value }

      let file = try #require(writer.manifest?.partition(day(day13))?.files.first)
      let whole = try Data(contentsOf: URL(filePath: "\(archive)/\(file.path)"))
      let problems = [
        Finding.Problem.missing(rows: file.rows), .altered(.bytes(expected: file.bytes, found: 3)),
      ]
      for problem in problems {
        try FileManager.default.removeItem(atPath: "\(archive)/\(file.path)")
        if problem.kind != .missing {
          try Data("cut".utf8).write(to: URL(filePath: "\(archive)/\(file.path)"))
        }
        let error = try await archiveError { try await link(archive, to: place) }
        #expect(error == .damaged(Finding(problem, at: file.path, day: day(day13))))
        try whole.write(to: URL(filePath: "\(archive)/\(file.path)"))
      }
      #expect(!FileManager.default.fileExists(atPath: place))
    }
  }

  @Test func `leftovers of a killed process with the same number are removed`() async throws {
    try await withArchive { (archive, place, _) async throws in
      try FileManager.default.createDirectory(
        atPath: "\(place).tmp/csv/a", withIntermediateDirectories: true)
      try Data("old".utf8).write(to: URL(filePath: "\(place).tmp/csv/a/old"))
      try await expect(link(archive, to: place), in: place)
    }
  }
}

/// The disk, but for links that it refuses.
private struct LinkingFileSystem: FileSystem {
  private let base = PosixFileSystem()
  private let links = Counter()
  /// Of every link.
  var refusal: StorageError?
  /// Of one link alone, by its number from 1.
  var failure: (number: Int, error: StorageError)?

  func link(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    if let refusal { throw refusal }
    if let failure, links.next() == failure.number { throw failure.error }
    try base.link(path, to: newPath)
  }

  func create(_ path: DiskPath) throws(StorageError) -> OpenFile { try base.create(path) }
  func open(_ path: DiskPath) throws(StorageError) -> OpenFile { try base.open(path) }
  func write(_ bytes: [UInt8], to file: OpenFile) throws(StorageError) { try base.write(bytes, to: file) }
  func read(_ count: Int, at offset: Int, from file: OpenFile) throws(StorageError) -> [UInt8] {
    try base.read(count, at: offset, from: file)
  }
  func sync(_ file: OpenFile) throws(StorageError) { try base.sync(file) }
  func close(_ file: OpenFile) throws(StorageError) { try base.close(file) }
  func rename(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    try base.rename(path, to: newPath)
  }
  func renameExclusively(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    try base.renameExclusively(path, to: newPath)
  }
  func unlink(_ path: DiskPath) throws(StorageError) { try base.unlink(path) }
  func makeFolder(_ path: DiskPath) throws(StorageError) { try base.makeFolder(path) }
  func removeFolder(_ path: DiskPath) throws(StorageError) { try base.removeFolder(path) }
  func syncFolder(_ path: DiskPath) throws(StorageError) { try base.syncFolder(path) }
  func list(_ path: DiskPath, isDeep: Bool) throws(StorageError) -> [FolderEntry] {
    try base.list(path, isDeep: isDeep)
  }
  func status(_ path: DiskPath) throws(StorageError) -> FileStatus? { try base.status(path) }
  func isInPlace(_ file: OpenFile) throws(StorageError) -> Bool { try base.isInPlace(file) }
  func lock(_ path: DiskPath) throws(StorageError) -> OpenFile? { try base.lock(path) }
  func truncate(_ file: OpenFile) throws(StorageError) { try base.truncate(file) }
  func space(at path: DiskPath) throws(StorageError) -> DiskSpace { try base.space(at: path) }
  func volume(at path: DiskPath) throws(StorageError) -> Volume { try base.volume(at: path) }
}
