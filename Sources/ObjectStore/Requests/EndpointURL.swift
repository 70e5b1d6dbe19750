internal import HTTP

/// The URL of a service: an origin and a path, without user, query or fragment.
struct EndpointURL: Hashable, Sendable {
  let origin: Origin
  /// Begins with `/`, or is empty.
  let path: String

  /// Nil if `text` is not such a URL.
  init?(_ text: String) {
    guard let parts = URLParts(text), let origin = parts.origin, parts.userInfo == nil,
      !parts.rest.utf8.contains(where: { "@?#\"<>".utf8.contains($0) })
    else { return nil }
    self.origin = origin
    path = parts.rest
  }

  /// Whether plain http would show nothing to the network.
  var isPrivate: Bool { origin.scheme == .https || origin.isLoopback || origin.host == "0:0:0:0:0:0:0:1" }
}
