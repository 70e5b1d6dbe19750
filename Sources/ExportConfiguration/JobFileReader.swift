import AuditRecord
import BucketArchive
package import StrictYAML

/// Reads the logs of a job file from its YAML. Unknown keys and values of the wrong type are errors.
package struct JobFileReader {
  /// The path of the file, for messages.
  package let path: String

  /// The two settings that say where the API key is. If a log has one of them, neither applies from the settings for all logs.
  private static let alternatives: Set = [Settings.apiKeyFile.name, Settings.apiKeyVariable.name]

  /// The logs of a document.
  ///
  /// - Throws: The first fault, with its place in the file.
  package func entries(_ document: YAMLNode?) throws(YAMLError) -> [JobEntry] {
    guard let document else { throw YAMLError(words: "the file is empty: expected \(JobFileReader.wanted)") }
    guard case .mapping(let members) = document.value else {
      throw YAMLError(document.place, "expected \(JobFileReader.wanted), not \(document.value.kind)")
    }
    let common = try settings(members, besides: "logs")
    guard let logs = members.first(where: { $0.key == "logs" })?.value else {
      throw YAMLError(document.place, "'logs' is missing: expected \(JobFileReader.wanted)")
    }
    guard case .list(let nodes) = logs.value, !nodes.isEmpty else {
      throw YAMLError(logs.place, "logs: expected a list, such as '- organization: my-org'")
    }
    var entries: [JobEntry] = []
    for node in nodes {
      let entry = try entry(node, common)
      if let first = entries.first(where: { $0.log == entry.log }) {
        throw YAMLError(
          node.place, "duplicate log '\(entry.log)': it is already at \(first.organization.source)")
      }
      entries.append(entry)
    }
    return entries
  }

  /// The message for a fault, with the path, line and column.
  package func failure(_ fault: YAMLError) -> Failure {
    let place = fault.place.map { ":\($0.line):\($0.column)" } ?? ""
    let stop = fault.words.hasSuffix("?") ? "" : "."
    return .usage("\(quoted(path).dropFirst().dropLast())\(place): \(fault.words)\(stop)")
  }

  private static let wanted = "settings, and 'logs:' with a list of organizations"

  private func entry(_ node: YAMLNode, _ common: [String: RawSetting]) throws(YAMLError) -> JobEntry {
    let name = Settings.log.name
    guard case .mapping(let members) = node.value else {
      throw YAMLError(
        node.place, "expected a log, such as '- \(name): my-org', not \(node.value.kind)")
    }
    guard let organization = members.first(where: { $0.key == name }) else {
      throw YAMLError(node.place, "the log has no \(name): expected \(Settings.log.expected)")
    }
    let place = organization.value.place
    guard case .text(let text) = organization.value.value else {
      throw YAMLError(
        place,
        "\(name) is \(organization.value.value.kind): expected \(Settings.log.expected); put the text in quotes"
      )
    }
    guard let log = LogName(text) else {
      throw YAMLError(place, "\(name) \(quoted(text)): expected \(Settings.log.expected)")
    }
    let own = try settings(members, besides: name)
    var settings = common
    if !JobFileReader.alternatives.isDisjoint(with: own.keys) {
      for name in JobFileReader.alternatives { settings[name] = nil }
    }
    return JobEntry(
      log: log, organization: given(text, name, place), settings: settings.merging(own) { $1 })
  }

  /// The settings among the members. Every member except `other` must be a setting.
  private func settings(
    _ members: [YAMLNode.Member], besides other: String
  ) throws(YAMLError) -> [String: RawSetting] {
    var settings: [String: RawSetting] = [:]
    for member in members where member.key != other {
      guard let setting = Settings.ofJobFile.first(where: { $0.jobNames.contains(member.key) }) else {
        throw YAMLError(member.place, unknown(member.key, besides: other))
      }
      if other == Settings.log.name, Settings.ofWholeJob.contains(setting.name) {
        throw YAMLError(
          member.place, "\(quoted(member.key)) applies to the whole job: move it above 'logs:'")
      }
      guard settings[setting.name] == nil else {
        throw YAMLError(
          member.place, "\(quoted(member.key)): use \(setting.jobNames.joined(separator: " or ")), not both")
      }
      settings[setting.name] = try value(of: setting, member.value)
    }
    if let second = members.last(where: { JobFileReader.alternatives.contains($0.key) }),
      settings.keys.filter(JobFileReader.alternatives.contains).count > 1
    {
      throw YAMLError(
        second.place, "use \(JobFileReader.alternatives.sorted().joined(separator: " or ")), not both")
    }
    return settings
  }

  private func unknown(_ key: String, besides other: String) -> String {
    let secrets = ["api_key", "key", "token", "oidc_token", "password", "secret"]
    if secrets.contains(key.lowercased()) {
      return """
        \(quoted(key)): a job file cannot contain secrets; use \(Settings.apiKeyFile.name) to name a file with the key, or \
        \(Settings.apiKeyVariable.name) to name an environment variable
        """
    }
    let byHand = [Settings.from, Settings.to].map(\.name) + ["replace", "dry_run"]
    if byHand.contains(key) {
      return "\(quoted(key)) is allowed only on the command line, because a job runs repeatedly"
    }
    let names = [other] + Settings.ofJobFile.map(\.name)
    return "unknown key \(quoted(key))"
      + (Nearest.to(key, among: names).map { ": did you mean '\($0)'?" } ?? "")
  }

  private func value(of setting: any SettingDefinition, _ node: YAMLNode) throws(YAMLError) -> RawSetting {
    let text = try text(of: setting, node)
    if case .text = node.value, setting.shown(text) != text {
      throw YAMLError(
        node.place,
        "\(setting.name): a job file cannot contain a user name or password; set \(setting.variables[0]) instead"
      )
    }
    do {
      try setting.check(text, at: setting.name)
    } catch {
      throw YAMLError(node.place, error.sentence.trimmingFullStop)
    }
    return given(setting.jobForm == .path ? absolute(text) : text, setting.name, node.place)
  }

  private func text(of setting: any SettingDefinition, _ node: YAMLNode) throws(YAMLError) -> String {
    switch (setting.jobForm, node.value) {
    case (.text, .text(let text)), (.path, .text(let text)), (.choice, .text(let text)),
      (.number, .text(let text)), (.list, .text(let text)), (.mapping, .text(let text)),
      (.integer, .integer(let text)),
      (.number, .integer(let text)), (.number, .number(let text)):
      return text
    case (.boolean, .boolean(let isTrue)): return String(isTrue)
    case (.list, .list(let nodes)):
      var words: [String] = []
      for node in nodes {
        guard case .text(let word) = node.value, !words.contains(word) else {
          throw YAMLError(node.place, "\(setting.name): expected \(setting.expected), each once")
        }
        words.append(word)
      }
      return words.joined(separator: ",")
    case (.mapping, .mapping(let members)):
      var pairs: [String] = []
      for member in members {
        guard case .text(let word) = member.value.value, !member.key.contains(","), !member.key.contains("="),
          !word.contains(",")
        else { throw YAMLError(member.place, "\(setting.name): expected \(setting.expected)") }
        pairs.append("\(member.key)=\(word)")
      }
      return pairs.joined(separator: ",")
    case (.text, .integer), (.text, .number), (.text, .boolean), (.path, .integer), (.path, .number),
      (.path, .boolean):
      throw YAMLError(
        node.place,
        "\(setting.name) is \(node.value.kind): expected \(setting.expected); put the text in quotes")
    default:
      throw YAMLError(node.place, "\(setting.name) is \(node.value.kind): expected \(setting.expected)")
    }
  }

  private func given(_ text: String, _ key: String, _ place: YAMLPosition) -> RawSetting {
    RawSetting(text: text, source: .file(path: path, line: place.line, column: place.column, key: key))
  }

  /// The path, which is relative to the folder of the job file, as a path from the current folder.
  private func absolute(_ text: String) -> String {
    guard !text.hasPrefix("/"), text != "-", !BucketAddress.isMeant(by: text),
      let slash = path.lastIndex(of: "/")
    else { return text }
    return path[...slash] + text
  }
}

extension String {
  fileprivate var trimmingFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
