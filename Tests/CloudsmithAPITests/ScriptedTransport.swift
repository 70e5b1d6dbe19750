import AuditRecord
import CloudsmithAPI
import Synchronization

/// Answers from a list, one after the other, and remembers what was asked and when.
final class ScriptedTransport: HTTPTransport {
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
