/// One operation on the store that failed: which, on what, and why.
package struct StorageError: Error, Hashable, Sendable {
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

  /// What tells one failure from another for a program.
  package enum Reason: Hashable, Sendable {
    /// The name is taken.
    case exists
    /// Nothing there.
    case missing
    /// No space left.
    case full
    /// No more files can be made, whatever space is left.
    case noInodes
    /// The quota of the user, group or project is used up.
    case quota
    /// No permission.
    case denied
    /// Mounted read-only.
    case readOnly
    /// The two names are on two volumes.
    case otherVolume
    /// The file system has no locks.
    case noLocks
    /// The process, or the machine, has too many files open.
    case tooManyOpenFiles
    /// The file would be larger than the file system, or a limit of the process, allows.
    case tooLarge
    case nameTooLong
    /// A file system on a network, or of another process, that went away, or a device.
    case disconnected
    /// Something else, such as a file, where a folder of the archive should stand.
    case notAFolder
    /// A symbolic link below the archive's root, where a folder or a file of the archive should stand. The path is the link's.
    case symbolicLink
    /// Something else than a regular file, and not a link, where a file of the archive should stand.
    case notAFile(FileKind)
    /// More bytes than any such file of an archive has.
    case oversized
    /// A folder that is not empty.
    case notEmpty
    /// The store does not have what was asked for.
    case unsupported
    /// Somebody else has changed the file since it was read.
    case outrun
    /// The store asks for fewer requests; nothing was done.
    case throttled
    /// The store did not answer: nobody knows whether it was done.
    case unreachable
    /// The disk said no (EIO), or anything else.
    case other
  }

  package var operation: Operation
  /// What it was about, as the user would name it.
  package var path: String
  package var reason: Reason
  /// The store's words for it.
  package var detail: String
  /// Bytes of the whole file that was being written, as far as it was known; nil when nothing was being written.
  package var needed: Int?

  /// The operating system's number for it (errno), for `PosixFileSystem` alone.
  var code: Int32 = 0

  package init(operation: Operation, path: String, reason: Reason, detail: String) {
    self.operation = operation
    self.path = path
    self.reason = reason
    self.detail = detail
  }
}

extension StorageError: CustomStringConvertible {
  /// `could not write /data/audit/_staging/acme/0000 (it needs at least 65536 bytes): No space left on device`
  package var description: String {
    let need = needed.map { " (it needs at least \($0) bytes)" } ?? ""
    return "could not \(operation.rawValue) \(path)\(need): \(detail)"
  }
}

extension StorageError {
  /// Something else stands where a file, or a folder, is wanted.
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
