package import AuditRecord
internal import FoundationEssentials

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
    case .keyRefused(let answer): "the key is refused: \(answer)"
    case .notFound(let answer): "not found: \(answer)"
    case .planWithoutAuditLog(let answer): "the plan has no audit log: \(answer)"
    case .requestRefused(let answer): "the request is refused: \(answer)"
    case .unavailable(let fault, let tries): "no success in \(tries) tries; the last: \(fault)"
    case .waitTooLong(let wait):
      "asked to wait \(wait.asked) after \(wait.waited) of waiting, where \(wait.limit) is the most"
    case .unsafe(let hazard): "refused for safety: \(hazard)"
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
    case .wrongPage(let asked, let answered): "page \(answered) was answered when page \(asked) was asked for"
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

/// What an answer without events says: its status, and its own words made safe to print.
package struct Answer: Hashable, Sendable {
  package var status: Int
  /// The API's `detail`: one line of at most 300 characters, without control characters and without the key.
  package var detail: String?
  /// What Cloudsmith's support can find the request by.
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

  /// Without the body, of which nothing is read.
  init(headOf response: APIResponse, hiding key: APIKey) {
    let secrets = [key, response.token].compactMap(\.self)
    self.status = response.status
    self.requestID = ["X-Request-Id", "X-Correlation-Id", "CF-Ray"].lazy.compactMap { response.headers[$0] }
      .first
      .flatMap { Answer.oneLine($0, limit: 80, hiding: secrets) }
  }

  /// - Parameter text: as it was meant, without the escapes of JSON.
  /// - Returns: nil when nothing is left to print.
  static func oneLine(_ text: String, limit: Int, hiding secrets: [APIKey]) -> String? {
    let printable = String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            " "
          default: scalar
          }
        }))
    let words = secrets.reduce(printable) { $1.redacted(from: $0) }.split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    guard !words.isEmpty else { return nil }
    return words.count <= limit ? words : words.prefix(limit - 1) + "…"
  }
}

extension Answer: CustomStringConvertible {
  package var description: String {
    "status \(status)" + (detail.map { " (\($0))" } ?? "") + (requestID.map { ", request \($0)" } ?? "")
  }
}

/// The body of an answer that refuses: `{"detail": …}`, with `fields` when members were invalid (422).
struct ErrorBody: Decodable {
  private var detail: String?
  private var fields: [String: [String]]

  private enum CodingKeys: CodingKey { case detail, fields }

  /// `fields` in an unexpected form does not hide `detail`.
  init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    self.detail = try members.decodeIfPresent(String.self, forKey: .detail)
    do {
      self.fields = try members.decodeIfPresent([String: [String]].self, forKey: .fields) ?? [:]
    } catch is DecodingError {
      self.fields = [:]
    }
  }

  /// nil when the body is anything else, as from a proxy or a content network, or longer than 64 KiB.
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
