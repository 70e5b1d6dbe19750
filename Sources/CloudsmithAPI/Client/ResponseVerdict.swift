package import AuditRecord

/// What an answer means for the request that it answers, by its status.
package enum ResponseVerdict: Hashable, Sendable {
  /// 200: the body should be a page.
  case body
  case pastTheEnd
  case redirect(location: String?)
  case refused(APIError)
  /// Worth another try, at the earliest after what the API asked for.
  case retry(Fault, asked: TimeSpan?)

  /// - Parameters:
  ///   - page: the page asked for; a 404 means another thing to the first than to later ones.
  ///   - key: is taken out of the answer's words.
  ///   - now: the wall clock, for answers without a date of their own.
  package init(_ response: APIResponse, page: Int, key: APIKey, now: Timestamp) {
    var answer: Answer { Answer(response, hiding: key) }
    switch response.status {
    case 200: self = .body
    // Accepted, created, empty, in part: none of them is the page, whatever its body looks like.
    case 201..<300:
      self = .retry(
        .status(Answer(headOf: response, hiding: key)), asked: ResponseVerdict.asked(response, now: now))
    case 301, 302, 303, 307, 308: self = .redirect(location: response.headers["Location"])
    case 401, 403: self = .refused(.keyRefused(answer))
    case 402: self = .refused(.planWithoutAuditLog(answer))
    case 404: self = page > 1 ? .pastTheEnd : .refused(.notFound(answer))
    case 501, 505: self = .refused(.requestRefused(answer))
    case 408, 425, 429, 500...599:
      self = .retry(.status(answer), asked: ResponseVerdict.asked(response, now: now))
    default: self = .refused(.requestRefused(answer))
    }
  }

  /// `Retry-After` as seconds or as a date; for a 429 without one, what the rate headers say.
  private static func asked(_ response: APIResponse, now: Timestamp) -> TimeSpan? {
    let headers = response.headers
    if let seconds = headers.seconds("Retry-After") { return seconds }
    if let date = headers["Retry-After"].flatMap(HTTPDate.init) {
      return HeaderFields.span(seconds: max(0, (date.time - (headers.time ?? now)).seconds))
    }
    guard response.status == 429, let rate = RateLimit(headers, now: now) else { return nil }
    return rate.interval ?? rate.resetsIn
  }
}

/// What becomes of a redirect: the key goes to the host that the user named and to no other.
enum Redirect: Hashable, Sendable {
  /// The same scheme, host and port, under this path and query.
  case follow(target: String)
  case refuse(Hazard)

  /// Redirects that one request may meet.
  static let limit = 2

  /// - Parameters:
  ///   - location: of the answer; it may be relative (RFC 3986, section 5).
  ///   - count: redirects followed before.
  init(to location: String?, from request: APIRequest, followed count: Int) {
    guard count < Redirect.limit else {
      self = .refuse(.tooManyRedirects)
      return
    }
    let location = location ?? ""
    let isPath = location.hasPrefix("/") && !location.hasPrefix("//")
    let text = location.hasPrefix("//") ? "\(request.origin.scheme):\(location)" : location
    guard let parts = isPath ? URLParts(request.origin.description + location) : URLParts(text),
      isPath || location.hasPrefix("//") || parts.scheme != nil
    else {
      self = .refuse(.redirect(to: "an unreadable place"))
      return
    }
    let scheme = parts.scheme.flatMap { Origin.Scheme(rawValue: $0) }
    let origin = scheme.map { Origin(scheme: $0, host: parts.host, port: parts.port) }
    guard let origin, origin == request.origin, parts.userInfo == nil else {
      self = .refuse(.redirect(to: origin?.description ?? "another scheme"))
      return
    }
    let target = parts.rest.prefix { $0 != "#" }
    self = .follow(target: target.hasPrefix("/") ? String(target) : "/" + target)
  }
}

/// Whether and when a request is tried again: exponential backoff with full jitter, and what the API asks for.
package struct RetryPolicy: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    /// Wait by ourselves, then try. `asked` is what the API asked for, which is over before.
    case backOff(TimeSpan, asked: TimeSpan = .zero)
    /// Wait as long as the API asked, then try.
    case obey(TimeSpan)
    case giveUp
    /// What the API asked for, with what was waited before, is longer than `maxWait`.
    case refuseToWait(TimeSpan)
  }

  /// Requests for one page, the first included; at least 1.
  package var tries: Int
  /// The most that is waited before the second try; it doubles with each.
  package var base: TimeSpan
  package var cap: TimeSpan
  /// What the API may make one page wait in all.
  package var maxWait: TimeSpan

  package init(
    tries: Int = 6, base: TimeSpan = .seconds(1), cap: TimeSpan = .seconds(120), maxWait: TimeSpan = .hours(2)
  ) {
    self.tries = tries
    self.base = base
    self.cap = cap
    self.maxWait = maxWait
  }

  /// - Parameters:
  ///   - number: how many tries have failed.
  ///   - asked: what the API asked to wait.
  ///   - waited: what this page has waited so far because the API asked.
  ///   - random: from 0 to below 1.
  package func next(
    afterTry number: Int, asked: TimeSpan?, waited: TimeSpan, random: Double
  ) -> Action {
    guard number < tries else { return .giveUp }
    let doubled = base.seconds * Double(1 << min(max(number, 1) - 1, 30))
    let backoff = TimeSpan.seconds(min(cap.seconds, doubled) * random)
    guard let asked, asked > .zero else { return .backOff(backoff) }
    guard waited + asked <= maxWait else { return .refuseToWait(asked) }
    return backoff > asked ? .backOff(backoff, asked: asked) : .obey(asked)
  }
}
