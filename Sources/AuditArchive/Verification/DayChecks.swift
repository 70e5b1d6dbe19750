import AuditRecord
import PartitionFormats
import Synchronization

/// Checks the days of a state, and compares their rows with each other. Several tasks can check different days at a time: they share only
/// the search for events that are on two days, which takes days in any order.
final class DayChecks: Sendable {
  enum Event: Sendable {
    case began(Day)
    /// Bytes of parts. Negative for a day that is read again because a run has replaced it.
    case read(Int)
  }

  private let storage: any ArchiveStorage
  private let settings: VerificationSettings
  /// The newest commit of the state.
  private let commit: Int
  private let search: Mutex<CrossDaySearch>

  /// - Parameter rows: how many rows will be compared, approximately.
  init(_ storage: any ArchiveStorage, _ settings: VerificationSettings, newerThan commit: Int, rows: Int) {
    self.storage = storage
    self.settings = settings
    self.commit = commit
    search = Mutex(CrossDaySearch(limit: settings.archiveIdentityLimit, expected: rows))
  }

  /// Checks a day. If a part is missing because a run has replaced the day meanwhile, checks the new revision. nil if the storage is out
  /// of reach, or if the task was cancelled before.
  func check(_ partition: Partition, _ event: (Event) -> Void) async -> DayCheck? {
    guard storage.outage == nil, !Task.isCancelled else { return nil }
    event(.began(partition.eventDate))
    var partition = partition
    while true {
      var bytesRead = 0
      var check = DayCheck(partition, storage: storage, settings: settings)
      await check.run { bytes in
        bytesRead += bytes
        event(.read(bytes))
      } each: { batch, identities, file in
        add(batch, identities, file, of: partition)
      }
      guard check.findings.contains(where: \.problem.isMissing) else { return check }
      let later = await ArchiveState(storage).readableCommits(after: commit).flatMap(\.partitionsChanged)
      guard
        let newer = later.last(where: {
          $0.eventDate == partition.eventDate && $0.revision > partition.revision
        })
      else { return check }
      partition = newer
      event(.read(-bytesRead))
    }
  }

  private func add(_ batch: RowBatch, _ identities: [UInt64], _ file: PartFile, of partition: Partition) {
    let place = CrossDaySearch.Place(
      day: partition.eventDate, path: file.path, commit: partition.changedInCommit)
    search.withLock { $0.add(batch, identities, at: place) }
  }

  // MARK: Further passes

  /// Ends a pass over all days. Returns whether another one is needed; then `read` each day again.
  func nextPass() -> Bool { search.withLock { $0.nextPass() } }

  /// Reads the rows of a checked day again. Returns a finding for each part that can no longer be read.
  func read(_ day: DayCheck, _ event: (Event) -> Void) async -> [Finding] {
    event(.began(day.partition.eventDate))
    var unread: [Finding] = []
    for file in day.comparable where !Task.isCancelled {
      var unused = DayContentHash()
      do {
        _ = try await PartScan(file, in: storage, content: &unused) {
          add($0, $0.identities, file, of: day.partition)
        }
      } catch {
        unread.append(
          Finding(
            Finding.Problem(of: error, rows: file.rows), at: file.path, day: day.partition.eventDate,
            commit: day.partition.changedInCommit))
      }
      event(.read(file.bytes))
    }
    return unread
  }

  /// The events that are on two days, once no further pass is needed.
  var findings: [Finding] { search.withLock(\.findings) }
}

extension ArchiveState {
  /// The commits since a state was read, up to the first that cannot be read. Used only to find out what they replace; the next
  /// verification checks them.
  func readableCommits(after number: Int) async -> [Commit] {
    var commits: [Commit] = []
    var number = number
    while true {
      number += 1
      let path = paths.commit(number)
      do {
        guard let bytes = try await read(path) else { return commits }
        commits.append(try ArchiveJSON.decode(Commit.self, from: bytes, path: path))
      } catch {
        return commits
      }
    }
  }
}
