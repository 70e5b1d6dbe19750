internal import HTTP

/// The profiles of `~/.aws/config` and `~/.aws/credentials`.
///
/// Sources: AWS SDKs and Tools Reference Guide, "Shared config and credentials files"; botocore's `configloader`. As in botocore, only
/// whole lines are comments, and keys match in any case. A section that comes twice is merged, as the guide asks.
struct ProfileFile: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    /// Profiles stand as `[profile NAME]` or `[default]`; other sections are not profiles.
    case config
    /// Every section is a profile.
    case credentials
  }

  /// The settings of each profile. A nested setting has the name `s3.addressing_style`.
  private(set) var profiles: [String: [String: String]] = [:]

  init() {}

  /// Throws with the number of the first line that is none of a section, a setting and a comment. The error holds nothing of the line,
  /// which may hold a secret.
  init(_ text: String, kind: Kind) throws(MalformedProfileFile) {
    var profile: String?
    var isBeforeSections = true
    var parent: String?
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let content = index == 0 && line.first == "\u{FEFF}" ? line.dropFirst() : line
      let trimmed = content.trimming(while: \.isWhitespace)
      if trimmed.isEmpty || trimmed.first == "#" || trimmed.first == ";" { continue }
      if trimmed.first == "[", content.first?.isWhitespace == false {
        guard let close = trimmed.firstIndex(of: "]") else { throw MalformedProfileFile(line: index + 1) }
        profile = ProfileFile.profile(section: trimmed[..<close].dropFirst(), kind)
        if let profile { profiles[profile, default: [:]].merge([:]) { $1 } }
        (isBeforeSections, parent) = (false, nil)
        continue
      }
      guard !isBeforeSections else { throw MalformedProfileFile(line: index + 1) }
      let isIndented = content.first?.isWhitespace == true
      guard let equals = trimmed.firstIndex(of: "=") else {
        // A value that goes on, in botocore; of no setting that is read here.
        if isIndented { continue }
        throw MalformedProfileFile(line: index + 1)
      }
      var name = trimmed[..<equals].trimming(while: \.isWhitespace).lowercased()
      let value = trimmed[trimmed.index(after: equals)...].trimming(while: \.isWhitespace)
      guard !name.isEmpty else { throw MalformedProfileFile(line: index + 1) }
      if isIndented, let parent { name = "\(parent).\(name)" } else { parent = value.isEmpty ? name : nil }
      if let profile { profiles[profile]?[name] = String(value) }
    }
  }

  /// The profile that a section is; nil for one that is none, such as `sso-session NAME`.
  private static func profile(section: Substring, _ kind: Kind) -> String? {
    let section = section.trimming(while: \.isWhitespace)
    guard kind == .config else { return String(section) }
    if section == "default" { return "default" }
    guard section.hasPrefix("profile"), section.dropFirst(7).first?.isWhitespace == true else { return nil }
    var name = section.dropFirst(7).trimming(while: \.isWhitespace)
    if name.count >= 2, let quote = name.first, quote == "\"" || quote == "'", name.last == quote {
      name = name.dropFirst().dropLast()
    }
    return name.isEmpty ? nil : String(name)
  }
}

/// A line of a profile file that cannot be read.
struct MalformedProfileFile: Error, Hashable, Sendable {
  var line: Int
}

/// The profiles of both files. Settings of the credentials file win.
struct Profiles: Hashable, Sendable {
  /// What a profile says, with the file that each part is from.
  struct Profile: Hashable, Sendable {
    var name: String
    var config: [String: String]
    var credentials: [String: String]

    /// A setting that is there and not empty.
    subscript(_ key: String) -> String? {
      [credentials[key], config[key]].compactMap(\.self).first { !$0.isEmpty }
    }

    var merged: [String: String] { config.merging(credentials) { $1 } }
  }

  var config: ProfileFile
  var credentials: ProfileFile

  /// nil if neither file has it.
  subscript(_ name: String) -> Profile? {
    let (config, credentials) = (config.profiles[name], credentials.profiles[name])
    guard config != nil || credentials != nil else { return nil }
    return Profile(name: name, config: config ?? [:], credentials: credentials ?? [:])
  }
}
