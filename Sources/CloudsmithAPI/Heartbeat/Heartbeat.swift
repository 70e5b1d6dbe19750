package import AuditRecord
package import HTTP

/// A ping for a dead man's switch: the result of a job, its duration and a text. The service alerts if no ping arrives.
package struct Heartbeat: Hashable, Sendable {
  package var isSuccess: Bool
  /// For people. Some services show the first line only.
  package var text: String
  package var duration: TimeSpan

  package init(isSuccess: Bool, text: String, duration: TimeSpan) {
    self.isSuccess = isSuccess
    self.text = text
    self.duration = duration
  }

  /// The most bytes of a body. Old installations of healthchecks keep no more.
  static let bodyLimit = 10_000
  /// The most characters of a message in a query.
  static let messageLimit = 250
  /// The longest duration that Uptime Kuma takes, in milliseconds: a day.
  private static let pingLimit: Int64 = 86_400_000

  /// The request for this ping: a POST if there is a body, else a GET.
  func request(to url: HeartbeatURL) -> (target: String, body: [UInt8]?) {
    switch url.convention {
    case .healthchecks:
      let base = url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path
      let path = isSuccess ? url.path : base + "/fail"
      return (target(path, url.query), body)
    case .cronitor:
      let state = "state=\(isSuccess ? "complete" : "fail")"
      return (target(url.path, url.query, state, "message=\(message)"), nil)
    case .uptimeKuma:
      // The URL that the service shows already has these three parameters, for success.
      let others = url.query.split(separator: "&").filter { pair in
        !["status", "msg", "ping"].contains(pair.prefix { $0 != "=" })
      }
      let ping = min(Heartbeat.pingLimit, max(0, duration.microseconds / 1_000))
      return (
        target(
          url.path, others.joined(separator: "&"), "status=\(isSuccess ? "up" : "down")", "msg=\(message)",
          "ping=\(ping)"), nil
      )
    }
  }

  private func target(_ path: String, _ query: String...) -> String {
    let query = query.filter { !$0.isEmpty }.joined(separator: "&")
    return query.isEmpty ? path : "\(path)?\(query)"
  }

  /// The text, cut between two characters.
  private var body: [UInt8] {
    var bytes = Array(text.utf8.prefix(Heartbeat.bodyLimit))
    while String(validating: bytes, as: UTF8.self) == nil, !bytes.isEmpty { bytes.removeLast() }
    return bytes
  }

  private var message: String {
    let line = text.prefix { !$0.isNewline }
    return PercentEncoding.encode(String(line.prefix(Heartbeat.messageLimit)))
  }
}

/// Why a ping was not delivered. Never holds the URL, which is a secret.
package enum HeartbeatError: Error, Hashable, Sendable {
  /// The service answered with this status.
  case refused(status: Int)
  /// There was no answer.
  case transport(TransportFault)
}

extension HeartbeatError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .refused(let status): "the service answered with status \(status)"
    case .transport(let fault): fault.description
    }
  }
}

extension Heartbeat {
  /// The attempts before the ping is given up: a lost packet at night should wake nobody.
  package static let attempts = 3
  /// The time limit of one attempt. The caller sets it in the transport's settings.
  package static let patience = TimeSpan.seconds(5)
  /// The wait between two attempts.
  package static let pause = TimeSpan.seconds(1)

  /// Sends the ping until the service accepts it. Tries at most `attempts` times, and only if another attempt may succeed.
  ///
  /// - Throws: the failure of the last attempt.
  package func deliver(
    to url: HeartbeatURL, by transport: some HeartbeatTransport, clock: some RunClock = SystemClock()
  ) async throws(HeartbeatError) {
    let (target, body) = request(to: url)
    var attempt = 1
    while true {
      let failure: HeartbeatError
      do {
        let status = try await transport.send(to: url.origin, target, body: body)
        if (200..<300).contains(status) { return }
        failure = .refused(status: status)
      } catch {
        failure = .transport(error)
      }
      guard attempt < Heartbeat.attempts, failure.mayPass else { throw failure }
      attempt += 1
      do { try await clock.sleep(for: Heartbeat.pause) } catch { throw failure }
    }
  }
}

extension HeartbeatError {
  fileprivate var mayPass: Bool {
    switch self {
    case .refused(let status): status == 429 || status >= 500
    case .transport(.untrusted), .transport(.proxyRefused), .transport(.cancelled): false
    case .transport: true
    }
  }
}

/// Sends pings. Implemented by `AsyncHTTPClientTransport`.
package protocol HeartbeatTransport: Sendable {
  /// Sends a POST with the body as plain text, or a GET without one. Sends no key, follows no redirect, makes one attempt.
  ///
  /// - Parameter target: path and query.
  /// - Returns: the status of the answer.
  func send(to origin: Origin, _ target: String, body: [UInt8]?) async throws(TransportFault) -> Int
}

/// The URL of a dead man's switch. Whoever knows it can send pings, so it is a secret: it prints as `[redacted]` in every way
/// that Swift prints values.
package struct HeartbeatURL: Hashable, Sendable {
  /// The protocol of the service, recognised by the shape of its URLs.
  enum Convention: Hashable, Sendable {
    /// `https://hc-ping.com/UUID`: POST to it, or to `…/fail`, with the text as the body. Other services copy it.
    case healthchecks
    /// `https://cronitor.link/p/KEY/MONITOR`: `state` and `message` in the query.
    case cronitor
    /// `https://…/api/push/TOKEN`: `status`, `msg` and `ping`, in milliseconds, in the query.
    case uptimeKuma
  }

  let origin: Origin
  let path: String
  /// Without the question mark.
  let query: String
  let convention: Convention

  /// Reads an https URL, or an http URL of this machine.
  package init(_ text: String) throws(NoticeURLError) {
    let text = String(text.trimming(while: \.isWhitespace))
    guard let parts = URLParts(text) else { throw .notAURL }
    guard parts.userInfo == nil else { throw .userInfo }
    guard let scheme = parts.scheme.flatMap({ Origin.Scheme(rawValue: $0) }) else { throw .notAURL }
    origin = Origin(scheme: scheme, host: parts.host, port: parts.port)
    guard scheme == .https || origin.isLoopback else { throw .plainHTTP }
    let rest = parts.rest.prefix { $0 != "#" }
    let path = rest.prefix { $0 != "?" }
    self.path = path.isEmpty ? "/" : String(path)
    query = String(rest.dropFirst(path.count).dropFirst())
    let isPush = path.contains("/api/push/")
    convention = origin.host == "cronitor.link" ? .cronitor : isPush ? .uptimeKuma : .healthchecks
  }

  /// The host, for `ConnectionSettings`.
  package var host: APIHost {
    get throws(APIHostError) { try APIHost(origin.description) }
  }
}

extension HeartbeatURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is not a usable ping URL. Never repeats the text, which is a secret.
package enum NoticeURLError: Error, Hashable, Sendable {
  case notAURL, userInfo, plainHTTP
}

extension NoticeURLError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAURL: "it is not a URL; it should look like https://hc-ping.com/your-uuid-here"
    case .userInfo: "it has a user name or password, which is not sent; use a URL without them"
    case .plainHTTP:
      "it is a secret, and http would send it in the clear; use https (http is allowed only on loopback)"
    }
  }
}
