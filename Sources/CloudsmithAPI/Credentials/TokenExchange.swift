package import AuditRecord
internal import FoundationEssentials

/// Where a token is asked for.
package protocol TokenTransport: Sendable {
  /// Sends a POST of JSON without any key, and gives the response as `HTTPTransport.get` does.
  func post(_ body: [UInt8], to target: String, at origin: Origin) async throws(TransportFault) -> APIResponse
}

/// An identity token of somebody Cloudsmith trusts, exchanged for a bearer token of a service account: `POST /openid/ORG/` with
/// `oidc_token` and `service_slug`, as Cloudsmith's documentation and cloudsmith-cli have it.
package struct TokenExchange: Sendable {
  private let host: APIHost
  private let organization: Slug
  private let service: Slug
  private let identity: APIKey
  private let transport: any TokenTransport

  package init(
    host: APIHost, organization: Slug, service: Slug, identity: APIKey, transport: any TokenTransport
  ) {
    self.host = host
    self.organization = organization
    self.service = service
    self.identity = identity
    self.transport = transport
  }

  package enum Outcome: Sendable {
    case token(APIKey)
    /// What has to stand in the place of the answer to the request that needed the token.
    case answer(APIResponse)
  }

  /// One attempt. What another attempt may mend comes as a fault, or as the answer that asks for it.
  func callAsFunction() async throws(TransportFault) -> Outcome {
    let response = try await transport.post(
      try body(), to: "/openid/\(organization)/", at: host.origin)
    switch response.status {
    case 200..<300: return .token(try token(in: response))
    // The token would go with the request, and it was made for this host.
    case 300..<400: throw .undecodable("the OIDC token exchange is redirected")
    case 408, 425, 429, 500...: return .answer(response)
    // Never as it is: a 404 would be taken for the end of the list.
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
