import AuditArchive
import AuditRecord
import CommandResults
import ExportConfiguration
import Platform

/// An output file that is written atomically: to a temporary file in the same folder, fsync, then rename.
///
/// No step after the rename can fail. So the folder is not fsynced, and after a power failure the previous file may be
/// back. The next run writes it again.
struct OutputFile {
  /// The option that names the file, such as `--html`, for messages.
  private let option: String
  /// The path as the user wrote it, for messages.
  private let given: String
  private let folder: String
  private let name: String
  private var path: String { "\(folder)/\(name)" }

  /// The folders of an archive. Any other file in them is a finding of `verify`.
  private static let folders = ["csv", "parquet", "quarantine", "_manifest", "_staging"]

  /// Refuses a path whose folder does not exist, or that is inside one of the archives. Symbolic links are followed.
  ///
  /// - Throws: A usage or storage failure.
  init(_ given: String, option: String, archives: [String]) throws(Failure) {
    (self.option, self.given) = (option, given)
    let path = OutputFile.resolved(given) ?? given
    guard let last = path.split(separator: "/").last, !path.hasSuffix("/"), last != ".", last != ".." else {
      throw .usage("\(option) \(quoted(given)): expected the name of a file.")
    }
    name = String(last)
    let above = String(path.dropLast(name.count))
    guard let folder = OutputFile.resolved(above.isEmpty ? "." : above) else {
      throw Failure(
        status: .storage,
        sentence: "The folder of \(option) \(quoted(given)) does not exist. Create it, or pass another file.")
    }
    self.folder = folder == "/" ? "" : folder
    for archive in archives {
      if let owned = OutputFile.owned(folder, by: archive) {
        throw .usage(
          "\(option) \(quoted(given)) is in \(owned)/ of the archive, which may contain only files of the archive. Pass another folder."
        )
      }
    }
  }

  /// The folder of the archive, such as `csv`, that contains a path. nil if none does.
  static func owned(_ path: String, by archive: String) -> String? {
    guard let root = resolved(archive) else { return nil }
    return folders.first { (path + "/").hasPrefix("\(root)/\($0)/") }
  }

  static func resolved(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  /// Runs `body` with a lock on the folder, so that runs of this program do not overlap. Waits a few seconds at most, then runs
  /// without the lock: the write is atomic anyway.
  func withFolderLocked(_ body: () throws -> Void) async throws {
    let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    for _ in 0..<100 where descriptor >= 0 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    try body()
  }

  /// Replaces the file atomically.
  ///
  /// - Parameter mode: The permissions of the file. nil for those given by the umask.
  /// - Throws: A usage or storage failure. The previous file is still there.
  func write(_ bytes: [UInt8], mode: mode_t? = nil) throws(Failure) {
    let files = PosixFileSystem()
    do {
      switch try files.status(DiskPath(path))?.kind {
      case nil, .file: break
      case .folder:
        throw Failure.usage("\(option) \(quoted(given)) is a folder. Pass the name of a file in it.")
      case .pipe, .socket, .device, .symbolicLink, .unnameable, .other:
        throw Failure.usage(
          "\(option) \(quoted(given)) is a device, pipe or socket, which would be replaced. Pass the name of a file."
        )
      }
      // A hidden name with another extension, so that collectors of such files ignore it.
      let temporary = DiskPath("\(folder)/", ".\(name).\(getpid()).tmp")
      // Left by a killed run that had this process ID.
      if try files.status(temporary) != nil { try files.unlink(temporary) }
      do {
        let file = try files.create(temporary)
        do {
          try files.write(bytes, to: file)
          try files.sync(file)
        } catch {
          do { try files.close(file) } catch {}
          throw error
        }
        try files.close(file)
        if let mode, chmod(temporary.text, mode) != 0 {
          throw Failure(
            status: .storage, sentence: "The permissions of \(option) \(quoted(given)) cannot be set.")
        }
        try files.rename(temporary, to: DiskPath("\(folder)/", name))
      } catch {
        // The first error is the one to report.
        do { try files.unlink(temporary) } catch {}
        throw error
      }
    } catch let error as StorageError {
      throw Failure(
        status: .storage,
        sentence: """
          \(option) \(quoted(given)) could not be written: \(error). Check that its folder exists and has free space, and that this \
          user may write there. The previous file is unchanged.
          """)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(status: .failed, sentence: "\(error)")
    }
  }
}

/// An output folder that appears atomically: it is filled under a temporary name, then renamed.
struct OutputFolder {
  /// The absolute path.
  let path: String
  /// The temporary name under which it is filled.
  let temporary: String
  /// The option and the path as the user wrote it, for messages.
  private let named: String

  /// Refuses a folder that is not empty, or that is inside the archive.
  ///
  /// - Throws: A usage or storage failure.
  init(_ given: String, option: String, archive: String) throws(Failure) {
    named = "\(option) \(quoted(given))"
    var trimmed = given[...]
    while trimmed.hasSuffix("/"), trimmed.count > 1 { trimmed.removeLast() }
    guard let last = trimmed.split(separator: "/").last, last != ".", last != ".." else {
      throw .usage("\(named): expected the name of a folder that does not exist yet, or is empty.")
    }
    if let found = OutputFile.resolved(String(trimmed)) {
      path = found
    } else {
      let above = String(trimmed.dropLast(last.count))
      guard let folder = OutputFile.resolved(above.isEmpty ? "." : above) else {
        throw Failure(
          status: .storage,
          sentence: "The parent folder of \(named) does not exist. Create it, or pass another folder.")
      }
      path = folder == "/" ? "/\(last)" : "\(folder)/\(last)"
    }
    if let owned = OutputFile.owned(path, by: archive) {
      throw .usage(
        "\(named) is in \(owned)/ of the archive, which may contain only files of the archive. Pass another folder."
      )
    }
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    temporary = "\(path.dropLast(name.count)).\(name).\(getpid()).tmp"
    let files = PosixFileSystem()
    do {
      switch try files.status(DiskPath(path))?.kind {
      case nil: break
      case .folder where try files.list(DiskPath(path)).isEmpty: break
      case .folder:
        throw Failure.usage("\(named) is not empty. Pass a folder that does not exist yet, or is empty.")
      default:
        throw Failure.usage("\(named) is not a folder. Pass one that does not exist yet, or is empty.")
      }
    } catch let error as StorageError {
      throw failure(error)
    } catch {
      throw error as? Failure ?? Failure(status: .failed, sentence: "\(error)")
    }
  }

  /// The failure if the folder could not be written.
  func failure(_ error: StorageError) -> Failure {
    Failure(
      status: .storage,
      sentence: """
        \(named) could not be created: \(error). Check that its parent folder exists and has free space, and that this user may \
        write there. Nothing was left behind.
        """)
  }

  /// Whether an error is about this folder, and not about the archive.
  func isAbout(_ error: StorageError) -> Bool {
    error.path == path || (error.path + "/").hasPrefix(temporary + "/")
  }
}
