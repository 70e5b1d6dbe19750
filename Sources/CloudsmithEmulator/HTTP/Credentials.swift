import Platform

/// Who sends a request, as its key says.
package enum Credential: String, Sendable, Hashable {
  /// No key, or a key in a scheme that the server does not know. The request is anonymous.
  case none
  case accepted
  /// A wrong key in the `X-Api-Key` field.
  case refusedKey
  /// A wrong key in the `Authorization` field.
  case refusedAuthorization

  /// Reads `X-Api-Key: K`, `Authorization: token K` and `Authorization: Bearer K`.
  ///
  /// A Bearer token that is not the key is ignored, as the real server was observed to do.
  ///
  /// - Parameter isKey: Whether a text is an accepted key.
  init(_ headers: HTTPFields, isKey: (String) -> Bool) {
    guard let sent = Credential.key(in: headers) else {
      self = .none
      return
    }
    switch (sent.field, isKey(sent.text)) {
    case (_, true): self = .accepted
    case (.apiKey, false): self = .refusedKey
    case (.token, false): self = .refusedAuthorization
    case (.bearer, false): self = .none
    }
  }

  /// How a request sends its key.
  enum Field {
    case apiKey, token, bearer
  }

  /// The text that a request sends as its key; nil if it sends none.
  static func key(in headers: HTTPFields) -> (field: Field, text: String)? {
    if let sent = headers["X-Api-Key"] {
      return (.apiKey, sent.hasPrefix("Bearer ") ? String(sent.dropFirst("Bearer ".count)) : sent)
    }
    let words = (headers["Authorization"] ?? "").split(separator: " ", maxSplits: 1)
    let text = words.count == 2 ? String(words[1]) : ""
    switch words.first?.lowercased() {
    case "token": return (.token, text)
    case "bearer": return (.bearer, text)
    default: return nil
    }
  }

  /// The detail of the 401 response where a key is needed; nil if the key is accepted.
  var refusal: String? {
    switch self {
    case .none: "Authentication credentials were not provided."
    case .accepted: nil
    case .refusedKey: "Invalid authentication credentials provided in X-Api-Key header."
    case .refusedAuthorization: "Invalid authentication credentials provided in Authorization header."
    }
  }
}

/// `POST /openid/ORG/`: exchanges the trusted identity token for bearer tokens and recognises them later.
struct TokenIssuer: Sendable {
  private let trusted: TrustedIdentity?
  /// The number of requests that each token is still valid for.
  private var issued: [String: Int] = [:]

  init(_ trusted: TrustedIdentity?) { self.trusted = trusted }

  private struct TokenRequest: Decodable {
    var token: String
    var service: String

    enum CodingKeys: String, CodingKey {
      case token = "oidc_token"
      case service = "service_slug"
    }
  }

  mutating func exchange(_ request: EmulatedRequest) -> EmulatedResponse {
    guard request.method == "POST" else {
      var response = EmulatedResponse(status: 405, detail: "Method \(request.method) not allowed.")
      response.headers["Allow"] = "POST"
      return response
    }
    let tokenRequest: TokenRequest
    do {
      tokenRequest = try JSONDecoder().decode(TokenRequest.self, from: Data(request.body))
    } catch {
      return EmulatedResponse(status: 422, detail: "Missing or invalid parameters (see detail).")
    }
    guard let trusted, tokenRequest.token == trusted.token, tokenRequest.service == trusted.service else {
      return EmulatedResponse(status: 401, detail: "OIDC token cannot be authenticated.")
    }
    guard trusted.tokens.map({ issued.count < $0 }) ?? true else {
      return EmulatedResponse(status: 401, detail: "OIDC token has expired.")
    }
    let token = "emulated.bearer.\(issued.count + 1)"
    issued[token] = trusted.lifetime ?? .max
    return EmulatedResponse(status: 201, json: Array(#"{"token": "\#(token)"}"#.utf8))
  }

  /// The credential of a request with one of the issued tokens; nil if it has none. Each call uses up one request of the token.
  ///
  /// Tokens in `X-Api-Key` are not recognised here, so they are refused like on the real server.
  mutating func credential(_ headers: HTTPFields) -> Credential? {
    let words = (headers["Authorization"] ?? "").split(separator: " ", maxSplits: 1)
    guard headers["X-Api-Key"] == nil, words.count == 2, words[0].lowercased() == "bearer",
      let left = issued[String(words[1])]
    else { return nil }
    guard left > 0 else { return .refusedAuthorization }
    issued[String(words[1])] = left - 1
    return .accepted
  }
}

/// The identity token that the emulator trusts.
package struct TrustedIdentity: Sendable {
  package var token: String
  package var service: String
  /// The number of requests that each bearer token is valid for; nil means no limit.
  package var lifetime: Int?
  /// The number of bearer tokens issued in all; nil means no limit.
  package var tokens: Int?

  package init(token: String, service: String, lifetime: Int? = nil, tokens: Int? = nil) {
    self.token = token
    self.service = service
    self.lifetime = lifetime
    self.tokens = tokens
  }
}
