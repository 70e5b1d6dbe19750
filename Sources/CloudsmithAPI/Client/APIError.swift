package import AuditRecord

/// Why a page could not be had, after all retries: one case for each thing that can be done about it.
///
/// It holds no key and no URL. Words for users are made from it elsewhere.
package enum APIError: Error, Hashable, Sendable {
  /// 401 and 403. Cloudsmith also answers 401 when a valid key has no access.
  case keyRefused(Answer)
  /// 404 to the first page: no such organisation or repository, or none that the key may see.
  case notFound(Answer)
  /// 402: the plan has no audit log.
  case planWithoutAuditLog(Answer)
  /// 400 and 422, as for a query that it cannot read, and every other status that no repetition changes.
  case requestRefused(Answer)
  /// The last fault, after so many tries.
  case unavailable(Fault, tries: Int)
  case waitTooLong(WaitRefusal)
  /// Refused by this side; nothing was repeated.
  case unsafe(Hazard)
  case cancelled
}

/// A wait that the API asks for and `--max-wait` does not allow.
package struct WaitRefusal: Hashable, Sendable {
  package var asked: TimeSpan
  /// What this page has waited for the API before.
  package var waited: TimeSpan
  package var limit: TimeSpan

  package init(asked: TimeSpan, waited: TimeSpan, limit: TimeSpan) {
    self.asked = asked
    self.waited = waited
    self.limit = limit
  }
}

/// What is worth another try.
package enum Fault: Hashable, Sendable {
  /// 408, 425, 429 and 5xx, and 2xx other than 200.
  case status(Answer)
  case transport(TransportFault)
  /// The body is not an array of JSON.
  case page(PageError)
  /// The answer says that it is another page.
  case wrongPage(asked: Int, answered: Int)
}

/// What is refused for safety's sake.
package enum Hazard: Hashable, Sendable {
  /// To another scheme, host or port, given as `https://host`; the key was not sent there.
  case redirect(to: String)
  case tooManyRedirects
  /// There is no secure connection, or none to the right host.
  case certificate(TLSProblem)
  case bodyTooLarge(limit: Int)
  case inflation(ratio: Int)
  case proxy(String)
}

extension APIError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .keyRefused(let answer): "the API refused the key: \(answer)"
    case .notFound(let answer): "not found: \(answer)"
    case .planWithoutAuditLog(let answer): "the plan has no audit log: \(answer)"
    case .requestRefused(let answer): "the API refused the request: \(answer)"
    case .unavailable(let fault, let tries): "no success in \(tries) tries; the last: \(fault)"
    case .waitTooLong(let wait):
      "the API asked to wait \(wait.asked) after \(wait.waited) of waiting, but the limit is \(wait.limit)"
    case .unsafe(let hazard): "stopped for safety: \(hazard)"
    case .cancelled: "cancelled"
    }
  }
}

extension Fault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .status(let answer): answer.description
    case .transport(let fault): fault.description
    case .page(let error): error.description
    case .wrongPage(let asked, let answered): "the API sent page \(answered) instead of page \(asked)"
    }
  }
}

extension Hazard: CustomStringConvertible {
  package var description: String {
    switch self {
    case .redirect(let origin): "a redirect to \(origin)"
    case .tooManyRedirects: "too many redirects"
    case .certificate(let cause): TransportFault.untrusted(cause).description
    case .bodyTooLarge(let limit): TransportFault.bodyTooLarge(limit: limit).description
    case .inflation(let ratio): TransportFault.inflatedTooFar(ratio: ratio).description
    case .proxy(let cause): TransportFault.proxyRefused(cause).description
    }
  }
}
