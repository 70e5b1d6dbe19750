import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import HTTP
import Logging
import Synchronization

/// Reports the progress of an export: a progress line on a terminal, log lines elsewhere.
///
/// A warning needs action by a person. What the run handles by itself is a notice.
final class ProgressReporter: Sendable {
  private let commandOutput: CommandOutput
  private let words: Messages
  private let clock: SystemClock
  private let state: Mutex<State>

  private struct State {
    var started: TimeSpan
    var lastLine: TimeSpan
    var progress: ExportEvent.Progress?
    var waiting: (TimeSpan, WaitReason)?
    var rows = 0
  }

  init(commandOutput: CommandOutput, words: Messages, clock: SystemClock) {
    self.commandOutput = commandOutput
    self.words = words
    self.clock = clock
    state = Mutex(State(started: clock.elapsed, lastLine: clock.elapsed))
  }

  func opened(_ recovery: RecoveryReport) {
    commandOutput.place?.goesOn()
    if !recovery.rolledForward.isEmpty {
      let (first, last) = (recovery.rolledForward.min() ?? 0, recovery.rolledForward.max() ?? 0)
      commandOutput.logger.warning(
        "recovery: the manifest now has \(first == last ? "commit \(last)" : "commits \(first) to \(last)")")
    }
    if let why = recovery.rebuilt {
      commandOutput.logger.warning("recovery: the manifest was rebuilt from the commits: \(why)")
    }
    if let why = recovery.unreadableIntent {
      commandOutput.logger.warning(
        "recovery: \(why); files of a killed run may remain, and cloudsmith-audit-export verify lists them"
      )
    }
    if let first = recovery.deleted.first {
      let others = recovery.deleted.count - 1
      let areReplaced = recovery.deleted.allSatisfy { $0.reason == .superseded }
      commandOutput.logger.notice(
        """
        recovery: deleted files that \(areReplaced ? "were replaced" : "an interrupted run left behind"): \(first.path)\
        \(others == 0 ? "" : others == 1 ? " and another file" : " and \(others.grouped) other files")
        """)
    }
    if recovery.lacksDurableNames { commandOutput.logger.notice("\(Messages.lacksDurableNames)") }
    for file in recovery.damaged { commandOutput.logger.error("damaged: \(file)") }
  }

  func run(_ event: ExportEvent) {
    switch event {
    case .planned(let plan):
      for note in plan.notes { tell(note) }
      if let span = plan.span {
        commandOutput.logger.info("fetching the audit log of '\(words.log)' from \(span.from) to \(span.to)")
      }
    case .page(let progress):
      page(progress)
    case .rereading(let doubt):
      commandOutput.logger.notice("reading again: \(words.words(for: doubt))")
    case .filterGivenUp(let doubt):
      commandOutput.logger.notice("the time filter is not used: \(words.words(for: doubt))")
    case .committed(let commit):
      committed(commit)
    case .converted(let days):
      let names = days.count == 1 ? "\(days[0])" : "\(days.count) days"
      commandOutput.logger.info(
        "\(names): converted to the requested formats from the archive")
    case .damaged(let day, let error):
      commandOutput.logger.error("\(day) is left unchanged: \(error)")
    }
  }

  private func tell(_ note: ExportPlan.Note) {
    let sentence = PlanMessages.sentence(note, log: words.log, archive: words.archive)
    // A new archive without a given start is probably in the wrong place.
    if case .beginsNow = note {
      commandOutput.logger.warning("\(sentence)")
    } else {
      commandOutput.logger.notice("\(sentence)")
    }
  }

  /// Logs that the archive is a new one, unless the plan says so.
  func making(_ request: ExportSettings.Request) {
    switch request {
    case .incremental(nil): break
    case .incremental, .window(_, replace: false): commandOutput.logger.notice("\(words.newArchive)")
    case .window(_, replace: true):
      commandOutput.logger.warning("\(words.newArchive); --replace has nothing to replace")
    }
  }

