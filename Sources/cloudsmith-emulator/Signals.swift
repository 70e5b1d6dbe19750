import Dispatch
import Platform

enum Signals {
  /// Returns when the process is asked to end, by SIGTERM or SIGINT.
  static func untilTerminated() async {
    let (arrivals, continuation) = AsyncStream.makeStream(of: Void.self)
    let sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { continuation.yield() }
      source.resume()
      return source
    }
    for await _ in arrivals { break }
    for source in sources { source.cancel() }
  }
}
