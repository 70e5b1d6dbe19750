package import AuditRecord
internal import FoundationEssentials
package import HTTP

/// Why a page could not be fetched, after all retries. There is one case for each thing that the user can do about it.
///
/// Holds no key and no URL. Messages for users are made elsewhere.
package enum APIError: Error, Hashable, Sendable {
  /// 401 and 403. Cloudsmith also answers 401 if a valid key has no access.
  case keyRefused(Answer)
  /// 404 to the first page: the organisation or repository does not exist, or the key may not see it.
  case notFound(Answer)
  /// 402: the plan has no audit log.
  case planWithoutAuditLog(Answer)
  /// 400 and 422, such as for an invalid query, and every other status that another attempt would not change.
  case requestRefused(Answer)
  /// All attempts failed; with the fault of the last one and the number of attempts.
  case unavailable(RetryableError, attempts: Int)
  /// The API asked for a longer wait than `--max-wait` allows.
  case waitTooLong(WaitRefusal)
  /// The client refused to go on, without another attempt.
  case unsafe(UnsafeResponse)
  /// The task was cancelled.
  case cancelled
}

/// A wait that the API asked for and `--max-wait` does not allow.
package struct WaitRefusal: Hashable, Sendable {
  /// The wait that the API asked for.
  package var asked: TimeSpan
  /// How long the page had waited at the API's request before.
  package var waited: TimeSpan
  /// `--max-wait`.
  package var limit: TimeSpan

  package init(asked: TimeSpan, waited: TimeSpan, limit: TimeSpan) {
    self.asked = asked
    self.waited = waited
    self.limit = limit
  }
}

/// A failure that another attempt may resolve.
package enum RetryableError: Hashable, Sendable {
  /// 408, 425, 429 and 5xx, and 2xx other than 200.
  case status(Answer)
  case transport(TransportFault)
  /// The body is not a JSON array of records.
  case page(PageError)
  /// The answer's own fields say that it is another page.
  case wrongPage(asked: Int, answered: Int)
}

/// An answer or a connection that the client refuses for safety. Another attempt would not change it.
package enum UnsafeResponse: Hashable, Sendable {
  /// A redirect to another scheme, host or port, given as `https://host`. The key was not sent there.
  case redirect(to: String)
  case tooManyRedirects
  /// There is no secure connection to the right host.
  case certificate(TLSProblem)
  /// The decoded body is larger than this many bytes.
  case bodyTooLarge(limit: Int)
  /// The compressed body expands to more than this many times its size.
  case inflation(ratio: Int)
  /// The proxy refused the connection; with its reason.
  case proxy(String)
}

extension APIError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .keyRefused(let answer): "the API refused the key: \(answer)"
    case .notFound(let answer): "not found: \(answer)"
    case .planWithoutAuditLog(let answer): "the plan has no audit log: \(answer)"
    case .requestRefused(let answer): "the API refused the request: \(answer)"
    case .unavailable(let fault, let attempts): "no success in \(attempts) attempts; the last: \(fault)"
    case .waitTooLong(let wait):
      "the API asked to wait \(wait.asked) after \(wait.waited) of waiting, but the limit is \(wait.limit)"
    case .unsafe(let unsafe): "stopped for safety: \(unsafe)"
    case .cancelled: "cancelled"
    }
  }
}

extension RetryableError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .status(let answer): answer.description
    case .transport(let fault): fault.description
    case .page(let error): error.description
    case .wrongPage(let asked, let answered): "the API sent page \(answered) instead of page \(asked)"
    }
  }
}

extension UnsafeResponse: CustomStringConvertible {
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

/// The status of an answer without events, and its texts, made safe to print.
package struct Answer: Hashable, Sendable {
  package var status: Int
  /// The API's `detail`: one line of at most 300 characters, without control characters and without the key.
  package var detail: String?
  /// The identifier by which Cloudsmith's support finds the request.
  package var requestID: String?

  package init(status: Int, detail: String? = nil, requestID: String? = nil) {
    self.status = status
    self.detail = detail
    self.requestID = requestID
  }

  init(_ response: APIResponse, hiding key: APIKey) {
    self.init(headOf: response, hiding: key)
    let secrets = [key, response.token].compactMap(\.self)
    self.detail = ErrorBody(response.body)?.text.flatMap { Answer.oneLine($0, limit: 300, hiding: secrets) }
  }

  /// The answer without its body, which is not read.
  init(headOf response: APIResponse, hiding key: APIKey) {
    let secrets = [key, response.token].compactMap(\.self)
    self.status = response.status
    self.requestID = ["X-Request-Id", "X-Correlation-Id", "CF-Ray"].lazy.compactMap { response.headers[$0] }
      .first
      .flatMap { Answer.oneLine($0, limit: 80, hiding: secrets) }
  }

  /// Makes a text from outside safe to print: one line, no control characters, no secrets, at most `limit` characters.
  ///
  /// - Parameter text: without the escapes of JSON, which could hide a secret.
  /// - Returns: nil if nothing is left to print.
  static func oneLine(_ text: String, limit: Int, hiding secrets: [APIKey]) -> String? {
    text.oneLine(limit: limit) { line in secrets.reduce(line) { $1.redacted(from: $0) } }
  }
}

extension Answer: CustomStringConvertible {
  package var description: String {
    "status \(status)" + (detail.map { " (\($0))" } ?? "") + (requestID.map { ", request \($0)" } ?? "")
  }
}

/// The JSON body of a refusal: `{"detail": …}`, with `fields` if members were invalid (422).
struct ErrorBody: Decodable {
  private var detail: String?
  private var fields: [String: [String]]

  private enum CodingKeys: CodingKey { case detail, fields }

  /// If `fields` has an unexpected form, `detail` is still read.
  init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    self.detail = try members.decodeIfPresent(String.self, forKey: .detail)
    do {
      self.fields = try members.decodeIfPresent([String: [String]].self, forKey: .fields) ?? [:]
    } catch is DecodingError {
      self.fields = [:]
    }
  }

  /// Nil for any other body, such as that of a proxy, and for a body longer than 64 KiB.
  init?(_ body: [UInt8]) {
    guard body.count <= 65_536 else { return nil }
    do {
      self = try JSONDecoder().decode(ErrorBody.self, from: Data(body))
    } catch {
      return nil
    }
  }

  /// `Invalid input. page_size: A valid integer is required.`
  var text: String? {
    let faults = fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.joined(separator: " "))" }
    let parts = [detail].compactMap(\.self) + faults
    return parts.isEmpty ? nil : parts.joined(separator: " ")
  }
}
