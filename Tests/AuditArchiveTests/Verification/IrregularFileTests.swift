import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// Pipes, sockets, devices and links among the archive's files are reported by name and never block.
@Suite(.fewAtOnce) struct IrregularFileTests {
  private let organization = "csv/organization=acme"

  private func pipe(_ path: String, in archive: ExampleArchive) throws {
    try FileManager.default.createDirectory(
      atPath: ("\(archive.folder)/\(path)" as NSString).deletingLastPathComponent,
      withIntermediateDirectories: true)
    try #require(mkfifo("\(archive.folder)/\(path)", 0o600) == 0)
  }

  @Test func `an irregular file is a finding in every folder that is read`() async throws {
    try await ExampleArchive.with { archive in
      let pipes = [
        "_manifest/acme/commits/x.json", "_manifest/x.json", "csv/x.csv.gz",
        "\(organization)/event_date=2024-02-12/x.csv.gz",
        "parquet/organization=acme/x.parquet", "quarantine/organization=acme/x.jsonl", "quarantine/x.jsonl",
      ]
      for path in pipes { try pipe(path, in: archive) }
      try link("\(archive.folder)/csv/organization=other", to: "/")
      try link("\(archive.folder)/\(organization)/event_date=2024-02-20", to: "/")
      try link("\(archive.folder)/_manifest/acme/lock~", to: "/nowhere")
      try bindSocket("\(archive.folder)/\(organization)/s")
      try FileManager.default.createDirectory(
        atPath: "\(archive.folder)/\(organization)/event_date=2024-02-12/part-00000.r0009-00000000.csv.gz",
        withIntermediateDirectories: true)
      let name: [CChar] = Array("\(archive.folder)/\(organization)/x".utf8CString.dropLast()) + [-1, 0]
      let descriptor = Foundation.open(name, O_CREAT | O_WRONLY, 0o600)
      defer { _ = Foundation.close(descriptor) }
      try #require(descriptor >= 0)
      // Readers skip these.
      try link("\(archive.folder)/\(organization)/.hidden", to: "/")
      try pipe("\(organization)/.nfs0001", in: archive)

      let report = try await archive.verify()
      #expect(
        report.findings.map { "\($0.path) \($0.problem)" }
          == (pipes.map { "\($0) irregular(AuditArchive.FileKind.pipe)" } + [
            "\(organization)/event_date=2024-02-20 irregular(AuditArchive.FileKind.symbolicLink)",
            "\(organization)/s irregular(AuditArchive.FileKind.socket)",
            "\(organization)/x\u{FFFD} irregular(AuditArchive.FileKind.unnameable)",
            "\(organization)/event_date=2024-02-12/part-00000.r0009-00000000.csv.gz irregular(AuditArchive.FileKind.folder)",
            "_manifest/acme/lock~ irregular(AuditArchive.FileKind.symbolicLink)",
            "csv/organization=other irregular(AuditArchive.FileKind.symbolicLink)",
          ]).sorted())
      #expect(report.foreignFiles.map(\.path) == ["\(organization)/.hidden", "\(organization)/.nfs0001"])
      #expect(report.days.sound == report.days.total && report.commits.sound == report.commits.total)
    }
  }

  @Test func `a link in place of a folder is one finding, and nothing behind it is reported`() async throws {
    for (folder, also) in [
      ("csv", []), (organization, []), ("\(organization)/event_date=2024-02-12", []), ("quarantine", []),
      ("_staging", []), ("_manifest", []), ("_manifest/acme", []), ("_manifest/acme/commits", []),
    ] as [(String, [String])] {
      try await ExampleArchive.with { archive in
        try archive.write([1], to: "_staging/acme/x")
        let elsewhere = "\(archive.folder)-elsewhere"
        defer { try? FileManager.default.removeItem(atPath: elsewhere) }
        try FileManager.default.moveItem(atPath: "\(archive.folder)/\(folder)", toPath: elsewhere)
        try link("\(archive.folder)/\(folder)", to: elsewhere)
        for isQuick in [false, true] {
          var settings = VerificationSettings()
          settings.isQuick = isQuick
          await #expect(try archive.findings(settings) == ["irregular \(folder)"] + also, "\(isQuick)")
        }
        if folder.hasPrefix("csv") {
          await #expect(try archive.verify().files.sound < archive.verify().files.total)
        }
      }
    }
  }

  @Test func `an irregular file in place of any file has one finding and never blocks`()
    async throws
  {
    try await ExampleArchive.with { archive in
      for path in try tree(archive.folder).keys.filter({ !$0.hasSuffix("/") }).sorted() {
        let (bytes, full) = (try archive.bytes(path), "\(archive.folder)/\(path)")
        let makers: [(String, () throws -> Void)] = [
          ("pipe", { try #require(mkfifo(full, 0o600) == 0) }), ("socket", { try bindSocket(full) }),
          (
            "folder",
            { try FileManager.default.createDirectory(atPath: full, withIntermediateDirectories: false) }
          ),
          ("zeros without end", { try link(full, to: "/dev/zero") }),
          (
            "a giant",
            {
              try #require(
                FileManager.default.createFile(atPath: full, contents: nil) && truncate(full, 1 << 42) == 0)
            }
          ),
        ]
        for (what, make) in makers where !(path.hasSuffix("/lock") && what == "a giant") {
          // A socket's path has few bytes.
          if what == "socket", full.utf8.count > 100 { continue }
          try archive.remove(path)
          try make()
          for isQuick in [false, true] {
            var settings = VerificationSettings()
            settings.isQuick = isQuick
            let findings = try await archive.verify(settings).findings
            // Of the seven commit records a quick look reads the last two.
            let isRead = !isQuick || archive.paths.commitNumber(path).map { $0 > 5 } ?? true
            #expect(findings.map(\.path) == (isRead ? [path] : []), "\(what) at \(path): \(findings)")
          }
          try FileManager.default.removeItem(atPath: full)
          try archive.write(bytes, to: path)
        }
      }
      await #expect(try archive.findings().isEmpty)
    }
  }

  @Test func `a part that grows while it is read does not cause an endless read`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    try await writeHistory("/archive", acme, fileSystem: disk)
    let manifest = try #require(try await Archive(at: "/archive", log: log("acme"), fileSystem: disk).read())
    let part = try #require(manifest.partition(day("2024-02-12"))?.files.first)
    let quarantine = try #require(manifest.quarantine.first)
    let growing = FaultyFileSystem(copyOf: disk)
    for path in [part.path, quarantine.path] {
      disk.growWhenRead("/archive/\(path)")
      growing.growWhenRead("/archive/\(path)")
    }
    let report = try await Archive(at: "/archive", log: log("acme"), fileSystem: disk).verify()
    let findings = try #require(report).findings
    #expect(
      findings.map { "\($0.problem.kind) \($0.path)" } == [
        "altered \(part.path)", "altered \(quarantine.path)",
      ])
    try await withWriter("/archive", fileSystem: growing) { writer in
      let error = await #expect(throws: ArchiveError.self) { try await writer.events(of: "2024-02-12") }
      guard case .damaged(let finding)? = error, finding.path == part.path,
        case .altered(.bytes) = finding.problem
      else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func `a part that is too long is detected by its size without a read`() async throws {
    try await ExampleArchive.with { archive in
      let part = try await archive.part("2024-02-12")
      let sealed = try archive.bytes(part).count
      for size in [sealed + 1, 1 << 42] {
        try #require(truncate("\(archive.folder)/\(part)", size) == 0)
        await #expect(
          try archive.verify().findings.map(\.problem) == [.altered(.bytes(expected: sealed, found: size))])
      }
    }
  }
}
