import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Synchronization

extension World {
  /// One incremental run against an emulator behind a socket that has the events of this world's own API. A response may
  /// take as long as `patience`.
  func export(
    from emulator: RunningEmulator, backfillStart: Timestamp, pageSize: Int, acceptEncoding: String,
    patience: TimeSpan
  ) async throws -> ExportSummary {
    var exportSettings = ExportSettings(request: .incremental(backfillStart: backfillStart))
    exportSettings.pageSize = pageSize
    let settings = exportSettings
    let host = try APIHost(emulator.baseURL)
    var connection = try ConnectionSettings(host: host, version: "test")
    connection.acceptEncoding = acceptEncoding
    connection.timeouts.connect = patience
    connection.timeouts.total = patience
    return try await AsyncHTTPClientTransport.withTransport(connection) { transport in
      let client = AuditLogClient(
        log: log, host: host, key: try APIKey(EmulatorConfiguration.demoKey), transport: transport,
        clock: clock)
      return try await withWriter { writer in
        await ExportRun(settings, client: client, clock: clock, writer: writer, observe: { _ in }).run()
      }
    }
  }
}

/// Time that moves when somebody sleeps, at once, or when the test says so.
final class WorldClock: RunClock {
  private let start: Timestamp
  private let passed = Mutex(TimeSpan.zero)

  init(now: Timestamp) {
    start = now
  }

  var now: Timestamp { start + elapsed }
  var elapsed: TimeSpan { passed.withLock(\.self) }

  func sleep(for span: TimeSpan) async throws {
    try Task.checkCancellation()
    passed.withLock { $0 = TimeSpan(microseconds: $0.microseconds + span.microseconds) }
  }

  /// Never backwards.
  func advance(to time: Timestamp) {
    passed.withLock { $0 = max($0, time - start) }
  }
}
