package import AuditRecord

/// A request as the emulator receives it.
package struct EmulatedRequest: Sendable, Hashable {
  package var method: String
  /// Path and query as they stand in the request line.
  package var target: String { didSet { parameters = EmulatedRequest.parameters(of: target) } }
  package var headers: HTTPFields
  /// At most `bodyLimit` bytes of it.
  package var body: [UInt8]
  private var parameters: [String: String]

  static let bodyLimit = 64 << 10

  package init(method: String = "GET", target: String, headers: HTTPFields = [], body: [UInt8] = []) {
    self.method = method
    self.target = target
    parameters = EmulatedRequest.parameters(of: target)
    self.headers = headers
    self.body = body
  }

  /// A request for a page of an audit log, as a client sends it.
  package init(
    log: LogName, page: Int? = nil, pageSize: Int? = nil, query: String? = nil, apiKey: String? = nil
  ) {
    let parameters = [
      page.map { "page=\($0)" }, pageSize.map { "page_size=\($0)" },
      query.map { "query=\(FormEncoding.encode($0))" },
    ].compactMap(\.self)
    let path = "/v1/audit-log/\(log)/"
    self.init(target: parameters.isEmpty ? path : "\(path)?\(parameters.joined(separator: "&"))")
    headers["X-Api-Key"] = apiKey
  }

  package var path: String { String(target.prefix { $0 != "?" }) }

  /// The value of a parameter; of several of one name, the last.
  package func parameter(_ name: String) -> String? { parameters[name] }

  private static func parameters(of target: String) -> [String: String] {
    guard let mark = target.firstIndex(of: "?") else { return [:] }
    let pairs = FormEncoding.pairs(target[target.index(after: mark)...])
    return Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }
}
