internal import FoundationEssentials

/// Whom the API takes a request for (`/user/self/`).
///
/// A credential that the API cannot make out is dropped without a word there, and the request runs as nobody's: a 200
/// alone does not say that the key was accepted.
package struct Account: Hashable, Sendable {
  package var isAuthenticated: Bool
  /// Such as `audit-exporter`; nil for nobody, and where the API does not tell.
  package var slug: String?

  package init(isAuthenticated: Bool, slug: String? = nil) {
    self.isAuthenticated = isAuthenticated
    self.slug = slug
  }
}

extension AuditLogClient {
  /// Asks who the key belongs to: one request.
  package func account() async throws(APIError) -> Account {
    var account = Account(isAuthenticated: false)
    try await fetch("\(APIHost.versionPath)/user/self/", page: 1) { response in
      do {
        let body = try JSONDecoder().decode(AccountBody.self, from: Data(response.body.prefix(65_536)))
        account = Account(
          isAuthenticated: body.authenticated, slug: body.slug.flatMap { printable($0, of: response) })
        return nil
      } catch {
        return .transport(.undecodable("its body is not that of /user/self/"))
      }
    }
    return account
  }
}

extension AuditLogClient {
  /// Whether the API itself shows that the account may read the audit log: by its role in the organisation, which two requests
  /// ask for. False where it cannot be told.
  ///
  /// Cloudsmith documents that client logs need a Manager or an Owner; audit logs are taken to need the same.
  package func mayReadAuditLog() async throws(APIError) -> Bool {
    do {
      guard let slug = try await account().slug else { return false }
      var role: String?
      let member = PercentEncoding.encode(slug)
      try await fetch("\(APIHost.versionPath)/orgs/\(organization)/members/\(member)/", page: 1) { response in
        do {
          role = try JSONDecoder().decode(MemberBody.self, from: Data(response.body.prefix(65_536))).role
          return nil
        } catch {
          return .transport(.undecodable("its body is not that of /orgs/ORG/members/"))
        }
      }
      return ["owner", "manager"].contains(role?.lowercased())
    } catch {
      switch error {
      case .keyRefused, .notFound, .planWithoutAuditLog, .requestRefused, .unavailable: return false
      case .waitTooLong, .unsafe, .cancelled: throw error
      }
    }
  }
}

private struct MemberBody: Decodable {
  var role: String?
}

private struct AccountBody: Decodable {
  var authenticated: Bool
  var slug: String?
}
