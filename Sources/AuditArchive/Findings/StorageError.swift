/// A storage operation that failed: which one, on what, and why.
package struct StorageError: Error, Hashable, Sendable {
  /// The operation that failed. The raw value completes the sentence "could not …".
  package enum Operation: String, Sendable {
    case create, open, write, read, sync, close, rename, link
    case delete
    case makeFolder = "create the folder"
    case removeFolder = "remove the folder"
    case syncFolder = "sync the folder"
    case list = "list the folder"
    case inspect
    case lock
  }

  /// The kinds of failure that programs distinguish.
  package enum Reason: Hashable, Sendable {
    /// The name is taken.
    case exists
    case missing
    /// No space left.
    case full
    /// The file system cannot hold more files, whatever space is left.
    case noInodes
    /// The quota of the user, group or project is used up.
    case quota
    /// No permission.
    case denied
    /// Mounted read-only.
    case readOnly
    /// The two names are on different volumes.
    case otherVolume
    /// The file system has no locks.
    case noLocks
    /// The process, or the machine, has too many open files.
    case tooManyOpenFiles
    /// The file would exceed a limit of the file system or the process.
    case tooLarge
    case nameTooLong
    /// A network file system, a file system of another process or a device that went away.
    case disconnected
    /// Something else, such as a file, is where a folder of the archive belongs.
    case notAFolder
    /// A symbolic link below the archive's root. `path` is the path of the link.
    case symbolicLink
    /// Something that is neither a regular file nor a link is where a file of the archive belongs.
    case notAFile(FileKind)
    /// The file is larger than any such file of an archive.
    case oversized
    /// The folder is not empty.
    case notEmpty
    /// The storage does not have the operation.
    case unsupported
    /// Another process has changed the file since it was read.
    case outrun
    /// The storage asks for fewer requests; nothing was done.
    case throttled
    /// The storage did not answer; the work may or may not be done.
    case unreachable
    /// The task was cancelled while it waited for the storage; nothing was done.
    case interrupted
    /// The storage cannot be used as it is set up. `cure` says what to do.
    case unusable
    /// The certificate of the storage, or of a service that it needs, is not trusted. `cure` says what to do.
    case untrusted
    /// An I/O error (EIO), or anything else.
    case other
  }

  /// The operation that failed.
  package var operation: Operation
  /// As the user would write it.
  package var path: String
  package var reason: Reason
  /// The storage's own explanation.
  package var detail: String
  /// The known size in bytes of the file that was being written; nil for other operations.
  package var needed: Int?
  /// The storage's own advice, in sentences; nil if `reason` says enough.
  package var cure: String?

  /// The error number of the operating system (errno). Used by `PosixFileSystem` only.
  var code: Int32 = 0

  package init(operation: Operation, path: String, reason: Reason, detail: String) {
    self.operation = operation
    self.path = path
    self.reason = reason
    self.detail = detail
  }

  package func with(_ reason: Reason) -> StorageError {
    var error = self
    error.reason = reason
    return error
  }

  /// The file system cannot create a file without the risk of overwriting another one.
  static func withoutExclusiveCreation(at path: DiskPath) -> StorageError {
    var error = StorageError(
      operation: .create, path: path.text, reason: .unsupported,
      detail: "the file system has neither hard links nor a rename that does not overwrite")
    error.cure = """
      keep an archive that is a Delta Lake table on another file system: here, the runs of two logs could overwrite each other's \
      versions of the table
      """
    return error
  }

  /// Something else is where a file or a folder belongs.
  static func inPlace(
    of wanted: FileKind, _ found: FileKind, at path: String, _ operation: Operation, code: Int32 = 0
  ) -> StorageError {
    let (reason, detail): (Reason, String) =
      if found == .symbolicLink {
        (.symbolicLink, "there is a symbolic link, and links inside an archive are not followed")
      } else {
        (
          wanted == .file ? .notAFile(found) : .notAFolder,
          "there is \(found.words) instead of \(wanted.words)"
        )
      }
    var error = StorageError(operation: operation, path: path, reason: reason, detail: detail)
    error.code = code
    return error
  }
}

extension StorageError: CustomStringConvertible {
  /// `could not write /data/audit/_staging/acme/0000 (it needs at least 65536 bytes): No space left on device`
  package var description: String {
    let need = needed.map { " (it needs at least \($0) bytes)" } ?? ""
    return "could not \(operation.rawValue) \(path)\(need): \(detail)"
  }
}

/// What a name in a folder refers to.
package enum FileKind: Hashable, Sendable {
  /// A regular file.
  case file
  case folder, symbolicLink, pipe, socket, device
  /// The name is not UTF-8, so no path of an archive leads to it.
  case unnameable
  case other

  /// `a named pipe`
  package var words: String {
    switch self {
    case .file: "a file"
    case .folder: "a folder"
    case .symbolicLink: "a symbolic link"
    case .pipe: "a named pipe"
    case .socket: "a socket"
    case .device: "a device"
    case .unnameable: "something whose name is not UTF-8"
    case .other: "something that is neither a file nor a folder"
    }
  }
}
