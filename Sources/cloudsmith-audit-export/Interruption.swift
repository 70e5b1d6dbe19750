import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// SIGINT and SIGTERM end a run in order: the write in hand is finished, what is complete is committed, the lock is
/// released.
enum Interruption {
  /// A file that outgrows `ulimit -f` is an error of the write (EFBIG), which is told; the signal would end the program without
  /// a word.
  static func ignoreFileSizeSignal() { signal(SIGXFSZ, SIG_IGN) }

  /// Runs `body` in a task that the signals cancel. A second signal ends the program at once; the archive bears it.
  static func cancelling<Result: Sendable>(
    _ body: sending @escaping () async throws -> Result
  ) async throws -> Result {
    let task = Task { try await body() }
    let sources = [SIGINT, SIGTERM].map { number in
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
      for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
    return try await task.value
  }
}
