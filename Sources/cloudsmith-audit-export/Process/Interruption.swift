import AuditArchive
import CommandResults
import Dispatch
import ExportConfiguration
import Platform
import Synchronization

/// SIGINT, SIGTERM and SIGHUP end a run in order: the write in hand is finished, what is complete is committed, the lock is
/// released. SIGQUIT and SIGABRT end the program at once.
enum Interruption {
  /// SIGHUP is left alone where the caller has it ignored, as nohup does.
  private static var numbers: [Int32] { [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP]) }

  /// Takes back what Swift's runtime does about SIGQUIT and SIGABRT: it prints a backtrace and lets the program go on when the
  /// signal was sent by somebody else.
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

  /// A file that outgrows `ulimit -f` is an error of the write (EFBIG), which is told; the signal would end the program without
  /// a word.
  static func ignoreFileSizeSignal() { signal(SIGXFSZ, SIG_IGN) }

  /// Runs `body` in a task that the signals cancel. A second signal ends the program at once; the archive bears it.
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
      // What comes after, such as a ping that hangs, ends at once.
      for number in numbers { signal(number, SIG_DFL) }
    }
    return try await task.value
  }
}