  /// Logs that the run waits for the lease of another run.
  func waiting(_ lease: ExpiredLease) {
    commandOutput.logger.notice("\(words.waiting(lease))")
    commandOutput.place?.waits()
  }

  /// Logs that a leftover could not be deleted. The run is not affected.
  func undeleted(_ error: StorageError) {
    commandOutput.logger.warning("\(words.undeleted(error))")
  }

  /// Logs that a checkpoint of the table was not written. The run is not affected.
  func missingCheckpoint(_ error: ArchiveError) {
    commandOutput.logger.warning(
      "a checkpoint of the table was not written, so engines open the table more slowly: \(error)")
  }

  /// Logs which days have files in a format that was not requested.
  ///
  /// - Parameter formats: Formats of the newest days that were not requested.
  func kept(_ days: [Day], leftOut formats: Set<PartFormat>) {
    guard let first = days.first, let last = days.last else { return }
    for format in formats.sorted(by: { $0.rawValue < $1.rawValue }) {
      commandOutput.logger.warning(
        """
        --format leaves out \(format.rawValue), which the newest days of the archive have, so \(format.rawValue)/ gets no new days. To \
        keep both formats, run once with --format csv,parquet; later runs without --format continue with both.
        """)
    }
    commandOutput.logger.notice(
      """
      \(days.count == 1 ? "1 day" : "\(days.count) days") from \(first) to \(last) also have files in a format that --format \
      leaves out; they stay, and are verified, until their day changes
      """)
  }

  func client(_ event: ClientEvent) {
    switch event {
    case .waiting(let span, let reason):
      // Waiting for the pace is normal. Only longer waits are logged.
      if reason != .pace, span >= .seconds(5) {
        commandOutput.logger.info("waiting \(span) \(reason.words)")
      }
      state.withLock { $0.waiting = reason == .pace ? nil : (span, reason) }
      if span >= ProgressReporter.longWait { commandOutput.place?.waits() }
      draw()
    case .retrying(let attempt, let attempts, let fault):
      commandOutput.logger.notice("attempt \(attempt) of \(attempts) after: \(fault)")
    case .tooLarge(let page, let size, let unsafe):
      commandOutput.logger.notice("page \(page) with \(size) records: \(unsafe); reading it in smaller parts")
    case .responded(let page, let status, let bytes, let took):
      state.withLock { $0.waiting = nil }
      commandOutput.place?.goesOn()
      commandOutput.logger.debug("page \(page): status \(status), \(bytes) bytes in \(took)")
    }
  }

  private func page(_ progress: ExportEvent.Progress) {
    let now = clock.elapsed
    if let place = commandOutput.place {
      let before = state.withLock { state in
        defer { state.progress = progress }
        return state.progress?.events ?? 0
      }
      return place.progress.received(max(0, progress.events - before))
    }
    let isDue = state.withLock { state in
      state.progress = progress
      guard now - state.lastLine >= .seconds(30) else { return false }
      state.lastLine = now
      return true
    }
    if commandOutput.console.showsProgress {
      draw()
    } else if isDue {
      commandOutput.logger.info("\(line(now))")
    }
  }

  private func committed(_ commit: Commit) {
    let days = commit.partitionsChanged.filter { $0.changedInCommit == commit.commit && $0.revision > 0 }
    let names = days.count == 1 ? "\(days[0].eventDate)" : "\(days.count) days"
    commandOutput.logger.info(
      "commit \(commit.commit): \(names), \(commit.run.rowsAdded.grouped) rows added, high-water mark \(commit.highWaterMark)"
    )
    state.withLock { $0.rows += commit.run.rowsAdded }
  }

  private func draw() {
    if commandOutput.console.showsProgress { commandOutput.progress(line(clock.elapsed)) }
  }

  /// During a wait of at least this length, another log of the job may start.
  private static let longWait = TimeSpan.seconds(0.05)

