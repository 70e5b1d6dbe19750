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
