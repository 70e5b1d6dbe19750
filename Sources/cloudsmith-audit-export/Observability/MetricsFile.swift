import AuditArchive

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The file that a collector reads at any moment: written beside its place, made durable, and renamed over what was there.
struct MetricsFile {
  let path: String

  /// Readable by all, whatever the mask: it holds no secret, and the collector is another user.
  private static let mode = 0o644

  /// - Throws: `StorageError`, or what Foundation says of the mode.
  func replace(with text: String) throws {
    let files = PosixFileSystem()
    let folder = ArchivePaths.folder(ofSystemPath: path)
    let name = path.split(separator: "/").last ?? ""
    // Not a name that ends in .prom: the collector would take it too.
    let temporary = "\(folder)/.\(name).\(ProcessInfo.processInfo.processIdentifier)"
    let file = try files.create(temporary)
    do {
      let written = Result { try files.write(Array(text.utf8), to: file) }
      let synced = Result { try files.sync(file) }
      try files.close(file)
      try written.get()
      try synced.get()
      try FileManager.default.setAttributes([.posixPermissions: MetricsFile.mode], ofItemAtPath: temporary)
      try files.rename(temporary, to: path)
      try files.syncFolder(folder)
    } catch {
      do { try files.unlink(temporary) } catch {}  // the failure that led here is the one to tell
      throw error
    }
  }
}
