import AuditRecord
import CloudsmithAPI
import HTTP
import TestSupport

extension SocketServer {
  func host() throws -> APIHost { try APIHost("http://127.0.0.1:\(port)") }
}

extension APIHost {
  /// With time for a busy machine.
  func settings() throws -> ConnectionSettings {
    var settings = try ConnectionSettings(host: self, version: "1.2.3")
    settings.timeouts.total = .seconds(ScaledTimeout.seconds(10))
    settings.timeouts.connect = settings.timeouts.total
    return settings
  }
}
