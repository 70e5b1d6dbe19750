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
