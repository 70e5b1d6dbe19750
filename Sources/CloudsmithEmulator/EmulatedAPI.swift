package import AuditRecord

/// The audit-log part of the Cloudsmith API as a value: it maps requests to responses without a socket or a clock.
///
/// Responses depend only on the configuration, the events, and the requests with their times, so a run with a seed is
/// reproducible. Source of the behaviour: `cloudsmith-api.md`. Where the behaviour is unknown, the emulator makes a
/// choice: a path without a trailing slash is redirected (301).
package struct EmulatedAPI: Sendable {
  package let configuration: EmulatorConfiguration
  /// The requests so far, oldest first.
  package private(set) var requests: [ServedRequest] = []
  /// The limit on requests; nil means none.
  package var rateLimit: RateLimit?
  private var tokenIssuer: TokenIssuer
  private var logs: [EmulatedLog]
  private var behaviours: [any Behaviour]
  private var auditLogRequests = 0
  private var previousTime: Timestamp?
  private var lastSearch: Search?

  /// The result of the last query, kept for its next page.
  private struct Search: Sendable {
    var log: LogName
    var version: Int
    var expression: QueryExpression
    var list: EventList
  }

  /// - Throws: `EventFileError` if a file of events cannot be read.
  package init(_ configuration: EmulatorConfiguration) throws(EventFileError) {
    self.configuration = configuration
    self.behaviours = configuration.behaviours
    self.tokenIssuer = TokenIssuer(configuration.identity)
    self.rateLimit = configuration.rateLimit.map { RateLimit(limit: $0, window: configuration.rateWindow) }
    self.logs = configuration.logs.map { EmulatedLog(name: $0, seed: configuration.seed) }
    let records: [[UInt8]]
    switch configuration.events {
    case .none: records = []
    case .records(let given): records = given
    case .files(let paths): records = try EventFile.read(paths)
    case .generated(let generation):
      records = []
      for index in logs.indices { logs[index].insert(generation) }
    }
    for index in logs.indices { logs[index].insert(records: records) }
  }

  /// A copy of one of the logs; nil if there is no log with this name.
  package func log(_ name: LogName) -> EmulatedLog? { logs.first { $0.name == name } }

  /// Changes one of the logs, for example by inserting events. Does nothing if there is no log with this name.
  package mutating func change(_ name: LogName, _ change: (inout EmulatedLog) -> Void) {
    guard let index = logs.firstIndex(where: { $0.name == name }) else { return }
    change(&logs[index])
  }

  /// Every event of the log as one JSON array, newest first; nil if there is no such log.
  package func truth(_ name: LogName) -> [UInt8]? { log(name)?.truth }

  /// Replaces all behaviours. The new ones start from their initial state.
  package mutating func setBehaviours(_ behaviours: [any Behaviour]) {
    self.behaviours = behaviours
  }

  /// Answers a request that arrives at `now`, and records it in `requests`. Times must not decrease.
  package mutating func respond(to request: EmulatedRequest, at now: Timestamp) -> EmulatedResponse {
    let endpoint = Endpoint(path: request.path)
    let credential =
      configuration.dropsKeys
      ? .none
      : tokenIssuer.credential(request.headers)
        ?? Credential(
          request.headers, isKey: { configuration.number(ofKey: $0) != nil })
    let response = response(to: request, endpoint, credential, at: now)
    requests.append(
      ServedRequest(
        number: requests.count + 1, time: now, method: request.method, path: request.path, endpoint: endpoint,
        page: request.parameter("page"), pageSize: request.parameter("page_size"),
        query: request.parameter("query"), credential: credential,
        keyNumber: Credential.key(in: request.headers).flatMap { configuration.number(ofKey: $0.text) },
        userAgent: request.headers["User-Agent"],
        status: response.status, isWhole: response.isWhole))
    return response
  }

  private mutating func response(
    to request: EmulatedRequest, _ endpoint: Endpoint, _ credential: Credential, at now: Timestamp
  ) -> EmulatedResponse {
    if case .openID(let organization) = endpoint, request.path.hasSuffix("/") {
      return logs.contains { $0.name.organization == organization }
        ? tokenIssuer.exchange(request) : .notFound
    }
    guard request.method == "GET" else {
      var response = EmulatedResponse(status: 405, detail: "Method \(request.method) not allowed.")
      response.headers["Allow"] = "GET"
      return response
    }
    guard endpoint != .unknown else { return .notFound }
    guard request.path.hasSuffix("/") else { return .redirect(toSlash: request) }
    switch endpoint {
    case .truth(let name):
      return configuration.servesOwnEndpoints
        ? truth(name).map { EmulatedResponse(json: $0) } ?? .notFound : .notFound
    case .requests:
      let json = "[" + requests.map(\.json).joined(separator: ",\n") + "]"
      return configuration.servesOwnEndpoints ? EmulatedResponse(json: Array(json.utf8)) : .notFound
    case .status, .unknown, .openID:
      return EmulatedResponse(
        json: Array(#"{"detail": "Cloudsmith API is operational.", "version": "1.0"}"#.utf8))
    case .rateLimits:
      return rateLimit?.report(at: now) ?? EmulatedResponse(json: Array(#"{"resources": {}}"#.utf8))
    case .userSelf:
      return admitted(credential, at: now) { _ in .user(isKnown: credential == .accepted) }
    case .auditLog(let name):
      return auditLog(name, request, credential, at: now)
    }
  }

  private mutating func auditLog(
    _ name: LogName, _ request: EmulatedRequest, _ credential: Credential, at now: Timestamp
  ) -> EmulatedResponse {
    guard let index = logs.firstIndex(where: { $0.name == name }) else {
      return admitted(credential, needsKey: true, at: now) { $0.refusal ?? .notFound }
    }
    auditLogRequests += 1
    let context = RequestContext(
      number: auditLogRequests, request: request, time: now, previousTime: previousTime ?? now,
      page: max(1, request.parameter("page").flatMap { Int($0) } ?? 1), pageSize: Page.size(request, sizes))
    previousTime = now
    logs[index].lastRequestTime = now
    var response: EmulatedResponse?
    for position in behaviours.indices {
      behaviours[position].prepare(&logs[index], for: context)
    }
    for position in behaviours.indices where response == nil {
      response = behaviours[position].intercept(context)
    }
    var answer =
      response
      ?? admitted(credential, needsKey: true, at: now) { api in
        api.refusal ?? api.page(of: index, for: context)
      }
    for position in behaviours.indices { behaviours[position].revise(&answer, for: context) }
    answer = answer.encoded(for: request)
    for position in behaviours.indices { behaviours[position].deliver(&answer, for: context) }
    return answer
  }

  /// The refusal by the plan or by the rights of the key; nil if access is granted.
  private var refusal: EmulatedResponse? {
    switch configuration.access {
    case .granted: nil
    case .planWithoutAuditLog:
      EmulatedResponse(status: 402, detail: "Audit logs are not active; upgrade your account!")
    case .forbidden:
      EmulatedResponse(status: 403, detail: "You do not have permission to perform this action.")
    }
  }

  /// The response of `answer` if the credential is accepted and the rate limit is not reached, else the refusal. Either has
  /// the fields of the rate limit.
  private mutating func admitted(
    _ credential: Credential, needsKey: Bool = false, at now: Timestamp,
    _ answer: (inout EmulatedAPI) -> EmulatedResponse
  ) -> EmulatedResponse {
    var response: EmulatedResponse
    if let refusal = credential.refusal, needsKey || credential != .none {
      _ = rateLimit?.take(at: now)
      response = EmulatedResponse(status: 401, detail: refusal)
      response.headers["WWW-Authenticate"] = "Basic realm=\"Cloudsmith API\""
    } else if rateLimit?.take(at: now) ?? true {
      response = answer(&self)
    } else {
      response = rateLimit?.refusal(at: now) ?? answer(&self)
    }
    rateLimit?.describe(at: now, in: &response.headers)
    return response
  }

  private mutating func page(of index: Int, for context: RequestContext) -> EmulatedResponse {
    guard
      let expression = QueryParser.parse(
        context.request.parameter("query") ?? "", filter: configuration.timeFilter, now: context.time)
    else { return EmulatedResponse(status: 400, detail: "Request could not be processed: invalid query.") }
    var list = list(expression, of: index)
    for position in behaviours.indices {
      behaviours[position].arrange(&list, of: logs[index], for: context)
    }
    guard let page = Page(context.request, of: list.count, sizes: sizes) else {
      return EmulatedResponse(status: 404, detail: "Invalid page.")
    }
    var response = EmulatedResponse(json: logs[index].events.json(list.indices(at: page.places)))
    let host = context.request.headers["Host"] ?? "api.cloudsmith.io"
    page.describe("http://\(host)\(context.request.path)", in: &response.headers)
    return response
  }

  private var sizes: (standard: Int, maximum: Int) {
    (standard: configuration.defaultPageSize, maximum: configuration.maximumPageSize)
  }

  private mutating func list(_ expression: QueryExpression, of index: Int) -> EventList {
    let name = logs[index].name
    let version = logs[index].events.version
    if let search = lastSearch, search.log == name, search.version == version, search.expression == expression
    {
      return search.list
    }
    let list = expression.list(of: logs[index].events)
    lastSearch = Search(log: name, version: version, expression: expression, list: list)
    return list
  }
}
