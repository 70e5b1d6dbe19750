import CloudsmithAPI
import Platform

/// The files of cloudsmith-cli, in the order in which it reads them: a file named by the environment, then `config.ini` and
/// `credentials.ini` in the current directory, in `~/.config/cloudsmith` and in `~/.cloudsmith`. They are merged key by key.
///
/// A profile takes precedence over the default section, whatever the file. Within a section, the earlier file takes precedence. An
/// empty value counts as missing.
package struct CLIFiles: Sendable {
  private let configurations: [Place]
  private let credentials: [Place]

  /// An existing file. If it cannot be read, the failure is thrown when a value is looked up in it.
  private struct Place: Sendable {
    let path: String
    /// Whether it is in the current directory and the user did not name it.
    let isFromWorkingDirectory: Bool
    let file: Result<SecretFile, Failure>
  }

  /// No files, for settings that are not read from them.
  package static let none = CLIFiles(configurations: [], credentials: [])

  private init(configurations: [Place], credentials: [Place]) {
    self.configurations = configurations
    self.credentials = credentials
  }

  package init(_ environment: [String: String]) {
    configurations = CLIFiles.places("config.ini", "CLOUDSMITH_CONFIG_FILE", environment)
    credentials = CLIFiles.places("credentials.ini", "CLOUDSMITH_CREDENTIALS_FILE", environment)
  }

  /// The value of a setting in `config.ini`. nil if there is none.
  ///
  /// - Parameter names: The keys of the setting, the preferred one first.
  /// - Throws: A failure if a file cannot be read.
  package func configuration(
    _ names: [String], profile: String?
  ) throws(Failure) -> (given: RawSetting, isFromWorkingDirectory: Bool)? {
    guard let (place, given) = try find(names, profile, in: configurations) else { return nil }
    return (given, place.isFromWorkingDirectory)
  }

  /// The API key in `credentials.ini`, and a warning if other users can read the file. nil if there is none.
  ///
  /// - Throws: A failure if a file cannot be read.
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
      // A file that the user named must exist.
      guard index < named || FileManager.default.fileExists(atPath: path.path) else { return nil }
      let file = Result { () throws(Failure) in
        try SecretFile(path.path, contents: name == "config.ini" ? "settings" : "the API key")
      }
      return Place(path: path.path, isFromWorkingDirectory: path.isFromWorkingDirectory, file: file)
    }
  }
}