  /// `2024-02-12 · page 12 of 200 · 5,812 events · 940/s · 3m left · waiting 12s for the rate limit`
  private func line(_ now: TimeSpan) -> String {
    state.withLock { state in
      guard let progress = state.progress else { return "connecting" }
      let elapsed = max((now - state.started).seconds, 0.001)
      var parts: [String] = []
      if let reached = progress.reached, reached > .earliest { parts.append("\(Day(containing: reached))") }
      parts.append("page \(progress.page)" + (progress.pagesInList.map { " of \($0)" } ?? ""))
      parts.append("\(progress.events.grouped) events")
      parts.append("\(Int(Double(progress.events) / elapsed).grouped)/s")
      if let left = progress.secondsLeft(after: elapsed) {
        parts.append("\(TimeSpan.seconds(left.rounded())) left")
      }
      if let (span, reason) = state.waiting { parts.append("waiting \(span) \(reason.words)") }
      return parts.joined(separator: " · ")
    }
  }
}

extension ExportEvent.Progress {
  /// An estimate from the share of the window or of the list that was read. The list may end before the window does.
  fileprivate func secondsLeft(after elapsed: Double) -> Double? {
    var shares: [Double] = []
    if let reached, reached < self.span.to, self.span.length > .zero {
      shares.append((self.span.to - max(reached, self.span.from)).seconds / self.span.length.seconds)
    }
    if let pagesInList, pagesInList > 0 { shares.append(Double(page) / Double(pagesInList)) }
    guard let share = shares.max(), share > 0.001 else { return nil }
    return elapsed * (1 - min(share, 1)) / share
  }
}

extension WaitReason {
  fileprivate var words: String {
    switch self {
    case .pace: "for the pace"
    case .rateLimit: "for the rate limit"
    case .backoff: "before the next attempt"
    }
  }
}

/// Reports the progress of a verification: a progress line on a terminal, occasional log lines elsewhere.
struct VerifyProgressReporter: ~Copyable {
  private let commandOutput: CommandOutput
  private let clock = SystemClock()
  private let started: TimeSpan
  private let lastLine: Mutex<TimeSpan>

  init(commandOutput: CommandOutput) {
    self.commandOutput = commandOutput
    started = clock.elapsed
    lastLine = Mutex(started)
  }

  func progress(_ progress: VerificationProgress) {
    let now = clock.elapsed
    let interval: TimeSpan = commandOutput.console.showsProgress ? .seconds(0.1) : .seconds(30)
    let isDue = lastLine.withLock { last in
      guard now - last >= interval else { return false }
      last = now
      return true
    }
    guard isDue else { return }
    if let place = commandOutput.place {
      place.progress.show()
    } else if commandOutput.console.showsProgress {
      commandOutput.console.progress(line(progress, now))
    } else {
      commandOutput.logger.info("\(line(progress, now))")
    }
  }

  /// `2024-02-12 · 40 of 365 days · 1,234 of 5,678 MB · 2 findings · 3m left`
  private func line(_ progress: VerificationProgress, _ now: TimeSpan) -> String {
    var parts: [String] = []
    if let day = progress.day { parts.append("\(day)") }
    let things = progress.day == nil ? "commits" : "days"
    parts.append("\(progress.done.grouped) of \(progress.total.grouped) \(things)")
    if progress.totalBytes > 0 {
      parts.append(
        "\((progress.bytes / 1_000_000).grouped) of \((progress.totalBytes / 1_000_000).grouped) MB")
    }
    if progress.findings > 0 {
      parts.append("\(progress.findings.grouped) \(progress.findings == 1 ? "finding" : "findings")")
    }
    let share = Double(progress.bytes) / Double(max(1, progress.totalBytes))
    if share > 0.001 {
      let left = (now - started).seconds * (1 - min(share, 1)) / share
      parts.append("\(TimeSpan.seconds(left.rounded())) left")
    }
    return parts.joined(separator: " · ")
  }
}
