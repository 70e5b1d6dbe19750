import AuditArchive
import CommandResults
import Dispatch
import ExportConfiguration
import Platform
import Synchronization

/// Signal handling. SIGINT, SIGTERM and SIGHUP end a run cleanly: the current write is finished, complete days are committed, and the
/// lock is released. SIGQUIT and SIGABRT end the program at once.
enum Interruption {
  /// SIGHUP stays ignored if the caller ignored it, as nohup does.
  private static var numbers: [Int32] { [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP]) }

  /// Restores the default action of SIGQUIT and SIGABRT. Swift's runtime prints a backtrace and, if another process sent the signal,
  /// lets the program continue.
  static func restoreDefaults() {
    for number in [SIGQUIT, SIGABRT] where !isIgnored(number) { signal(number, SIG_DFL) }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    #if canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #elseif canImport(Musl)
      let handler = action.__sa_handler.sa_handler
    #else
      let handler = action.__sigaction_handler.sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Makes a file that exceeds `ulimit -f` a write error (EFBIG), which is reported. The signal would end the program silently.
  static func ignoreFileSizeSignal() { signal(SIGXFSZ, SIG_IGN) }

  /// Runs `body` in a task that the signals cancel. A second signal ends the program at once, which is safe for the archive.
  static func cancelling<Result: Sendable>(
    _ body: sending @escaping () async throws -> Result
  ) async throws -> Result {
    let task = Task(executorPreference: BlockingThreads.shared) { try await body() }
    let numbers = numbers
    let sources = numbers.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        task.cancel()
        signal(number, SIG_DFL)
      }
      source.resume()
      return source
    }
    defer {
      for source in sources { source.cancel() }
      // From here on, for example during a ping that hangs, a signal ends the program at once.
      for number in numbers { signal(number, SIG_DFL) }
    }
    return try await task.value
  }
}
