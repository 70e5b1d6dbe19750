import AuditArchive
import AuditRecord
import AuditReport
import CommandResults
import ExportConfiguration
import Platform

extension ArchiveReading {
  /// How often a day is read at most, if runs keep replacing it in the meantime.
  private static let looks = 4

  /// Counts the rows of an archive and verifies it at the same time. nil if there is no archive of the log.
  static func run(
    _ archive: Archive, window: Window?, isVerified: Bool, commandOutput: CommandOutput
  ) async throws -> ArchiveReading? {
    guard let manifest = try await archive.read() else { return nil }
    // Runs in parallel with counting.
    async let found = isVerified ? verify(archive, window: window) : nil
    let (tally, unread) = try await count(manifest, archive, window: window, commandOutput)
    let runs: [RecentRun]
    do {
      runs = try await RecentCommits(archive, newest: manifest.commit).runs
    } catch {
      runs = []  // The verification reports damaged records.
    }
    return ArchiveReading(
      manifest: manifest, table: try await archive.table(of: manifest), tally: tally, unread: unread,
      found: try await found,
      runs: runs)
  }

  private static func verify(
    _ archive: Archive, window: Window?
  ) async throws -> VerificationReport? {
    var settings = VerificationSettings()
    settings.from = window?.from
    settings.to = window?.to
    settings.daysAtOnce = ProcessInfo.processInfo.activeProcessorCount
    return try await archive.verify(settings, patience: VerifyCommand.waitForRun)
  }

  private static func count(
    _ manifest: Manifest, _ archive: Archive, window: Window?, _ commandOutput: CommandOutput
  ) async throws -> (EventTally, [(day: Day, why: String)]) {
    let window = window ?? Window(from: .earliest, to: .latest)
    var tally = EventTally(window: window)
    var unread: [(day: Day, why: String)] = []
    let days = manifest.partitions.filter { $0.rows > 0 && !$0.eventDate.window.intersection(window).isEmpty }
    var begun = 0
    try await OrderedTasks(width: ProcessInfo.processInfo.activeProcessorCount).run(days) {
      partition, begin -> Result<EventTally, ArchiveError> in
      begin(partition.eventDate)
      do throws(ArchiveError) {
        return .success(try await Self.count(partition, archive, window: window))
      } catch {
        return .failure(error)
      }
    } event: { (day: Day) in
      commandOutput.console.progress("\(day) · \(begun.grouped) of \(days.count.grouped) days")
      begun += 1
    } take: { (partition, counted) throws(ArchiveError) in
      switch counted {
      case .success(let day): tally.add(day)
      case .failure(.damaged(let file)): unread.append((partition.eventDate, "\(file)"))
      case .failure(let error): throw error
      }
    }
    return (tally, unread)
  }

  /// The tally of a day. If a run has replaced the day in the meantime, its new rows are counted.
  private static func count(
    _ partition: Partition, _ archive: Archive, window: Window
  ) async throws(ArchiveError) -> EventTally {
    var partition = partition
    var look = 1
    while true {
      var tally = EventTally(window: window)
      var reader = archive.reader(of: partition)
      do throws(ArchiveError) {
        while let batch = try await reader.next() { tally.add(batch, of: partition.eventDate) }
        return tally
      } catch {
        guard case .damaged = error, look < looks,
          let newer = try await archive.read()?.partition(partition.eventDate),
          newer.revision > partition.revision
        else { throw error }
        partition = newer
        look += 1
      }
    }
  }
}

/// Why there is no archive of the log, when there should be one.
extension Archive {
  /// The failure of a command that reads the archive.
  func noArchive(_ words: Messages) async -> Failure { words.noArchive(others: await others()) }

  /// The failure of a run that must not create the archive. If the run that creates it is at work, that the lease is held.
  ///
  /// - Parameter source: The setting that forbids it.
  func notExisting(_ source: SettingSource, _ words: Messages) async -> Failure {
    do {
      if case .held(let holder)? = try await runAtWork() { return words.failure(.locked(holder)) }
    } catch {
      return words.failure(error)
    }
    return words.notExisting(source, others: await others())
  }

  private func others() async -> [LogName] {
    do {
      return try await logsInFolder()
    } catch {
      return []  // Only a hint.
    }
  }
}

/// The newest commits of a log, and the runs that made them, newest first.
struct RecentCommits {
  let commits: [Commit]
  let runs: [RecentRun]

  /// The most commits that are read. A long run has many.
  private static let most = 256
  private static let few = 5
  private static let runsShown = 5

  /// Reads commit records from `newest` downwards until the runs to show are complete.
  ///
  /// - Throws: `ArchiveError` if one of the newest few records cannot be read.
  init(_ archive: Archive, newest: Int) async throws(ArchiveError) {
    let first = try await archive.recentCommits(limit: Self.few, newest: newest)
    do {
      let rest = try await archive.recentCommits(limit: Self.most - Self.few, newest: newest - Self.few) {
        rest in
        RecentRun.runs(of: first + rest, isWhole: false).count == Self.runsShown
      }
      let all = first + rest
      self.init(all, isWhole: all.last?.commit == 1)
    } catch {
      // An older damaged record does not hide the newest runs. `verify` reports it.
      self.init(first, isWhole: false)
    }
  }

  private init(_ commits: [Commit], isWhole: Bool) {
    self.commits = Array(commits.prefix(Self.few))
    runs = Array(RecentRun.runs(of: commits, isWhole: isWhole).prefix(Self.runsShown))
  }
}
