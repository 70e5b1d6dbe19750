package import AuditRecord
internal import FoundationEssentials
package import HTTP

/// Sends requests with a bearer token. Fetches the token when the first request needs it, and again when it is refused. The
/// token is kept in memory only.
package struct RenewingTransport: APITransport {
  private let base: any APITransport
  private let tokens: BearerTokens

  /// - Parameter base: sends the requests, with the token instead of their key.
  package init(_ base: any APITransport, exchange: TokenExchange) {
    self.base = base
    self.tokens = BearerTokens(exchange)
  }

  /// Sends the request with the token; the request's own key is not sent. After a 401 it attempts once with a new token.
  package func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    var refused: APIKey?
    while true {
      let token: APIKey
      switch try await tokens.token(besides: refused) {
      case .token(let given): token = given
      case .answer(let answer): return answer
      }
      var renewed = request
      renewed.key = token
      var response = try await base.get(renewed)
      // Once: a new token that is refused will not be accepted later.
      response.token = token
      guard response.status == 401, refused == nil else { return response }
      refused = token
    }
  }
}

/// The current token. Concurrent requests that are refused wait for the same exchange.
private actor BearerTokens {
  private let exchange: TokenExchange
  private var token: APIKey?
  private var running: Task<Result<TokenExchange.Outcome, TransportFault>, Never>?

  init(_ exchange: TokenExchange) { self.exchange = exchange }

  func token(besides refused: APIKey?) async throws(TransportFault) -> TokenExchange.Outcome {
    while true {
      if let token, token != refused { return .token(token) }
      let task = running ?? Task { [exchange] in await Result(exchange) }
      running = task
      let result = await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }
      if running == task { running = nil }
      // Another request that waited for the exchange was cancelled, not this one.
      if case .failure(.cancelled) = result, !Task.isCancelled { continue }
      let outcome = try result.get()
      if case .token(let given) = outcome { token = given }
      return outcome
    }
  }
}

extension Result where Success == TokenExchange.Outcome, Failure == TransportFault {
  fileprivate init(_ exchange: TokenExchange) async {
    do throws(TransportFault) {
      self = .success(try await exchange())
    } catch {
      self = .failure(error)
    }
  }
}

/// Sends the request that exchanges a token. Implemented by `AsyncHTTPClientTransport`.
package protocol TokenTransport: Sendable {
  /// Sends a POST of JSON without a key, and returns the response as `APITransport.get` does.
  ///
  /// - Parameter target: the path.
  func post(_ body: [UInt8], to target: String, at origin: Origin) async throws(TransportFault) -> APIResponse
}

/// Exchanges an OIDC identity token for the bearer token of a service account: `POST /openid/ORG/` with `oidc_token` and
/// `service_slug`. Source: Cloudsmith's documentation and cloudsmith-cli.
package struct TokenExchange: Sendable {
  private let host: APIHost
  private let organization: Slug
  private let service: Slug
  private let identity: APIKey
  private let transport: any TokenTransport

  /// - Parameters:
  ///   - service: the slug of the service account.
  ///   - identity: the identity token.
  package init(
    host: APIHost, organization: Slug, service: Slug, identity: APIKey, transport: any TokenTransport
  ) {
    self.host = host
    self.organization = organization
    self.service = service
    self.identity = identity
    self.transport = transport
  }

  /// The outcome of one attempt.
  package enum Outcome: Sendable {
    case token(APIKey)
    /// The answer to give to the request that needed the token, because there is none.
    case answer(APIResponse)
  }

  /// Makes one attempt. A failure that another attempt may resolve is thrown, or returned as an answer that is retried.
  func callAsFunction() async throws(TransportFault) -> Outcome {
    let response = try await transport.post(
      try body(), to: "/openid/\(organization)/", at: host.origin)
    switch response.status {
    case 200..<300: return .token(try token(in: response))
    // A redirect would send the identity token to another host.
    case 300..<400: throw .undecodable("the OIDC token exchange is redirected")
    case 408, 425, 429, 500...: return .answer(response)
    // Always as a 401: a 404 would mean the end of the list.
    default: return .answer(APIResponse(status: 401, headers: response.headers, body: response.body))
    }
  }

  private struct Proof: Encodable {
    var token: String
    var service: String

    enum CodingKeys: String, CodingKey {
      case token = "oidc_token"
      case service = "service_slug"
    }
  }

  private struct Grant: Decodable {
    var token: String
  }

  private func body() throws(TransportFault) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(Proof(token: identity.text, service: service.description)))
    } catch {
      throw .undecodable("the OIDC token cannot be encoded as JSON")
    }
  }

  private func token(in response: APIResponse) throws(TransportFault) -> APIKey {
    do {
      return try APIKey(
        JSONDecoder().decode(Grant.self, from: Data(response.body)).token, kind: .bearer)
    } catch {
      throw .undecodable("the OIDC token exchange returned no token")
    }
  }
}
