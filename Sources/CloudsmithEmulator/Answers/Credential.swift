/// What a request says about who sends it.
package enum Credential: String, Sendable, Hashable {
  /// No key, or one in a scheme that the server does not know: the request runs as that of nobody.
  case none
  case accepted
  /// A key that is not the right one, in the `X-Api-Key` field.
  case refusedKey
  /// A key that is not the right one, in the `Authorization` field.
  case refusedAuthorization

  /// Reads `X-Api-Key: K`, `Authorization: token K` and `Authorization: Bearer K`.
  ///
  /// A Bearer token that is not the key is dropped, as was observed of the real server.
  init(_ headers: HTTPFields, key: String) {
    if let sent = headers["X-Api-Key"] {
      let bare = sent.hasPrefix("Bearer ") ? String(sent.dropFirst("Bearer ".count)) : sent
      self = bare == key ? .accepted : .refusedKey
      return
    }
    let words = (headers["Authorization"] ?? "").split(separator: " ", maxSplits: 1)
    switch words.first?.lowercased() {
    case "token": self = words.count == 2 && words[1] == key ? .accepted : .refusedAuthorization
    case "bearer": self = words.count == 2 && words[1] == key ? .accepted : .none
    default: self = .none
    }
  }

  /// The detail of the 401 that the request is answered with wherever a key is needed.
  var refusal: String? {
    switch self {
    case .none: "Authentication credentials were not provided."
    case .accepted: nil
    case .refusedKey: "Invalid authentication credentials provided in X-Api-Key header."
    case .refusedAuthorization: "Invalid authentication credentials provided in Authorization header."
    }
  }
}
