import AuditRecord
import CommandResults
import ExportConfiguration
import HTTP
import Logging
import Synchronization

/// Reports the progress of a job whose logs run at once: a progress line on a terminal, a log line from time to time elsewhere.
final class JobProgress: Sendable {
  private let output: CommandOutput
  private let total: Int
  private let clock = SystemClock()
  private let state: Mutex<State>

  private struct State {
    var started: TimeSpan
    var lastLine: TimeSpan
    var ended = 0
    var failed = 0
    var running = 0
    var events = 0
  }

  init(_ output: CommandOutput, total: Int) {
    self.output = output
    self.total = total
    let now = clock.elapsed
    state = Mutex(State(started: now, lastLine: now))
  }

  func ended(_ status: ExitStatus) {
    state.withLock {
      $0.ended += 1
      if status != .done { $0.failed += 1 }
    }
  }

  /// Counts events that a log has received.
  func received(_ events: Int) {
    state.withLock { $0.events += events }
    show()
  }

  /// - Parameter running: the logs under way; nil if it is as before.
  func show(running: Int? = nil) {
    let now = clock.elapsed
    let interval: TimeSpan = output.console.showsProgress ? .seconds(0.1) : .seconds(30)
    let line: String? = state.withLock { state in
      if let running { state.running = running }
      guard now - state.lastLine >= interval else { return nil }
      state.lastLine = now
      return text(state, now)
    }
    guard let line else { return }
    if output.console.showsProgress {
      output.console.progress(line)
    } else {
      output.logger.info("\(line)")
    }
  }

  /// `120 of 2,000 logs · 16 running · 2 failed · 5,812 events · 940/s`
  private func text(_ state: State, _ now: TimeSpan) -> String {
    var parts = ["\(state.ended.grouped) of \(total.grouped) logs", "\(state.running.grouped) running"]
    if state.failed > 0 { parts.append("\(state.failed.grouped) failed") }
    if state.events > 0 {
      let elapsed = max((now - state.started).seconds, 0.001)
      parts.append("\(state.events.grouped) events")
      parts.append("\(Int(Double(state.events) / elapsed).grouped)/s")
    }
    return parts.joined(separator: " · ")
  }
}
