import AuditArchive
import AuditRecord
import CommandResults
import ExportConfiguration
import Platform

/// A file of the user's that is written whole or not at all: beside its place first, made durable, then renamed over it.
///
/// Nothing is done after the rename that could fail. So the name is not made durable: after a power failure the file of before may
/// be there again, and whoever wrote this one writes it again.
struct OutputFile {
  /// That names it, such as `--html`; for messages.
  private let option: String
  /// As the user gave it; for messages.
  private let given: String
  private let folder: String
  private let name: String
  private var path: String { "\(folder)/\(name)" }

  /// What stands in these folders of an archive is the archive's alone: anything else there is a finding of `verify`.
  private static let folders = ["csv", "parquet", "quarantine", "_manifest", "_staging"]

  /// Refuses a place that cannot be written to, or that belongs to one of the archives. A symbolic link is followed.
  init(_ given: String, option: String, archives: [String]) throws(Failure) {
    (self.option, self.given) = (option, given)
    let path = OutputFile.resolved(given) ?? given
    guard let last = path.split(separator: "/").last, !path.hasSuffix("/"), last != ".", last != ".." else {
      throw .usage("\(option) \(quoted(given)): give the name of a file.")
    }
    name = String(last)
    let above = String(path.dropLast(name.count))
    guard let folder = OutputFile.resolved(above.isEmpty ? "." : above) else {
      throw Failure(
        status: .storage,
        sentence: "The folder of \(option) \(quoted(given)) cannot be found: make it, or give another file.")
    }
    self.folder = folder == "/" ? "" : folder
    for archive in archives {
      if let owned = OutputFile.owned(folder, by: archive) {
        throw .usage(
          "\(option) \(quoted(given)) lies in \(owned)/ of the archive, where nothing but the archive may stand: give another folder."
        )
      }
    }
  }

  /// The folder of an archive that a path lies in, where nothing but the archive may stand; nil where it lies in none.
  static func owned(_ path: String, by archive: String) -> String? {
    guard let root = resolved(archive) else { return nil }
    return folders.first { (path + "/").hasPrefix("\(root)/\($0)/") }
  }

  static func resolved(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  /// Runs `body` while no other run of this program does so for a file of the same folder. Waits some seconds at most: what is
  /// written is whole in any case, and a folder that cannot be locked is no reason to write nothing.
  func withFolderLocked(_ body: () throws -> Void) async throws {
    let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    for _ in 0..<100 where descriptor >= 0 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    try body()
  }

  /// - Parameter mode: the rights of the file, whatever the mask; nil: those that the mask leaves.
  func write(_ bytes: [UInt8], mode: mode_t? = nil) throws(Failure) {
    let files = PosixFileSystem()
    do {
      switch try files.status(DiskPath(path))?.kind {
      case nil, .file: break
      case .folder:
        throw Failure.usage("\(option) \(quoted(given)) is a folder: give the name of a file in it.")
      case .pipe, .socket, .device, .symbolicLink, .unnameable, .other:
        throw Failure.usage(
          "\(option) \(quoted(given)) is a device, pipe or socket, which would be replaced: give the name of a file."
        )
      }
      // A hidden name with another end: who collects files of this kind does not take it for one.
      let temporary = DiskPath("\(folder)/", ".\(name).\(getpid()).tmp")
      // Left by a run that was killed and had this number.
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
          throw Failure(status: .storage, sentence: "The rights of \(option) \(quoted(given)) cannot be set.")
        }
        try files.rename(temporary, to: DiskPath("\(folder)/", name))
      } catch {
        // The failure that led here is the one to tell.
        do { try files.unlink(temporary) } catch {}
        throw error
      }
    } catch let error as StorageError {
      throw Failure(
        status: .storage,
        sentence: """
          \(option) \(quoted(given)) could not be written: \(error). Check that its folder is there, has room, and that this user \
          may write there. What was there before is there still.
          """)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(status: .failed, sentence: "\(error)")
    }
  }
}

/// A folder of the user's that appears whole or not at all: it is filled beside its place, and then renamed.
struct OutputFolder {
  /// Absolute.
  let path: String
  /// Where it is filled.
  let temporary: String
  /// As the user gave it, with the option; for messages.
  private let named: String

  /// Refuses a place that has something, or that belongs to the archive.
  init(_ given: String, option: String, archive: String) throws(Failure) {
    named = "\(option) \(quoted(given))"
    var trimmed = given[...]
    while trimmed.hasSuffix("/"), trimmed.count > 1 { trimmed.removeLast() }
    guard let last = trimmed.split(separator: "/").last, last != ".", last != ".." else {
      throw .usage("\(named): give the name of a folder that is not there yet, or is empty.")
    }
    if let found = OutputFile.resolved(String(trimmed)) {
      path = found
    } else {
      let above = String(trimmed.dropLast(last.count))
      guard let folder = OutputFile.resolved(above.isEmpty ? "." : above) else {
        throw Failure(
          status: .storage,
          sentence: "The folder above \(named) cannot be found: make it, or give another folder.")
      }
      path = folder == "/" ? "/\(last)" : "\(folder)/\(last)"
    }
    if let owned = OutputFile.owned(path, by: archive) {
      throw .usage(
        "\(named) lies in \(owned)/ of the archive, where nothing but the archive may stand: give another folder."
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
        throw Failure.usage("\(named) is not empty: give a folder that is not there yet, or is empty.")
      default:
        throw Failure.usage("\(named) is no folder: give one that is not there yet, or is empty.")
      }
    } catch let error as StorageError {
      throw failure(error)
    } catch {
      throw error as? Failure ?? Failure(status: .failed, sentence: "\(error)")
    }
  }

  /// Why nothing was written there.
  func failure(_ error: StorageError) -> Failure {
    Failure(
      status: .storage,
      sentence: """
        \(named) could not be made: \(error). Check that the folder above it is there, has room, and that this user may write \
        there. Nothing is left behind.
        """)
  }

  /// Whether an error is about this folder, and not about the archive.
  func isAbout(_ error: StorageError) -> Bool {
    error.path == path || (error.path + "/").hasPrefix(temporary + "/")
  }
}
