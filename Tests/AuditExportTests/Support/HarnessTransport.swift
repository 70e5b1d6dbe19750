import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import HTTP
import Synchronization
import TestSupport

extension TestHarness {
  /// One incremental run against an emulator behind a socket, which has the events of the emulated API. A response may take
  /// as long as `patience`.
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

/// A clock that moves only when somebody sleeps, at once, or when the test advances it.
final class TestClock: RunClock {
  private let start: Timestamp
  private let passed = Mutex(TimeSpan.zero)

  init(now: Timestamp) {
    start = now
  }

  var now: Timestamp { start + elapsed }
  var elapsed: TimeSpan { passed.withLock(\.self) }

  func sleep(for span: TimeSpan) async throws(CancellationError) {
    if Task.isCancelled { throw CancellationError() }
    passed.withLock { $0 = TimeSpan(microseconds: $0.microseconds + span.microseconds) }
  }

  /// Never backwards.
  func advance(to time: Timestamp) {
    passed.withLock { $0 = max($0, time - start) }
  }
}

/// The emulated API as a transport, without a socket.
struct HarnessTransport: APITransport {
  private let harness: TestHarness
  private let requests = Counter()
  /// More requests than any run needs.
  private static let endless = 5_000
  private let beforeRequest: @Sendable (Int) throws(TransportFault) -> Void

  init(harness: TestHarness) {
    self.harness = harness
    beforeRequest = harness.beforeRequest.withLock(\.self)
  }

  func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    let number = requests.next()
    // A run that never ends is a fault of ours, and is told as one.
    if number > HarnessTransport.endless {
      harness.isEndless.withLock { $0 = true }
      throw .cancelled
    }
    try beforeRequest(number)
    let emulated = EmulatedRequest(
      target: request.target, headers: [("X-Api-Key", EmulatorConfiguration.demoKey)])
    let response = harness.api.withLock {
      $0.respond(to: emulated, at: harness.clock.now + harness.apiLead.withLock(\.self))
    }
    guard response.isWhole else { throw .interrupted("cut by the test") }
    let headers = HeaderFields(response.headers.fields.map { ($0.name, $0.value) })
    let limit = harness.bodyLimit.withLock(\.self)
    guard response.body.count <= limit else {
      throw .bodyTooLarge(
        limit: limit,
        OversizedAnswer(
          headers: headers,
          start: Array(response.body.prefix(QuarantinedRecord.startLength)),
          measured: request.measuresBody ? measured(response.body) : nil))
    }
    return APIResponse(status: response.status, headers: headers, body: response.body)
  }
}

private func measured(_ body: [UInt8]) -> MeasuredText {
  var measurement = TextMeasurement()
  body.withUnsafeBytes { measurement.add($0) }
  return measurement.text
}
