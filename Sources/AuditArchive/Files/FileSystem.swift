/// What the archive asks of a file system: the only way in which it touches a disk.
///
/// Low level on purpose. Each operation is one that may fail, or be forgotten in a crash, on its own: bytes are durable
/// after `sync`, names after `syncFolder` of the folder that holds them, and not before. Nothing here retries but for
/// interruptions, and nothing does more than it says. Paths are absolute, or relative to the working directory.
package protocol FileSystem: Sendable {
  /// Creates a new empty file for writing. Throws `.exists` when the name is taken, by a symbolic link too.
  func create(_ path: String) throws(StorageError) -> OpenFile
  /// Opens a file for reading; symbolic links are followed.
  func open(_ path: String) throws(StorageError) -> OpenFile
  /// Writes all of `bytes` at the end of what was written before.
  func write(_ bytes: [UInt8], to file: OpenFile) throws(StorageError)
  /// Up to `count` bytes from `offset`; fewer only at the end of the file.
  func read(_ count: Int, at offset: Int, from file: OpenFile) throws(StorageError) -> [UInt8]
  /// Returns when the file's bytes are durable.
  func sync(_ file: OpenFile) throws(StorageError)
  func close(_ file: OpenFile) throws(StorageError)

  /// Gives a file its new name, replacing what had it.
  func rename(_ path: String, to newPath: String) throws(StorageError)
  /// Gives a file its new name, in one step. Throws `.exists` when that is taken, `.unsupported` when this file system
  /// cannot refuse.
  func renameExclusively(_ path: String, to newPath: String) throws(StorageError)
  /// Gives a file a second name. Throws `.exists` when that is taken, `.unsupported` when files have but one here.
  func link(_ path: String, to newPath: String) throws(StorageError)
  func unlink(_ path: String) throws(StorageError)

  /// Makes one folder. Throws `.exists` when the name is taken, `.missing` when its parent is not there.
  func makeFolder(_ path: String) throws(StorageError)
  /// Removes a folder. Throws `.notEmpty` when there is something in it.
  func removeFolder(_ path: String) throws(StorageError)
  /// Returns when the names in the folder are durable: those added and those taken away. Throws `.unsupported` when this
  /// file system cannot say so.
  func syncFolder(_ path: String) throws(StorageError)
  /// What stands in a folder, in no particular order, without `.` and `..`.
  func list(_ path: String) throws(StorageError) -> [FolderEntry]
  /// What stands under a name; nil for nothing. `followingLinks`: of what a symbolic link leads to, not of the link.
  func status(_ path: String, followingLinks: Bool) throws(StorageError) -> FileStatus?

  /// Opens the file for writing, creating it when there is none, and takes an advisory lock on it that lasts until
  /// `close` or the end of the process. nil, at once, when another holds it. A symbolic link is not followed.
  func lock(_ path: String) throws(StorageError) -> OpenFile?
  /// Cuts the file to nothing; what is written next stands at its beginning.
  func truncate(_ file: OpenFile) throws(StorageError)

  /// What is left on the disk that holds the path, for this user.
  func space(at path: String) throws(StorageError) -> DiskSpace
  /// Where the path is kept: within one volume, files are renamed and linked. A symbolic link is followed.
  func volume(at path: String) throws(StorageError) -> Volume
}

/// A file held open by a `FileSystem`.
package struct OpenFile: Hashable, Sendable {
  package var descriptor: Int32
  package var path: String
  /// Whether it was opened by `lock`.
  package var isLock: Bool

  package init(descriptor: Int32, path: String, isLock: Bool = false) {
    self.descriptor = descriptor
    self.path = path
    self.isLock = isLock
  }
}

package enum FileKind: Hashable, Sendable {
  case file, folder, symbolicLink, other
}

package struct FolderEntry: Hashable, Sendable {
  package var name: String
  package var kind: FileKind

  package init(name: String, kind: FileKind) {
    self.name = name
    self.kind = kind
  }
}

package struct FileStatus: Hashable, Sendable {
  package var kind: FileKind
  /// Bytes.
  package var size: Int

  package init(kind: FileKind, size: Int) {
    self.kind = kind
    self.size = size
  }
}

/// A mount of a file system.
package struct Volume: Hashable, Sendable {
  package var device: UInt64
  /// Two mounts of one device have two numbers; 0 where the system does not tell.
  package var mount: UInt64

  package init(device: UInt64, mount: UInt64) {
    self.device = device
    self.mount = mount
  }
}

package struct DiskSpace: Hashable, Sendable {
  /// Bytes.
  package var free: Int
  /// More files that can be made; nil where the file system has no such limit, or does not tell.
  package var freeFiles: Int?

  package init(free: Int, freeFiles: Int? = nil) {
    self.free = free
    self.freeFiles = freeFiles
  }
}
