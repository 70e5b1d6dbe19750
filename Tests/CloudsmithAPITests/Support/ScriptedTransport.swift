import AuditRecord
import CloudsmithAPI
import HTTP
import Synchronization

/// Answers from a list, one after the other, and remembers what was asked and when.
final class ScriptedTransport: APITransport {
  typealias Reply = Result<APIResponse, TransportFault>

  private struct State {
    var replies: [Reply]
    var requests: [APIRequest] = []
    var times: [TimeSpan] = []
  }

  private let state: Mutex<State>
  private let clock: (any RunClock)?

  init(_ replies: [Reply], clock: (any RunClock)? = nil) {
    self.state = Mutex(State(replies: replies))
    self.clock = clock
  }

  var requests: [APIRequest] { state.withLock(\.requests) }
  /// When each request came, by the clock given.
  var times: [TimeSpan] { state.withLock(\.times) }

  func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    let time = clock?.elapsed
    let reply: Reply = state.withLock {
      $0.requests.append(request)
      if let time { $0.times.append(time) }
      return $0.replies.isEmpty
        ? .failure(.unreachable("the script is at its end")) : $0.replies.removeFirst()
    }
    return try reply.get()
  }
}

extension Result where Success == APIResponse, Failure == TransportFault {
  static func status(
    _ status: Int, _ body: String = "", headers: [(String, String)] = []
  ) -> ScriptedTransport.Reply {
    .success(APIResponse(status: status, headers: HeaderFields(headers), body: Array(body.utf8)))
  }
}

enum Sample {
  static let keyText = "0123456789abcdef-the-secret-key"
  static let key = try! APIKey(keyText)
  static let log = LogName("acme")!
  static let record =
    #"{"uuid":"a","event_at":"2024-02-12T10:30:45.123456Z","event":"action.login","context":""}"#
  static let page = "[\(record)]"
  static let origin = APIHost.cloudsmith.origin

  static func request(_ target: String = "/v1/audit-log/acme/?page=1&page_size=500") -> APIRequest {
    APIRequest(origin: origin, target: target, key: key)
  }

  /// A client of `log` whose jitter is always one half.
  static func client(
    _ transport: any APITransport, clock: any RunClock = ManualClock(), pace: PaceRule = .unlimited,
    retry: RetryPolicy = RetryPolicy(), observe: @escaping @Sendable (ClientEvent) -> Void = { _ in }
  ) -> AuditLogClient {
    AuditLogClient(
      log: log, host: .cloudsmith, key: key, transport: transport, clock: clock, pace: pace, retry: retry,
      random: { 0.5 }, observe: observe)
  }

  /// Every text that Swift can make of a value.
  static func everyText(of value: Any) -> String {
    var dumped = ""
    dump(value, to: &dumped)
    return "\(value)" + String(reflecting: value) + String(describing: value) + dumped
  }
}

/// Time that moves only when somebody sleeps, and then at once.
final class ManualClock: RunClock {
  private let state = Mutex((elapsed: TimeSpan.zero, slept: [TimeSpan]()))
  private let start: Timestamp

  init(start: Timestamp = Timestamp(microseconds: 1_700_000_000_000_000)) {
    self.start = start
  }

  var now: Timestamp { start + elapsed }
  var elapsed: TimeSpan { state.withLock(\.elapsed) }
  var slept: [TimeSpan] { state.withLock(\.slept) }

  func sleep(for span: TimeSpan) async throws(CancellationError) {
    if Task.isCancelled { throw CancellationError() }
    state.withLock {
      $0.elapsed = TimeSpan(microseconds: $0.elapsed.microseconds + span.microseconds)
      $0.slept.append(span)
    }
  }
}

/// Time that stands still: whoever sleeps sleeps until cancelled.
struct FrozenClock: RunClock {
  let now = Timestamp(microseconds: 0)
  let elapsed = TimeSpan.zero

  func sleep(for span: TimeSpan) async throws(CancellationError) {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    for await _ in stream {}
    _ = continuation
    throw CancellationError()
  }
}
