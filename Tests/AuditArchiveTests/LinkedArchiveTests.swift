import AuditRecord
import Foundation
import TestSupport
import Testing

@testable import AuditArchive

/// Symbolic links and other irregular files inside an archive are not followed.
@Suite(.fewAtOnce) struct LinkedArchiveTests {
  private let day12 = "2024-02-12"

  @Test func `an archive with a symbolic link inside is refused, and nothing behind it changes`() async throws
  {
    let organization = "csv/organization=acme"
    for link in [
      "csv", organization, "\(organization)/event_date=\(day12)", "_staging", "_staging/acme", "_manifest",
      "_manifest/acme", "_manifest/acme/commits", "quarantine", "_manifest/acme/manifest.json",
      "_manifest/archive.json", "_manifest/acme/lock",
    ] {
      try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
        let root = "\(folder)/a"
        try await withWriter(root) { try await $0.commit([day12: events(day12, 5)]) }
        let leftover = "\(organization)/event_date=\(day12)/part-00000.r9999-00000000.csv.gz"
        for path in [leftover, "quarantine/organization=acme/x"] { try write("x", to: "\(root)/\(path)") }
        // A run that is refused drops what it finds in its own folder all the same.
        if link.hasPrefix("_staging") { try write("x", to: "\(root)/_staging/acme/x") }
        try FileManager.default.moveItem(atPath: "\(root)/\(link)", toPath: "\(folder)/elsewhere")
        try AuditArchiveTests.link("\(root)/\(link)", to: "\(folder)/elsewhere")
        let before = try tree(folder)
        let error = try await archiveError {
          try await withWriter(root) { _ in Issue.record("\(link): it was opened") }
        }
        guard case .storage(let failure)? = error else {
          Issue.record("\(link): \(String(describing: error))")
          return
        }
        #expect(failure.reason == .symbolicLink && failure.path == "\(root)/\(link)", "\(failure)")
        #expect(try tree(folder) == before, "\(link)")
      }
    }
  }

  @Test func `a part that is a symbolic link is refused, and a pipe or folder is damage`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let manifest = try #require(try await Archive(at: folder, log: log("acme")).read())
      let part = try #require(manifest.partition(day(day12))?.files.first?.path)
      try FileManager.default.removeItem(atPath: "\(folder)/\(part)")
      let makers: [(FileKind, () throws -> Void)] = [
        (.pipe, { #expect(mkfifo("\(folder)/\(part)", 0o600) == 0) }),
        (
          .folder,
          {
            try FileManager.default.createDirectory(
              atPath: "\(folder)/\(part)", withIntermediateDirectories: false)
          }
        ),
        (.symbolicLink, { try link("\(folder)/\(part)", to: "/dev/zero") }),
      ]
      for (kind, make) in makers {
        try make()
        if kind == .symbolicLink {
          await #expect(throws: ArchiveError.self) {
            try await Archive(at: folder, log: log("acme")).inspect()
          }
          let error = try await archiveError { try await withWriter(folder) { _ in } }
          guard case .storage(let failure)? = error, failure.reason == .symbolicLink else {
            Issue.record("\(String(describing: error))")
            return
          }
        } else {
          try await withWriter(folder) { writer in
            #expect(writer.recovery.damaged.map(\.problem) == [.irregular(kind)])
            await #expect(throws: ArchiveError.self) { try await writer.events(of: day12) }
          }
          #expect(
            try await Archive(at: folder, log: log("acme")).inspect()?.damaged.map(\.problem) == [
              .irregular(kind)
            ])
        }
        try FileManager.default.removeItem(atPath: "\(folder)/\(part)")
      }
    }
  }
}
