internal import HTTP
internal import Platform

/// The account behind a key (`GET /v1/user/self/`).
///
/// The API ignores a credential that it cannot read and treats the request as anonymous. So a 200 alone does not show that
/// the key was accepted.
package struct Account: Hashable, Sendable {
  package var isAuthenticated: Bool
  /// Such as `audit-exporter`; nil for an anonymous request, or if the API does not report it.
  package var slug: String?

  package init(isAuthenticated: Bool, slug: String? = nil) {
    self.isAuthenticated = isAuthenticated
    self.slug = slug
  }
}

extension AuditLogClient {
  /// Asks which account the key belongs to. One request.
  ///
  /// - Throws: `APIError`, as `page` does.
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
  /// Whether the account's role in the organisation lets it read the audit log. Two requests; false if the role is unknown.
  ///
  /// Cloudsmith documents that client logs need a Manager or an Owner. This method assumes the same for audit logs.
  ///
  /// - Throws: `APIError` if the run has to stop: `.waitTooLong`, `.unsafe` or `.cancelled`.
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
