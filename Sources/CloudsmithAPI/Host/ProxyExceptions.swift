/// `NO_PROXY`: the hosts that are reached without the proxy.
///
/// A list with commas between: `*` for all, a name (it and all below it, with or without a leading dot), an address;
/// each may end in `:port`.
struct ProxyExceptions {
  private var entries: [Substring]

  init(_ text: String) {
    self.entries = text.split { $0 == "," || $0.isWhitespace }
  }

  func contain(_ origin: Origin) -> Bool {
    entries.contains { entry in
      if entry == "*" { return true }
      if entry.lowercased() == origin.host { return true }
      guard let (name, port) = URLParts.hostAndPort(entry) else { return false }
      guard port == nil || port == origin.port else { return false }
      let bare = name.hasPrefix(".") ? String(name.dropFirst()) : name
      return origin.host == bare || origin.host.hasSuffix("." + bare)
    }
  }
}
