import AuditArchive
import AuditRecord
import Platform

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
