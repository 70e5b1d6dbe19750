import AuditArchive
import AuditRecord
import CloudsmithAPI
import Logging
import Synchronization

/// Follows a verification: a progress line on a terminal, a log line now and then elsewhere.
struct VerifyWatch: ~Copyable {
  private let speaker: Speaker
  private let clock = SystemClock()
  private let started: TimeSpan
  private let lastLine: Mutex<TimeSpan>

  init(speaker: Speaker) {
    self.speaker = speaker
    started = clock.elapsed
    lastLine = Mutex(started)
  }

  func progress(_ progress: VerificationProgress) {
    let now = clock.elapsed
    let interval: TimeSpan = speaker.console.showsProgress ? .seconds(0.1) : .seconds(30)
    let isDue = lastLine.withLock { last in
      guard now - last >= interval else { return false }
      last = now
      return true
    }
    guard isDue else { return }
    if speaker.console.showsProgress {
      speaker.console.progress(line(progress, now))
    } else {
      speaker.logger.info("\(line(progress, now))")
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
