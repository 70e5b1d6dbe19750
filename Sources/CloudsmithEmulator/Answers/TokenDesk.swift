import Platform

/// `POST /openid/ORG/`: gives bearer tokens for the identity token that it trusts, and knows them again.
struct TokenDesk: Sendable {
  private let trusted: TrustedIdentity?
  /// How many requests each token is still good for.
  private var issued: [String: Int] = [:]

  init(_ trusted: TrustedIdentity?) { self.trusted = trusted }

  private struct Proof: Decodable {
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
    let proof: Proof
    do {
      proof = try JSONDecoder().decode(Proof.self, from: Data(request.body))
    } catch {
      return EmulatedResponse(status: 422, detail: "Missing or invalid parameters (see detail).")
    }
    guard let trusted, proof.token == trusted.token, proof.service == trusted.service else {
      return EmulatedResponse(status: 401, detail: "OIDC token cannot be authenticated.")
    }
    guard trusted.tokens.map({ issued.count < $0 }) ?? true else {
      return EmulatedResponse(status: 401, detail: "OIDC token has expired.")
    }
    let token = "emulated.bearer.\(issued.count + 1)"
    issued[token] = trusted.lifetime ?? .max
    return EmulatedResponse(status: 201, json: Array(#"{"token": "\#(token)"}"#.utf8))
  }

  /// What a request with one of the tokens says; nil when it has none. In `X-Api-Key` they are refused, as the real server does.
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

/// Whose identity tokens are exchanged.
package struct TrustedIdentity: Sendable {
  package var token: String
  package var service: String
  /// Requests that each bearer token is good for; nil: any number.
  package var lifetime: Int?
  /// Bearer tokens that are given in all; nil: any number.
  package var tokens: Int?

  package init(token: String, service: String, lifetime: Int? = nil, tokens: Int? = nil) {
    self.token = token
    self.service = service
    self.lifetime = lifetime
    self.tokens = tokens
  }
}
