import AuditArchive
import AuditRecord
import Foundation
import TestSupport

/// An archive on the disk, held to its promise by the library, without a run.
struct ArchiveLook {
  let folder: String
  let log = LogName("acme")!

  var manifest: Manifest? {
    get async throws { try await Archive(at: folder, log: log).read() }
  }

  /// Each day with rows and hash of its content, and what is covered.
  var content: [String] {
    get async throws {
      guard let manifest = try await manifest else { return [] }
      return manifest.partitions.map { "\($0.eventDate) \($0.rows) \($0.contentSHA256)" }
    }
  }

  /// What is wrong: files that are missing, altered or left over. A copy is looked at, so that looking mends nothing.
  func problems(mayHaveLeftovers: Bool = false) async throws -> [String] {
    guard let manifest = try await manifest else { return [] }
    let copy = folder + "-looked-at"
    try FileManager.default.copyItem(atPath: folder, toPath: copy)
    defer { try? FileManager.default.removeItem(atPath: copy) }
    var problems: [String] = []
    try await Archive(at: copy, log: manifest.source.log).withWriter(
      source: manifest.source, holder: LockHolder.thisProcess(since: Timestamp(microseconds: 0)),
      settings: WriterSettings(toolVersion: "test")
    ) { writer in
      problems += writer.recovery.damaged.map { "\($0)" }
      if !mayHaveLeftovers { problems += writer.recovery.deleted.map { "left over: \($0.path)" } }
      for partition in manifest.partitions {
        // Reading a day to its end proves its bytes, its rows and its content.
        do { try await writer.rows(of: partition.eventDate) { _ in } } catch { problems.append("\(error)") }
      }
    }
    return problems
  }
}
