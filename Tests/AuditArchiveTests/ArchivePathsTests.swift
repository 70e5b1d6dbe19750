import AuditArchive
import AuditRecord
import TestSupport
import Testing

@Suite(.fewAtOnce) struct ArchivePathsTests {
  let part = PartName(format: .csv, day: day("2024-02-12"), index: 0, revision: 3, hash: "9bb6196f")

  @Test func `the files of an organization have the names in the format page`() {
    let paths = ArchivePaths(log("acme"))
    #expect(ArchivePaths.kind == "_manifest/archive.json")
    #expect(paths.manifest == "_manifest/acme/manifest.json")
    #expect(paths.commit(42) == "_manifest/acme/commits/00000000000000000042.json")
    #expect(paths.lock == "_manifest/acme/lock")
    #expect(paths.staging == "_staging/acme")
    #expect(
      paths.part(part) == "csv/organization=acme/event_date=2024-02-12/part-00000.r0003-9bb6196f.csv.gz")
    var parquet = part
    parquet.format = .parquet
    #expect(
      paths.part(parquet)
        == "parquet/organization=acme/event_date=2024-02-12/part-00000.r0003-9bb6196f.parquet")
    #expect(
      paths.quarantine(QuarantineName(commit: 42, hash: "9bb6196f"))
        == "quarantine/organization=acme/commit-00000000000000000042-9bb6196f.jsonl")
  }

  @Test func `the files of a repository have one more partition key`() {
    let paths = ArchivePaths(log("acme/my-repo"))
    #expect(paths.manifest == "_manifest/acme/my-repo/manifest.json")
    #expect(paths.staging == "_staging/acme/my-repo")
    #expect(
      paths.part(part)
        == "csv/organization=acme/repository=my-repo/event_date=2024-02-12/part-00000.r0003-9bb6196f.csv.gz")
    #expect(
      paths.quarantine(QuarantineName(commit: 1, hash: "00000000"))
        == "quarantine/organization=acme/repository=my-repo/commit-00000000000000000001-00000000.jsonl")
  }

  @Test(arguments: ["acme", "acme/my-repo", "a.b_c-d"])
  func `every generated name parses back`(_ name: String) {
    let paths = ArchivePaths(log(name))
    for format in PartFormat.allCases {
      for (index, revision) in [(0, 1), (7, 9_999), (99_999, 10_000), (123_456, 1_234_567)] {
        let name = PartName(
          format: format, day: day("2024-02-29"), index: index, revision: revision, hash: "0123abcd")
        #expect(paths.partName(paths.part(name)) == name)
      }
    }
    for number in [1, 42, Int.max] {
      #expect(paths.commitNumber(paths.commit(number)) == number)
      let name = QuarantineName(commit: number, hash: "deadbeef")
      #expect(paths.quarantineName(paths.quarantine(name)) == name)
    }
  }

  @Test(arguments: [
    "csv/organization=acme/event_date=2024-02-12/part-00000.r0003-9bb6196f.csv",
    "csv/organization=acme/event_date=2024-02-12/part-00000.r0003-9bb6196F.csv.gz",
    "csv/organization=acme/event_date=2024-02-12/part-00000.r0003-9bb6196.csv.gz",
    "csv/organization=acme/event_date=2024-02-12/part-00000.r3-9bb6196f.csv.gz",
    "csv/organization=acme/event_date=2024-02-12/part-00000.r00003-9bb6196f.csv.gz",
    "csv/organization=acme/event_date=2024-02-12/part-0.r0003-9bb6196f.csv.gz",
    "csv/organization=acme/event_date=2024-02-12/part-+0000.r0003-9bb6196f.csv.gz",
    "csv/organization=acme/event_date=2024-02-12/part-00000.r-003-9bb6196f.csv.gz",
    "csv/organization=acme/event_date=2024-02-30/part-00000.r0003-9bb6196f.csv.gz",
    "csv/organization=acme/event_date=2024-02-12/x/part-00000.r0003-9bb6196f.csv.gz",
    "csv/organization=acme/event_date=2024-02-12/../part-00000.r0003-9bb6196f.csv.gz",
    "csv/organization=acme/repository=my-repo/event_date=2024-02-12/part-00000.r0003-9bb6196f.csv.gz",
    "csv/organization=other/event_date=2024-02-12/part-00000.r0003-9bb6196f.csv.gz",
    "parquet/organization=acme/event_date=2024-02-12/part-00000.r0003-9bb6196f.csv.gz",
    "/csv/organization=acme/event_date=2024-02-12/part-00000.r0003-9bb6196f.csv.gz",
    "csv/organization=acme/event_date=2024-02-12/_SUCCESS", "notes.txt", "",
  ])
  func `a name that is never generated is not recognized`(_ path: String) {
    #expect(ArchivePaths(log("acme")).partName(path) == nil)
  }

  @Test func `malformed numbers and hashes are not names of commits or quarantine files`() {
    let paths = ArchivePaths(log("acme"))
    #expect(paths.commitNumber("_manifest/acme/commits/42.json") == nil)
    #expect(paths.commitNumber("_manifest/acme/commits/00000000000000000042.json.tmp") == nil)
    #expect(paths.commitNumber("_manifest/acme/commits/-0000000000000000042.json") == nil)
    #expect(paths.commitNumber("_manifest/other/commits/00000000000000000042.json") == nil)
    #expect(paths.quarantineName("quarantine/organization=acme/commit-42-9bb6196f.jsonl") == nil)
    #expect(paths.quarantineName("quarantine/organization=acme/notes.jsonl") == nil)
  }

  @Test func `a path has the folder before its last slash`() {
    #expect(ArchivePaths.folder(of: "a/b/c") == "a/b")
    #expect(ArchivePaths.folder(of: "a") == "")
    #expect(ArchivePaths.folder(ofSystemPath: "/a") == "/")
    #expect(ArchivePaths.folder(ofSystemPath: "/a/b/") == "/a")
    #expect(ArchivePaths.folder(ofSystemPath: "a") == ".")
  }
}
