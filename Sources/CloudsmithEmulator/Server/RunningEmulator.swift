package import AuditRecord
import NIOCore
import NIOPosix

/// An emulator that listens, as long as the closure of `withEmulator` runs.
package struct RunningEmulator: Sendable {
  package let host: String
  package let port: Int
  fileprivate let api: SharedAPI

  /// `http://127.0.0.1:PORT`; clients may add `/v1`.
  package var baseURL: String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

  /// Looks at the API or changes it, between requests.
  package func withAPI<Result: Sendable, Failure: Error>(
    _ body: (inout EmulatedAPI) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try api.withAPI(body)
  }

  package var requests: [ServedRequest] { api.withAPI { $0.requests } }

  /// Every event of the log, newest first, as one JSON array; nil when there is no such log.
  package func truth(_ name: LogName) -> [UInt8]? { api.withAPI { $0.truth(name) } }
}

/// Runs the emulator while `body` does; when it returns, no connection, port or thread is left.
///
/// Port 0 is any free one. The times of requests are those of `clock`.
package func withEmulator<Result: Sendable>(
  _ configuration: EmulatorConfiguration, host: String = "127.0.0.1", port: Int = 0,
  clock: @escaping @Sendable () -> Timestamp = { .now() },
  _ body: (RunningEmulator) async throws -> Result
) async throws -> Result {
  let api = SharedAPI(try EmulatedAPI(configuration), clock: clock)
  // One thread: the emulator must leave the cores to what is tested against it.
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  do {
    let listener = try await Listener.open(host: host, port: port, on: group)
    let emulator = RunningEmulator(host: host, port: listener.port, api: api)
    let result = try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await listener.serve(api) }
      defer { tasks.cancelAll() }
      return try await body(emulator)
    }
    try await group.shutdownGracefully()
    return result
  } catch {
    try await group.shutdownGracefully()
    throw error
  }
}
