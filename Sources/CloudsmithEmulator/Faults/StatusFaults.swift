/// Answers with an error status in place of a page.
package struct Failures: Behaviour {
  private let schedule: FaultSchedule
  private let status: Int
  private let retryAfter: Int?
  private let asHTML: Bool

  /// - Parameters:
  ///   - retryAfter: sends `Retry-After`, in seconds. A 429 has it always.
  ///   - asHTML: sends an HTML body, as a proxy does, in place of the API's JSON.
  package init(_ schedule: FaultSchedule, status: Int, retryAfter: Int? = nil, asHTML: Bool = false) {
    self.schedule = schedule
    self.status = status
    self.retryAfter = retryAfter
    self.asHTML = asHTML
  }

  package mutating func intercept(_ context: RequestContext) -> EmulatedResponse? {
    guard schedule.affects(context) else { return nil }
    let text =
      switch status {
      case 429: "Request was throttled. Expected available in \(retryAfter ?? 1).0 seconds."
      case 500: "Internal server error."
      case 502: "Bad gateway."
      case 503: "Service temporarily unavailable."
      case 504: "Gateway timeout."
      default: "Emulated failure."
      }
    var response = EmulatedResponse(status: status, detail: text)
    if asHTML {
      response.headers["Content-Type"] = "text/html; charset=utf-8"
      response.body = Array(
        "<!DOCTYPE html>\n<html><head><title>\(status)</title></head><body><h1>\(text)</h1></body></html>\n"
          .utf8)
    }
    if let retryAfter = retryAfter ?? (status == 429 ? 1 : nil) {
      response.headers["Retry-After"] = String(retryAfter)
    }
    return response
  }
}

/// Redirects to another host, to which the client must not send the key.
package struct RedirectElsewhere: Behaviour {
  private let schedule: FaultSchedule
  private let base: String

  /// - Parameter base: scheme, host and port, such as `http://127.0.0.1:8081`.
  package init(_ schedule: FaultSchedule, to base: String) {
    self.schedule = schedule
    self.base = base
  }

  package mutating func intercept(_ context: RequestContext) -> EmulatedResponse? {
    guard schedule.affects(context) else { return nil }
    return EmulatedResponse(
      status: 302, headers: [("Location", base + context.request.target)], body: [])
  }
}
