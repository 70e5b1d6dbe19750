import AuditArchive
import AuditRecord
import AuditReport
import CloudsmithAPI

/// An archive read once for a report: its rows counted and, beside that, the archive verified.
package struct ArchiveReading: Sendable {
  package let manifest: Manifest
  package let tally: EventTally
  /// Days whose rows could not be read, and so are not counted.
  package let unread: [(day: Day, why: String)]
  /// nil: not verified.
  package let found: VerificationReport?
  /// Newest first.
  package let runs: [RecentRun]

  package var isSound: Bool { unread.isEmpty && found?.findings.isEmpty ?? true }

  /// How often a day that a run replaces meanwhile is looked up again.
  private static let looks = 4

  /// nil when there is no archive of the log.
  package static func run(
    _ archive: Archive, window: Window?, isVerified: Bool, speaker: Speaker
  ) async throws -> ArchiveReading? {
    guard let manifest = try await archive.read() else { return nil }
    // On a core of its own, as long as counting takes, or longer.
    async let found = isVerified ? verify(archive, window: window) : nil
    let (tally, unread) = try await count(manifest, archive, window: window, speaker)
    let runs: [RecentRun]
    do {
      runs = try await RecentCommits(archive, newest: manifest.commit).runs
    } catch {
      runs = []  // what is wrong with the records, the verification tells
    }
    return ArchiveReading(
      manifest: manifest, tally: tally, unread: unread, found: try await found,
      runs: runs)
  }

  private static func verify(
    _ archive: Archive, window: Window?
  ) async throws -> VerificationReport? {
    var settings = VerificationSettings()
    settings.from = window?.from
    settings.to = window?.to
    return try await archive.verify(settings, patience: VerifyCommand.waitForRun)
  }

  private static func count(
    _ manifest: Manifest, _ archive: Archive, window: Window?, _ speaker: Speaker
  ) async throws -> (EventTally, [(day: Day, why: String)]) {
    var tally = EventTally(window: window ?? Window(from: .earliest, to: .latest))
    var unread: [(day: Day, why: String)] = []
    let days = manifest.partitions.filter { partition in
      partition.rows > 0 && window.map { !partition.eventDate.window.intersection($0).isEmpty } ?? true
    }
    for (index, partition) in days.enumerated() {
      speaker.console.progress("\(partition.eventDate) · \(index.grouped) of \(days.count.grouped) days")
      do throws(ArchiveError) {
        tally = try await add(partition, to: tally, archive)
      } catch {
        guard case .damaged(let file) = error else { throw error }
        unread.append((partition.eventDate, "\(file)"))
      }
    }
    return (tally, unread)
  }

  /// What a tally is with the rows of a day; the day as it is now, when a run has replaced it since.
  private static func add(
    _ partition: Partition, to tally: EventTally, _ archive: Archive
  ) async throws(ArchiveError) -> EventTally {
    var partition = partition
    for look in 1... {
      var sum = tally
      var reader = archive.reader(of: partition)
      do throws(ArchiveError) {
        while let batch = try await reader.next() { sum.add(batch, of: partition.eventDate) }
        return sum
      } catch {
        guard case .damaged = error, look < looks,
          let newer = try await archive.read()?.partition(partition.eventDate),
          newer.revision > partition.revision
        else { throw error }
        partition = newer
      }
    }
    return tally
  }

  /// In words for the page.
  package var verification: ReportContent.Verification {
    guard let found else { return .skipped }
    func count(_ what: String, _ count: VerificationReport.Count) -> (what: String, count: String) {
      (what, "\(count.sound.grouped) of \(count.total.grouped)")
    }
    let commits =
      found.firstCommit == 1
      ? "commits are as they were written, each after the one before"
      : "commits from \(found.firstCommit.grouped) on are as they were written; those before were not read"
    let checked = [
      count(commits, found.commits),
      count("days are as they were committed", found.days),
      count("files are as they were sealed", found.files),
      count("rows were read in sound files", found.rows),
      count("files of quarantine are as they were sealed", found.quarantineFiles),
    ]
    guard !found.findings.isEmpty else { return .sound(checked: checked) }
    return .damaged(
      checked: checked,
      findings: found.findings.map { finding in
        (finding.flaw.kind.rawValue, finding.path, finding.sentence)
      })
  }
}
