import CloudsmithAPI

/// A URL that somebody wrote, right or wrong.
enum URLText {
  /// Without the user name and password that may stand before the host.
  static func withoutUser(_ text: String) -> String {
    guard let at = text.lastIndex(of: "@") else { return text }
    let scheme = text.firstRange(of: "://").map { text[..<$0.upperBound] } ?? ""
    return "\(scheme)[redacted]@\(text[text.index(after: at)...])"
  }
}

/// The hosts that belong to Cloudsmith.
enum CloudsmithHosts {
  static func include(_ text: String) -> Bool {
    do {
      let host = try APIHost(text).origin.host
      return ["cloudsmith.io", "cloudsmith.com"].contains { host == $0 || host.hasSuffix("." + $0) }
    } catch {
      return false
    }
  }
}
