package import AuditRecord
package import HTTP

/// What an answer means for its request, by its status.
package enum ResponseVerdict: Hashable, Sendable {
  /// 200: the body should be a page.
  case body
  /// 404 to a page after the first: the list is shorter.
  case pastTheEnd
  /// 301, 302, 303, 307 and 308. See `Redirect`.
  case redirect(location: String?)
  /// Final: another attempt would get the same answer.
  case refused(APIError)
  /// Worth another attempt, after the wait that the API asked for, if any.
  case retry(RetryableError, asked: TimeSpan?)

  /// - Parameters:
  ///   - page: the requested page. A 404 means something else for the first page than for later ones.
  ///   - key: removed from the texts of the answer.
  ///   - now: the wall clock, for answers without a `Date`.
  package init(_ response: APIResponse, page: Int, key: APIKey, now: Timestamp) {
    var answer: Answer { Answer(response, hiding: key) }
    switch response.status {
    case 200: self = .body
    // Created, accepted, empty, partial: none of these is the page, whatever the body looks like.
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

  /// The wait that the answer asks for: `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), or for a 429
  /// without one the rate fields; nil if it asks for none.
  private static func asked(_ response: APIResponse, now: Timestamp) -> TimeSpan? {
    let headers = response.headers
    if let pause = headers.retryAfter(now: now) { return pause }
    guard response.status == 429, let rate = RateLimit(headers, now: now) else { return nil }
    return rate.interval ?? rate.resetsIn
  }
}

/// Whether a redirect is followed. The key goes only to the host that the user named.
enum Redirect: Hashable, Sendable {
  /// It leads to the same scheme, host and port; `target` is its path and query.
  case follow(target: String)
  case refuse(UnsafeResponse)

  /// The most redirects of one attempt.
  static let limit = 2

  /// - Parameters:
  ///   - location: the `Location` field (RFC 9110, section 10.2.2), absolute or a path (RFC 3986, section 4.2).
  ///   - count: redirects followed so far.
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
      self = .refuse(.redirect(to: "an invalid location"))
      return
    }
    let origin = parts.origin
    guard let origin, origin == request.origin, parts.userInfo == nil else {
      self = .refuse(.redirect(to: origin?.description ?? "another scheme"))
      return
    }
    let target = parts.rest.prefix { $0 != "#" }
    self = .follow(target: target.hasPrefix("/") ? String(target) : "/" + target)
  }
}

/// Decides whether and when a request is tried again: exponential backoff with full jitter, and the waits that the API asks
/// for. No I/O.
package struct RetryPolicy: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    /// Back off this long, then try. The wait that the API asked for (`asked`) is over earlier.
    case backOff(TimeSpan, asked: TimeSpan = .zero)
    /// Wait as long as the API asked for, then try.
    case obey(TimeSpan)
    /// All attempts are used up.
    case giveUp
    /// The wait that the API asked for exceeds `maxWait`, together with earlier waits.
    case refuseToWait(TimeSpan)
  }

  /// Attempts for one page, including the first. At least 1.
  package var attempts: Int
  package var backoff: Backoff
  /// The longest time that the API may make one page wait in all.
  package var maxWait: TimeSpan

  /// The defaults of the settings.
  package enum Default {
    package static let attempts = 6
    package static let maxWait = TimeSpan.hours(2)
  }

  package init(
    attempts: Int = Default.attempts, base: TimeSpan = .seconds(1), cap: TimeSpan = .seconds(120),
    maxWait: TimeSpan = Default.maxWait
  ) {
    self.attempts = attempts
    self.backoff = Backoff(base: base, cap: cap)
    self.maxWait = maxWait
  }

  /// What to do after a failed attempt.
  ///
  /// - Parameters:
  ///   - number: how many attempts have failed, from 1.
  ///   - asked: the wait that the API asked for; nil if it asked for none.
  ///   - waited: how long this page has waited at the API's request so far.
  ///   - random: a number from 0 to below 1, for jitter.
  package func next(
    afterTry number: Int, asked: TimeSpan?, waited: TimeSpan, random: Double
  ) -> Action {
    guard number < attempts else { return .giveUp }
    let backoff = backoff.pause(afterAttempt: number, random: random)
    guard let asked, asked > .zero else { return .backOff(backoff) }
    guard waited + asked <= maxWait else { return .refuseToWait(asked) }
    return backoff > asked ? .backOff(backoff, asked: asked) : .obey(asked)
  }
}
