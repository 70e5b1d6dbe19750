import CloudsmithAPI
import Platform

/// What cloudsmith-cli reads, in its order: `config.ini` and `credentials.ini` in the current directory, in
/// `~/.config/cloudsmith` and in `~/.cloudsmith`, behind a file that the environment names. All of them are merged key by key.
///
/// A profile lies over the default, whatever the file; within each the earlier file counts. An empty value is no value.
package struct CLIFiles: Sendable {
  private let configurations: [Place]
  private let credentials: [Place]

  /// A file that is there; that it cannot be read is told when somebody looks for something in it.
  private struct Place: Sendable {
    let path: String
    /// Found in the current directory, not named by the user.
    let isFromWorkingDirectory: Bool
    let file: Result<SecretFile, Failure>
  }

  /// For what is not looked for in them.
  package static let none = CLIFiles(configurations: [], credentials: [])

  private init(configurations: [Place], credentials: [Place]) {
    self.configurations = configurations
    self.credentials = credentials
  }

  package init(_ environment: [String: String]) {
    configurations = CLIFiles.places("config.ini", "CLOUDSMITH_CONFIG_FILE", environment)
    credentials = CLIFiles.places("credentials.ini", "CLOUDSMITH_CREDENTIALS_FILE", environment)
  }

  /// - Parameter names: of one setting, the preferred first.
  package func configuration(
    _ names: [String], profile: String?
  ) throws(Failure) -> (given: RawSetting, isFromWorkingDirectory: Bool)? {
    guard let (place, given) = try find(names, profile, in: configurations) else { return nil }
    return (given, place.isFromWorkingDirectory)
  }

  /// The API key, and the sentence that others can read it.
  package func apiKey(profile: String?) throws(Failure) -> (given: RawSetting, warning: String?)? {
    guard let (place, given) = try find(["api_key"], profile, in: credentials) else { return nil }
    return (given, try place.file.get().warning)
  }

  private func find(
    _ names: [String], _ profile: String?, in places: [Place]
  ) throws(Failure) -> (Place, RawSetting)? {
    for section in [profile.map { "profile:\($0)" }, "default"].compactMap(\.self) {
      for name in names {
        for place in places {
          let file = INIFile(try place.file.get().text)
          guard let entry = file.entry(name, in: section) else { continue }
          return (
            place,
            RawSetting(text: entry.text, source: .file(path: place.path, line: entry.line, key: name))
          )
        }
      }
    }
    return nil
  }

  private static func places(
    _ name: String, _ variable: String, _ environment: [String: String]
  ) -> [Place] {
    var paths: [(path: String, isFromWorkingDirectory: Bool)] = []
    if let named = environment[variable], !named.isEmpty {
      paths.append((SmallFile.isFolder(named) ? "\(named)/\(name)" : named, false))
    }
    let named = paths.count
    paths.append((name, true))
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
    let configuration = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
    if let folder = configuration ?? home.map({ $0 + "/.config" }) {
      paths.append(("\(folder)/cloudsmith/\(name)", false))
    }
    if let home { paths.append(("\(home)/.cloudsmith/\(name)", false)) }
    return paths.enumerated().compactMap { index, path in
      // A file that the user names has to be there.
      guard index < named || FileManager.default.fileExists(atPath: path.path) else { return nil }
      let file = Result { () throws(Failure) in
        try SecretFile(path.path, contents: name == "config.ini" ? "settings" : "the API key")
      }
      return Place(path: path.path, isFromWorkingDirectory: path.isFromWorkingDirectory, file: file)
    }
  }
}
