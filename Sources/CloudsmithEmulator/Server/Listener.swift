import NIOCore
import NIOHTTP1
import NIOPosix

/// Accepts connections on one address and serves the API on them, one event-loop thread for all.
struct Listener {
  let server: NIOAsyncChannel<Connection.Wire, Never>
  let port: Int

  static func open(host: String, port: Int, on group: any EventLoopGroup) async throws -> Listener {
    let server = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .bind(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(ResponsePartEncoder())
          return try Connection.Wire(wrappingChannelSynchronously: channel)
        }
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
