package import AuditRecord
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import Platform
import Synchronization

/// An emulator that is listening. It is valid while the closure of `withEmulator` runs.
package struct RunningEmulator: Sendable {
  /// The address as it was given.
  package let host: String
  /// The real port, also if port 0 was asked for.
  package let port: Int
  fileprivate let api: SharedAPI

  /// `http://127.0.0.1:PORT`. Clients may append `/v1`.
  package var baseURL: String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

  /// Reads or changes the API between two requests. Requests wait while `body` runs, so it must not block.
  package func withAPI<Result: Sendable, Failure: Error>(
    _ body: (inout EmulatedAPI) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try api.withAPI(body)
  }

  /// The requests so far, oldest first.
  package var requests: [ServedRequest] { api.withAPI { $0.requests } }

  /// Every event of the log as one JSON array, newest first; nil if there is no such log.
  package func truth(_ name: LogName) -> [UInt8]? { api.withAPI { $0.truth(name) } }
}

/// Runs the emulator on one thread while `body` runs. When it returns, every connection, the port and the thread are closed.
///
/// - Parameters:
///   - port: 0 means any free port.
///   - clock: gives the times of requests.
/// - Throws: `EventFileError`, an error that says why the address cannot be used, and the errors of `body`.
package func withEmulator<Result: Sendable>(
  _ configuration: EmulatorConfiguration, host: String = "127.0.0.1", port: Int = 0,
  clock: @escaping @Sendable () -> Timestamp = { .now() },
  _ body: (RunningEmulator) async throws -> Result
) async throws -> Result {
  let api = SharedAPI(try EmulatedAPI(configuration), clock: clock)
  // One thread leaves the cores to the program under test.
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

/// Accepts connections on one address and serves the API on them.
struct Listener {
  let server: NIOAsyncChannel<Connection.Wire, Never>
  let port: Int

  static func open(host: String, port: Int, on group: any EventLoopGroup) async throws -> Listener {
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    let server: NIOAsyncChannel<Connection.Wire, Never>
    do {
      server = try await bootstrap.bind(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(ResponsePartEncoder())
          return try Connection.Wire(wrappingChannelSynchronously: channel)
        }
      }
    } catch let error as IOError {
      throw ListenError(host: host, port: port, code: error.errnoCode)
    }
    return Listener(server: server, port: server.channel.localAddress?.port ?? port)
  }

  /// Serves until the task is cancelled; then closes every connection.
  func serve(_ api: SharedAPI) async throws {
    try await server.executeThenClose { connections in
      try await withThrowingDiscardingTaskGroup { group in
        for try await wire in connections {
          group.addTask { await Connection(wire: wire, api: api).serve() }
        }
      }
    }
  }
}

/// The emulator cannot listen on an address.
struct ListenError: Error, CustomStringConvertible {
  let host: String
  let port: Int
  /// An `errno`.
  let code: CInt

  var description: String {
    let why = "Cannot listen on \(host), port \(port): \(String(cString: strerror(code)))."
    return switch code {
    case EADDRINUSE:
      "\(why) Pass another port with --port, or 0 for any free port."
    case EACCES: "\(why) Pass a port above 1023 with --port."
    default: why
    }
  }
}

/// An `EmulatedAPI` that connections and the owner of the server share.
package final class SharedAPI: Sendable {
  private let api: Mutex<EmulatedAPI>
  private let clock: @Sendable () -> Timestamp

  /// - Parameter clock: gives the times of requests.
  package init(_ api: EmulatedAPI, clock: @escaping @Sendable () -> Timestamp) {
    self.api = Mutex(api)
    self.clock = clock
  }

  /// Gives exclusive access to the API. `body` must not block.
  package func withAPI<Result: Sendable, Failure: Error>(
    _ body: (inout EmulatedAPI) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try api.withLock { (api) throws(Failure) in try body(&api) }
  }

  func respond(to request: EmulatedRequest) -> EmulatedResponse {
    let now = clock()
    return api.withLock { api in
      var response = api.respond(to: request, at: now)
      if api.configuration.sendsDate, response.headers["Date"] == nil {
        response.headers["Date"] = DateField.text(now)
      }
      return response
    }
  }
}

extension Timestamp {
  /// The time of the system clock.
  package static func now() -> Timestamp {
    Timestamp(microseconds: Int64(Date.now.timeIntervalSince1970 * 1_000_000))
  }
}
