/// A file of other programs among those of an archive: no damage, and no data either.
package struct LeftByOthers: Hashable, Sendable {
  package enum Kind: String, Sendable {
    /// Its name, or that of a folder on the way to it, begins with a dot: readers of tables skip it.
    case hidden
    /// A file that was deleted over NFS while a program on that machine has it open.
    case deletedOverNFS = "deleted-over-nfs"
    /// Of a file manager, a network storage, or a file system.
    case ofSystem = "of-system"
    /// Of an editor.
    case backup
    /// Of a `check` that was stopped.
    case trial
  }

  /// Relative to the archive.
  package var path: String
  package var kind: Kind

  /// nil when nothing in the path below `folder` is a name that other programs are known to leave.
  init?(_ path: String, below folder: String) {
    guard path.hasPrefix(folder + "/") else { return nil }
    let names = path.dropFirst(folder.count + 1).split(separator: "/")
    guard let kind = names.lazy.compactMap(LeftByOthers.kind).first else { return nil }
    (self.path, self.kind) = (path, kind)
  }

  /// nil for a name that nobody is known to leave.
  private static func kind(_ name: Substring) -> Kind? {
    if name.hasPrefix(".nfs") { return .deletedOverNFS }
    if name.hasPrefix(".") { return .hidden }
    if name.hasPrefix("_check-") { return .trial }
    if ofSystem.contains(name.lowercased()) { return .ofSystem }
    let isBackup =
      name.hasSuffix("~") || name.hasPrefix("~$") || (name.hasPrefix("#") && name.hasSuffix("#"))
      || backupEndings.contains(where: name.hasSuffix)
    return isBackup ? .backup : nil
  }

  private static let ofSystem: Set<String> = [
    "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot",  // network storages
    "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information",  // Windows
    "__macosx", "icon\r", "network trash folder", "temporary items",  // macOS
    "lost+found",
  ]
  private static let backupEndings = [".bak", ".orig", ".swp", ".swo"]
}
