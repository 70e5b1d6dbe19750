import AuditArchive
import AuditRecord
import AuditReport
import CloudsmithAPI

/// An archive read once for a report: its rows counted and, beside that, the archive verified.
struct ArchiveReading: Sendable {
  let manifest: Manifest
  let tally: EventTally
  /// Days whose rows could not be read, and so are not counted.
  let unread: [(day: Day, why: String)]
  /// nil: not verified.
  let found: VerificationReport?
  /// Newest first.
  let runs: [RecentRun]

  var isSound: Bool { unread.isEmpty && found?.findings.isEmpty ?? true }

  /// How often a day that a run replaces meanwhile is looked up again.
  private static let looks = 4

  /// nil when there is no archive of the log.
  static func run(
    log: LogName, archive: String, window: Window?, isVerified: Bool, speaker: Speaker
  ) async throws -> ArchiveReading? {
    guard let manifest = try Archive.read(at: archive, log: log) else { return nil }
    // On a core of its own, as long as counting takes, or longer.
    async let found = isVerified ? verify(log: log, archive: archive, window: window) : nil
    let (tally, unread) = try count(manifest, log: log, archive: archive, window: window, speaker)
    let runs: [RecentRun]
    do {
      runs = try RecentCommits(at: archive, log: log).runs
    } catch {
      runs = []  // what is wrong with the records, the verification tells
    }
    return ArchiveReading(
      manifest: manifest, tally: tally, unread: unread, found: try await found,
      runs: runs)
  }

  @concurrent
  private static func verify(
    log: LogName, archive: String, window: Window?
  ) async throws -> VerificationReport? {
    var settings = VerificationSettings()
    settings.from = window?.from
    settings.to = window?.to
    return try Archive.verify(
      at: archive, log: log, settings: settings, patience: VerifyCommand.waitForRun)
  }

  private static func count(
    _ manifest: Manifest, log: LogName, archive: String, window: Window?, _ speaker: Speaker
  ) throws -> (EventTally, [(day: Day, why: String)]) {
    var tally = EventTally(window: window ?? Window(from: .earliest, to: .latest))
    var unread: [(day: Day, why: String)] = []
    let days = manifest.partitions.filter { partition in
      partition.rows > 0 && window.map { !partition.eventDate.window.intersection($0).isEmpty } ?? true
    }
    for (index, partition) in days.enumerated() {
      speaker.console.progress("\(partition.eventDate) · \(index.grouped) of \(days.count.grouped) days")
      do throws(ArchiveError) {
        tally = try add(partition, to: tally, log: log, archive: archive)
      } catch {
        guard case .damaged(let file) = error else { throw error }
        unread.append((partition.eventDate, "\(file)"))
      }
    }
    return (tally, unread)
  }

  /// What a tally is with the rows of a day; the day as it is now, when a run has replaced it since.
  private static func add(
    _ partition: Partition, to tally: EventTally, log: LogName, archive: String
  ) throws(ArchiveError) -> EventTally {
    var partition = partition
    for look in 1... {
      var sum = tally
      var reader = Archive.reader(of: partition, at: archive, log: log)
      do throws(ArchiveError) {
        while let batch = try reader.next() { sum.add(batch, of: partition.eventDate) }
        return sum
      } catch {
        guard case .damaged = error, look < looks,
          let newer = try Archive.read(at: archive, log: log)?.partition(partition.eventDate),
          newer.revision > partition.revision
        else { throw error }
        partition = newer
      }
    }
    return tally
  }

  /// In words for the page.
  func verification(log: LogName, archive: String) -> ReportContent.Verification {
    guard let found else { return .skipped }
    func count(_ what: String, _ count: VerificationReport.Count) -> (what: String, count: String) {
      (what, "\(count.sound.grouped) of \(count.total.grouped)")
    }
    let checked = [
      count("commits are as they were written, each after the one before", found.commits),
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
