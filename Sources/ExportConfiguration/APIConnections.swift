package import AuditRecord
package import CloudsmithAPI
package import HTTP
import Synchronization

/// The connections to the API, the bearer tokens and the paces of this process, shared by its logs. They stay open until it ends.
package final class APIConnections: Sendable {
  package static let shared = APIConnections()
  /// The clock of every client.
  package let clock = SystemClock()

  private let transports = Mutex<[ConnectionSettings: AsyncHTTPClientTransport]>([:])
  private let renewing = Mutex<[ServiceAccount: RenewingTransport]>([:])
  private let paces: SharedPaces

  private struct ServiceAccount: Hashable {
    var connection: ConnectionSettings
    var host: APIHost
    var organization: Slug
    var service: Slug
    var identity: APIKey
  }

  private init() { paces = SharedPaces(clock: clock) }

  /// The transport for requests with these credentials. With an identity token, it obtains and renews bearer tokens; the logs of an
  /// organization share one.
  ///
  /// - Throws: If the CA file cannot be used or the process may open too few files.
  package func transport(
    _ connection: ConnectionSettings, _ credentials: Credentials, host: APIHost, log: LogName
  ) throws(ConnectionSettingsError) -> any APITransport {
    let base = try open(connection)
    guard let service = credentials.service else { return base }
    let account = ServiceAccount(
      connection: connection, host: host, organization: log.organization, service: service,
      identity: credentials.key)
    return renewing.withLock { known in
      if let transport = known[account] { return transport }
      let transport = RenewingTransport(
        base,
        exchange: TokenExchange(
          host: host, organization: log.organization, service: service, identity: credentials.key,
          transport: base))
      known[account] = transport
      return transport
    }
  }

  /// The pace that all logs with these credentials share.
  package func pace(_ credentials: Credentials, host: APIHost, log: LogName) -> SharedPace {
    paces.pace(
      of: credentials.key, at: host, organization: credentials.service == nil ? nil : log.organization)
  }

  private func open(
    _ connection: ConnectionSettings
  ) throws(ConnectionSettingsError) -> AsyncHTTPClientTransport {
    try transports.withLock { (open) throws(ConnectionSettingsError) in
      if let transport = open[connection] { return transport }
      let transport = try AsyncHTTPClientTransport.opened(connection)
      open[connection] = transport
      return transport
    }
  }
}
