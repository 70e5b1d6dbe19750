import Compression

extension EmulatedResponse {
  static let notFound = EmulatedResponse(status: 404, detail: "Not found.")

  /// What Django does with a path that lacks its last slash.
  static func redirect(toSlash request: EmulatedRequest) -> EmulatedResponse {
    let path = request.path
    let location = path + "/" + request.target.dropFirst(path.count)
    return EmulatedResponse(status: 301, headers: [("Location", location)], body: [])
  }

  /// `/user/self/`: who the key belongs to, or nobody.
  static func user(isKnown: Bool) -> EmulatedResponse {
    let body =
      isKnown
      ? """
      {"authenticated": true, "email": "emulator@example.com", "name": "Emulated User", "profile_url": \
      "https://cloudsmith.io/~emulated-user/", "self_url": \
      "https://api.cloudsmith.io/v1/users/profile/emulated-user/", "slug": "emulated-user", \
      "slug_perm": "eMuL4t0rUs3r"}
      """
      : """
      {"authenticated": false, "email": null, "name": null, "profile_url": null, "self_url": null, "slug": null, \
      "slug_perm": null}
      """
    return EmulatedResponse(json: Array(body.utf8))
  }

  /// The same answer as gzip when the client takes that.
  func encoded(for request: EmulatedRequest) -> EmulatedResponse {
    let codings = (request.headers["Accept-Encoding"] ?? "").lowercased().split(separator: ",")
    let takesGzip = codings.contains { coding in
      let parts = coding.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
      return parts.first == "gzip" && !parts.dropFirst().contains { $0 == "q=0" || $0 == "q=0.0" }
    }
    guard takesGzip, !body.isEmpty else { return self }
    var response = self
    do {
      response.body = try Gzip.compress(body, level: 1)
    } catch {
      return EmulatedResponse(status: 500, detail: "The emulator could not compress the answer.")
    }
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    return response
  }
}
