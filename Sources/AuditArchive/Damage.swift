package import AuditRecord

/// What is wrong with a sealed file that the state names.
package enum Damage: Hashable, Sendable {
  case missing
  /// Something else stands there.
  case notAFile(FileKind)
  /// Bytes.
  case size(expected: Int, found: Int)
  /// Other bytes than those that were sealed; the hashes are SHA-256.
  case altered(expected: String, found: String)
  /// Not what its format says; where and why.
  case unreadable(String)
  case miscounted(expected: Int, found: Int)
  /// The day's rows are not those that were committed, though each file is as it was.
  case otherContent(expected: String, found: String)
}

extension Damage: CustomStringConvertible {
  /// What one says after the file's name: `has 12 bytes instead of 40`
  package var description: String {
    switch self {
    case .missing: "is missing"
    case .notAFile(let found): "is \(found.words) instead of a file"
    case .size(let expected, let found): "has \(found) bytes instead of \(expected)"
    case .altered(let expected, let found): "has SHA-256 \(found) instead of \(expected)"
    case .unreadable(let why): "cannot be read: \(why)"
    case .miscounted(let expected, let found): "has \(found) rows instead of \(expected)"
    case .otherContent(let expected, let found): "has rows with SHA-256 \(found) instead of \(expected)"
    }
  }
}

/// A damaged file of an archive.
package struct DamagedFile: Hashable, Sendable {
  package var path: String
  /// Whose rows it holds; nil for a file of state or of quarantine.
  package var day: Day?
  package var damage: Damage
  /// What to export anew with `--replace` to make it good: the day, or for a file of quarantine the window of the run
  /// that stored it. nil where that is not known, and for a file of state.
  package var window: Window?

  package init(path: String, day: Day?, damage: Damage, window: Window? = nil) {
    self.path = path
    self.day = day
    self.damage = damage
    self.window = window ?? day?.window
  }
}

extension DamagedFile: CustomStringConvertible {
  package var description: String { "\(path) \(damage)" }
}
