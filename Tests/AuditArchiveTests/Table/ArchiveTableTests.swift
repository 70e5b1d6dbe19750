import AuditRecord
import DeltaTable
import PartitionFormats
import Testing

@testable import AuditArchive

/// The versions that follow from commits, against literal text.
@Suite struct ArchiveTableTests {
  private let id = "7c0b2a52-6f0c-4d3f-9f6b-0a6b8f7a3f11"
  private let hash = String(repeating: "9bb6196f", count: 8)
  private let record = String(repeating: "c0", count: 32)

  private func source(_ name: String) -> ArchiveSource {
    ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log(name))
  }

  private func state(_ name: String, _ commit: Int) -> LogState {
    LogState(
      commit: commit, committedAt: at("2024-02-13T00:10:00.123456Z"), toolVersion: "1.2.3",
      source: source(name), start: at("2024-02-12T00:00:00Z"), coverage: Coverage(),
      lookbackDue: Coverage(), oldestShown: nil)
  }

  private func path(_ name: String, _ text: String, _ format: PartFormat, revision: Int) -> String {
    ArchivePaths(log(name)).part(
      PartName(format: format, day: day(text), index: 0, revision: revision, hash: "9bb6196f"))
  }

  /// A day with three rows in both formats, or without rows.
  private func partition(
    _ name: String, _ text: String, revision: Int, changedIn commit: Int, isEmpty: Bool = false,
    _ state: Partition.State = .open
  ) -> Partition {
    let (least, greatest) = (at("\(text)T10:30:45.123456Z"), at("\(text)T10:30:45.123456Z"))
    let files = (isEmpty ? [] : PartFormat.allCases).map { format in
      PartFile(
        path: path(name, text, format, revision: revision), format: format, rows: 3, bytes: 4_821,
        uncompressedBytes: 9_000, sha256: hash, minEventAt: least, maxEventAt: greatest)
    }
    return Partition(
      eventDate: day(text), state: state, revision: revision, changedInCommit: commit,
      rows: isEmpty ? 0 : 3, minEventAt: isEmpty ? nil : least, maxEventAt: isEmpty ? nil : greatest,
      contentSHA256: hash, files: files)
  }

  private func commit(
    _ name: String, _ number: Int, _ partitions: [Partition], removed: [String] = []
  ) -> Commit {
    Commit(
      standing: state(name, number), previousCommitSHA256: nil, partitionsChanged: partitions,
      partitionsRemoved: [], filesAdded: [], filesRemoved: removed.sorted(), quarantineAdded: [],
      run: RunCounters())
  }

  private func text(_ version: TableVersion?) -> [Substring] {
    String(decoding: version?.bytes ?? [], as: UTF8.self).split(separator: "\n")
  }

  private func info(_ operation: String, _ columns: String = #"\"organization\",\"event_date\""#) -> String {
    #"{"commitInfo":{"timestamp":1707783000123,"operation":"\#(operation)","#
      + #""operationParameters":{"mode":"Overwrite","partitionBy":"[\#(columns)]"},"isBlindAppend":false,"#
      + #""engineInfo":"cloudsmith-audit-export/1.2.3","txnId":"\#(record)"}}"#
  }

  private func add(_ folder: String, _ values: String, revision: Int, _ text: String) -> String {
    #"{"add":{"path":"\#(folder)event_date=\#(text)/part-00000.r000\#(revision)-9bb6196f.parquet","#
      + #""partitionValues":{"event_date":"\#(text)",\#(values)},"size":4821,"#
      + #""modificationTime":1707783000123,"dataChange":true,"stats":"{\"numRecords\":3,"#
      + #"\"minValues\":{\"event_at\":\"\#(text)T10:30:45.123Z\"},"#
      + #"\"maxValues\":{\"event_at\":\"\#(text)T10:30:45.124Z\"},"#
      + #"\"nullCount\":{\"uuid\":0,\"event_at\":0}}","tags":{"sha256":"\#(hash)"}}}"#
  }

  private let organization = #""organization":"acme""#

  private var table: ArchiveTable { ArchiveTable(id: id, logs: .organizationLogs) }

  @Test func `a revised day removes its files and adds the new ones`() {
    let before = path("acme", "2024-02-12", .parquet, revision: 1)
    let version = table.version(
      of: commit(
        "acme", 3,
        [
          partition("acme", "2024-02-11", revision: 1, changedIn: 2, .settled),
          partition("acme", "2024-02-12", revision: 2, changedIn: 3),
          partition("acme", "2024-02-13", revision: 1, changedIn: 3),
        ], removed: [before, path("acme", "2024-02-12", .csv, revision: 1)]),
      sha256: record, sizes: [before: 4_000])
    #expect(
      text(version).map(String.init) == [
        info("WRITE"),
        #"{"txn":{"appId":"cloudsmith-audit-export:acme","version":3,"lastUpdated":1707783000123}}"#,
        #"{"remove":{"path":"organization=acme/event_date=2024-02-12/part-00000.r0001-9bb6196f.parquet","#
          + #""deletionTimestamp":1707783000123,"dataChange":true,"extendedFileMetadata":true,"#
          + #""partitionValues":{"event_date":"2024-02-12","organization":"acme"},"size":4000}}"#,
        add("organization=acme/", organization, revision: 2, "2024-02-12"),
        add("organization=acme/", organization, revision: 1, "2024-02-13"),
      ])
  }

  @Test func `an emptied day only removes its files, without a size that is not known`() {
    let version = table.version(
      of: commit(
        "acme", 4, [partition("acme", "2024-02-12", revision: 3, changedIn: 4, isEmpty: true)],
        removed: [path("acme", "2024-02-12", .parquet, revision: 2)]),
      sha256: record, sizes: [:])
    #expect(
      text(version).dropFirst(2).map(String.init) == [
        #"{"remove":{"path":"organization=acme/event_date=2024-02-12/part-00000.r0002-9bb6196f.parquet","#
          + #""deletionTimestamp":1707783000123,"dataChange":true}}"#
      ])
  }

  @Test func `a commit of states, of CSV files or of quarantine makes no version`() {
    let settled = partition("acme", "2024-02-12", revision: 1, changedIn: 1, .settled)
    let quarantine = ArchivePaths(log("acme")).quarantine(QuarantineName(commit: 1, hash: "9bb6196f"))
    var converted = partition("acme", "2024-02-13", revision: 2, changedIn: 2)
    converted.files.removeAll { $0.format == .parquet }
    let removed = [path("acme", "2024-02-13", .csv, revision: 1), quarantine]
    #expect(table.version(of: commit("acme", 2, [settled]), sha256: record, sizes: [:]) == nil)
    #expect(
      table.version(
        of: commit("acme", 2, [settled, converted], removed: removed), sha256: record, sizes: [:])
        == nil)
    #expect(table.version(of: commit("acme", 2, []), sha256: record, sizes: [:]) == nil)
  }

  @Test func `version 0 has the table, and the files of every log at its commit`() throws {
    func manifest(_ name: String, _ commit: Int) -> Manifest {
      Manifest(
        standing: state(name, commit), commitSHA256: record,
        partitions: [
          partition(name, "2024-02-11", revision: 0, changedIn: 1, isEmpty: true),
          partition(name, "2024-02-12", revision: 2, changedIn: 2),
        ], quarantine: [])
    }
    let version = table.firstVersion(
      of: [manifest("globex", 5), manifest("acme", 2)], by: manifest("acme", 2))
    let lines = text(version).map(String.init)
    #expect(
      lines.prefix(4).map { $0 } == [
        info("CREATE TABLE"),
        #"{"txn":{"appId":"cloudsmith-audit-export:acme","version":2,"lastUpdated":1707783000123}}"#,
        #"{"txn":{"appId":"cloudsmith-audit-export:globex","version":5,"lastUpdated":1707783000123}}"#,
        #"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#,
      ])
    #expect(
      lines.suffix(2).map { $0 } == [
        add("organization=acme/", organization, revision: 2, "2024-02-12"),
        add("organization=globex/", #""organization":"globex""#, revision: 2, "2024-02-12"),
      ])
    #expect(lines.count == 7)
    let metadata = try #require(lines.dropFirst(4).first)
    #expect(
      metadata.hasPrefix(
        #"{"metaData":{"id":"\#(id)","name":"cloudsmith_audit_log","description":"Audit log of Cloudsmith, "#
          + #"schema audit-log-1","format":{"provider":"parquet","options":{}},"#
          + #""schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"uuid\",\"type\":\"string\","#
          + #"\"nullable\":false,\"metadata\":{}},{\"name\":\"event_at\",\"type\":\"timestamp\","#
          + #"\"nullable\":false,\"metadata\":{}},"#))
    #expect(
      metadata.hasSuffix(
        #"{\"name\":\"organization\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"#
          + #"{\"name\":\"event_date\",\"type\":\"date\",\"nullable\":true,\"metadata\":{}}]}","#
          + #""partitionColumns":["organization","event_date"],"configuration":{},"createdTime":1707783000123}}"#
      ))
  }

  @Test func `a table of repository logs has their names as a third key`() {
    let table = ArchiveTable(id: id, logs: .repositoryLogs)
    let name = "acme/my-repo"
    let version = table.version(
      of: commit(name, 1, [partition(name, "2024-02-12", revision: 1, changedIn: 1)]), sha256: record,
      sizes: [:])
    #expect(
      text(version).map(String.init) == [
        info("WRITE", #"\"organization\",\"repository\",\"event_date\""#),
        #"{"txn":{"appId":"cloudsmith-audit-export:acme/my-repo","version":1,"lastUpdated":1707783000123}}"#,
        add(
          "organization=acme/repository=my-repo/", organization + #","repository":"my-repo""#, revision: 1,
          "2024-02-12"),
      ])
    #expect(table.schema.columns.suffix(3).map(\.name) == ["organization", "repository", "event_date"])
  }
}
