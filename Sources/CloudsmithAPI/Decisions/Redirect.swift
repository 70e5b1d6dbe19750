/// What becomes of a redirect: the key goes to the host that the user named and to no other.
enum Redirect: Hashable, Sendable {
  /// The same scheme, host and port, under this path and query.
  case follow(target: String)
  case refuse(Hazard)

  /// Redirects that one request may meet.
  static let limit = 2

  /// - Parameters:
  ///   - location: of the answer; it may be relative (RFC 3986, section 5).
  ///   - count: redirects followed before.
  init(to location: String?, from request: APIRequest, followed count: Int) {
    guard count < Redirect.limit else {
      self = .refuse(.tooManyRedirects)
      return
    }
    let location = location ?? ""
    let isPath = location.hasPrefix("/") && !location.hasPrefix("//")
    let text = location.hasPrefix("//") ? "\(request.origin.scheme):\(location)" : location
    guard let parts = isPath ? URLParts(request.origin.description + location) : URLParts(text),
      isPath || location.hasPrefix("//") || parts.scheme != nil
    else {
      self = .refuse(.redirect(to: "an invalid location"))
      return
    }
    let scheme = parts.scheme.flatMap { Origin.Scheme(rawValue: $0) }
    let origin = scheme.map { Origin(scheme: $0, host: parts.host, port: parts.port) }
    guard let origin, origin == request.origin, parts.userInfo == nil else {
      self = .refuse(.redirect(to: origin?.description ?? "another scheme"))
      return
    }
    let target = parts.rest.prefix { $0 != "#" }
    self = .follow(target: target.hasPrefix("/") ? String(target) : "/" + target)
  }
}
