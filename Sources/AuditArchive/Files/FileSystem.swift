/// What the archive asks of a file system: the only way in which it touches a disk.
///
/// Low level on purpose. Each operation is one that may fail, or be forgotten in a crash, on its own: bytes are durable
/// after `sync`, names after `syncFolder` of the folder that holds them, and not before. Nothing here retries but for
/// interruptions, and nothing does more than it says. Roots are absolute, or relative to the working directory.
///
/// Every operation throws `.symbolicLink` when a link stands below the root on the way, with the link's own path, and
/// `.notAFolder` when something else does. Only regular files are opened.
package protocol FileSystem: Sendable {
  /// Creates a new empty file for writing. Throws `.exists` when the name is taken, by a symbolic link too.
  func create(_ path: DiskPath) throws(StorageError) -> OpenFile
  /// Opens a regular file for reading, without waiting. Throws `.notAFile` when something else stands there.
  func open(_ path: DiskPath) throws(StorageError) -> OpenFile
  /// Writes all of `bytes` at the end of what was written before.
  func write(_ bytes: [UInt8], to file: OpenFile) throws(StorageError)
  /// Up to `count` bytes from `offset`; fewer only at the end of the file.
  func read(_ count: Int, at offset: Int, from file: OpenFile) throws(StorageError) -> [UInt8]
  /// Returns when the file's bytes are durable.
  func sync(_ file: OpenFile) throws(StorageError)
  func close(_ file: OpenFile) throws(StorageError)

  /// Gives a file its new name, replacing what had it.
  func rename(_ path: DiskPath, to newPath: DiskPath) throws(StorageError)
  /// Gives a file its new name, in one step. Throws `.exists` when that is taken, `.unsupported` when this file system
  /// cannot refuse.
  func renameExclusively(_ path: DiskPath, to newPath: DiskPath) throws(StorageError)
  /// Gives a file a second name. Throws `.exists` when that is taken, `.unsupported` when files have but one here.
  func link(_ path: DiskPath, to newPath: DiskPath) throws(StorageError)
  /// Takes away a name; of a symbolic link its own.
  func unlink(_ path: DiskPath) throws(StorageError)

  /// Makes one folder. Throws `.exists` when the name is taken, `.missing` when its parent is not there.
  func makeFolder(_ path: DiskPath) throws(StorageError)
  /// Removes a folder. Throws `.notEmpty` when there is something in it.
  func removeFolder(_ path: DiskPath) throws(StorageError)
  /// Returns when the names in the folder are durable: those added and those taken away. Throws `.unsupported` when this
  /// file system cannot say so.
  func syncFolder(_ path: DiskPath) throws(StorageError)
  /// What stands in a folder, in no particular order, without `.` and `..`. `isDeep`: in the folders below it too, down to
  /// `FolderEntry.deepest`; what goes away meanwhile is left out.
  func list(_ path: DiskPath, isDeep: Bool) throws(StorageError) -> [FolderEntry]
  /// What stands under a name, of a symbolic link the link itself; nil for nothing. A root is followed.
  func status(_ path: DiskPath) throws(StorageError) -> FileStatus?

  /// Opens the regular file for writing, creating it when there is none, and takes an advisory lock on it that lasts until
  /// `close` or the end of the process. nil, at once, when another holds it. Throws `.notAFile` when something else stands
  /// there.
  func lock(_ path: DiskPath) throws(StorageError) -> OpenFile?
  /// Whether the open file is still what stands under its path: nobody has removed or replaced it.
  func isInPlace(_ file: OpenFile) throws(StorageError) -> Bool
  /// Cuts the file to nothing; what is written next stands at its beginning.
  func truncate(_ file: OpenFile) throws(StorageError)

  /// What is left on the disk that holds the folder, for this user.
  func space(at path: DiskPath) throws(StorageError) -> DiskSpace
  /// Where the folder is kept: within one volume, files are renamed and linked.
  func volume(at path: DiskPath) throws(StorageError) -> Volume
}

extension FileSystem {
  /// What stands in a folder, without what stands in the folders below it.
  package func list(_ path: DiskPath) throws(StorageError) -> [FolderEntry] { try list(path, isDeep: false) }
}

/// A file held open by a `FileSystem`.
package struct OpenFile: Hashable, Sendable {
  package var descriptor: Int32
  package var path: DiskPath
  /// As it was when it was opened.
  package var status: FileStatus
  /// Whether it was opened by `lock`.
  package var isLock: Bool

  package init(
    descriptor: Int32, path: DiskPath, status: FileStatus = FileStatus(kind: .file, size: 0),
    isLock: Bool = false
  ) {
    self.descriptor = descriptor
    self.path = path
    self.status = status
    self.isLock = isLock
  }
}

package enum FileKind: Hashable, Sendable {
  /// A regular file.
  case file
  case folder, symbolicLink, pipe, socket, device
  /// Whatever it is, its name is not UTF-8, so that no path of an archive leads to it.
  case unnameable
  /// None of these.
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

package struct FolderEntry: Hashable, Sendable {
  /// The name, or the names joined by `/` of what stands further below. Bytes that are not UTF-8 are replaced.
  package var name: String
  package var kind: FileKind
  /// Bytes of a regular file; 0 for anything else.
  package var size: Int

  package init(name: String, kind: FileKind, size: Int = 0) {
    self.name = name
    self.kind = kind
    self.size = size
  }

  /// How far down a deep list looks: no folder of an archive lies near that. One that does is told, and not looked into.
  package static let deepest = 32

  /// Whether it lies as deep as a deep list looks.
  var isDeepest: Bool { name.utf8.count { $0 == UInt8(ascii: "/") } >= FolderEntry.deepest }
}

package struct FileStatus: Hashable, Sendable {
  package var kind: FileKind
  /// Bytes.
  package var size: Int
  /// The inode number.
  package var number: UInt64
  /// When the bytes were last written, in nanoseconds since 1970.
  package var modified: Int64

  package init(kind: FileKind, size: Int, number: UInt64 = 0, modified: Int64 = 0) {
    self.kind = kind
    self.size = size
    self.number = number
    self.modified = modified
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

/// Where something stands on a disk, in two parts: a root, and what lies below it.
///
/// A symbolic link in the root, or that is the root, is followed. None is followed below it, at any level.
package struct DiskPath: Hashable, Sendable {
  package var root: String
  /// Relative to the root, names joined by `/`; empty for the root itself.
  package var below: String

  package init(_ root: String, _ below: String = "") {
    self.root = root
    self.below = below
  }

  /// In one part, for messages.
  package var text: String {
    if below.isEmpty { return root }
    return root.hasSuffix("/") ? root + below : "\(root)/\(below)"
  }

  /// The names below the root, in order.
  package var names: [String] { below.split(separator: "/").map(String.init) }

  package func appending(_ name: String) -> DiskPath {
    DiskPath(root, below.isEmpty ? name : "\(below)/\(name)")
  }
}

extension DiskPath: CustomStringConvertible {
  package var description: String { text }
}
