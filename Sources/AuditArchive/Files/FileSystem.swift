/// The file-system calls of the archive: its only way to a disk.
///
/// Low level on purpose: each operation can fail, or be undone by a power failure, on its own. Bytes are durable after `sync`, names
/// after `syncFolder` of their folder. Operations are repeated only after interruptions. Roots are absolute, or relative to the
/// working directory. Calls block their thread.
///
/// Every operation throws `.symbolicLink`, with the path of the link, if there is a link on the way below the root, and
/// `.notAFolder` if there is anything else. Only regular files are opened.
package protocol FileSystem: Sendable {
  /// Creates a new empty file for writing. Throws `.exists` if the name is taken, even by a symbolic link.
  func create(_ path: DiskPath) throws(StorageError) -> OpenFile
  /// Opens a regular file for reading, without waiting. Throws `.notAFile` for anything else.
  func open(_ path: DiskPath) throws(StorageError) -> OpenFile
  /// Appends all of `bytes`.
  func write(_ bytes: [UInt8], to file: OpenFile) throws(StorageError)
  /// Reads `count` bytes from `offset`; fewer only at the end of the file.
  func read(_ count: Int, at offset: Int, from file: OpenFile) throws(StorageError) -> [UInt8]
  /// Makes the bytes of the file durable.
  func sync(_ file: OpenFile) throws(StorageError)
  func close(_ file: OpenFile) throws(StorageError)

  /// Renames a file, and replaces the file at the new name.
  func rename(_ path: DiskPath, to newPath: DiskPath) throws(StorageError)
  /// Renames a file atomically. Throws `.exists` if the new name is taken, `.unsupported` if the file system cannot check that.
  func renameExclusively(_ path: DiskPath, to newPath: DiskPath) throws(StorageError)
  /// Hard-links a file. Throws `.exists` if the new name is taken, `.unsupported` if the file system has no links.
  func link(_ path: DiskPath, to newPath: DiskPath) throws(StorageError)
  /// Removes a name, of a symbolic link the link itself.
  func unlink(_ path: DiskPath) throws(StorageError)

  /// Makes one folder. Throws `.exists` if the name is taken, `.missing` if its parent is missing.
  func makeFolder(_ path: DiskPath) throws(StorageError)
  /// Removes a folder. Throws `.notEmpty` if it is not empty.
  func removeFolder(_ path: DiskPath) throws(StorageError)
  /// Makes the added and removed names of the folder durable. Throws `.unsupported` if the file system cannot.
  func syncFolder(_ path: DiskPath) throws(StorageError)
  /// Lists a folder in no particular order, without `.` and `..`.
  ///
  /// - Parameter isDeep: list the folders below it too, down to `FolderEntry.deepest`; entries that disappear meanwhile are left out.
  func list(_ path: DiskPath, isDeep: Bool) throws(StorageError) -> [FolderEntry]
  /// The status of a name, of a symbolic link the link itself; nil if nothing is there. A link that is the root is followed.
  func status(_ path: DiskPath) throws(StorageError) -> FileStatus?

  /// Opens a regular file for writing, creates it if it is missing, and takes an advisory lock that lasts until `close` or the end of
  /// the process. nil, at once, if another holder has it. Throws `.notAFile` if something else is there.
  func lock(_ path: DiskPath) throws(StorageError) -> OpenFile?
  /// Whether the open file is still at its path: nobody has removed or replaced it.
  func isInPlace(_ file: OpenFile) throws(StorageError) -> Bool
  /// Empties the file; the next write is at its beginning.
  func truncate(_ file: OpenFile) throws(StorageError)

  /// The space that this user has on the disk of the folder.
  func space(at path: DiskPath) throws(StorageError) -> DiskSpace
  /// The volume of the folder. Files can be renamed and linked within one volume.
  func volume(at path: DiskPath) throws(StorageError) -> Volume
}

extension FileSystem {
  /// Lists a folder without the folders below it.
  package func list(_ path: DiskPath) throws(StorageError) -> [FolderEntry] { try list(path, isDeep: false) }

  /// Removes a name that may be gone already.
  func remove(_ path: DiskPath) throws(StorageError) {
    do {
      try unlink(path)
    } catch let error where error.reason == .missing {}
  }

  /// Locks a file that others may remove while they hold its lock; nil if another holder has it, or if it or its folder is gone.
  func lockInPlace(_ path: DiskPath) throws(StorageError) -> OpenFile? {
    do throws(StorageError) {
      guard let file = try lock(path) else { return nil }
      let isInPlace: Bool
      do throws(StorageError) {
        isInPlace = try self.isInPlace(file)
      } catch {
        try close(file)
        throw error
      }
      if isInPlace { return file }
      try close(file)
    } catch let error where error.reason == .missing {}
    return nil
  }

  /// Reads `count` bytes from `offset` of a file that is opened for it.
  func read(_ count: Int, at offset: Int, ofFileAt path: DiskPath) throws(StorageError) -> [UInt8] {
    try reading(path) { (file) throws(StorageError) in try read(count, at: offset, from: file) }
  }

  func reading<Result>(
    _ path: DiskPath, _ body: (OpenFile) throws(StorageError) -> Result
  ) throws(StorageError) -> Result {
    let file = try open(path)
    let result: Result
    do {
      result = try body(file)
    } catch {
      try close(file)
      throw error
    }
    try close(file)
    return result
  }

  /// The path itself, or the nearest existing folder above it. Throws `.symbolicLink` or `.notAFolder` for anything else on the way
  /// below the root.
  func nearestFolder(to path: DiskPath) throws(StorageError) -> DiskPath {
    var root = path.root
    while try status(DiskPath(root)) == nil, root != "/", root != "." {
      root = ArchivePaths.folder(ofSystemPath: root)
    }
    var folder = DiskPath(root)
    guard root == path.root else { return folder }
    for name in path.names {
      let next = folder.appending(name)
      guard let status = try status(next) else { break }
      guard status.kind == .folder else {
        throw .inPlace(of: .folder, status.kind, at: next.text, .inspect)
      }
      folder = next
    }
    return folder
  }
}

/// A place on a disk in two parts: a root, and a path below it.
///
/// A symbolic link in the root, or that is the root, is followed. Below it, no link is followed.
package struct DiskPath: Hashable, Sendable, CustomStringConvertible {
  /// The root, absolute or relative to the working directory.
  package var root: String
  /// Relative to the root, names joined by `/`; empty for the root itself.
  package var below: String

  package init(_ root: String, _ below: String = "") {
    self.root = root
    self.below = below
  }

  /// The whole path, for messages.
  package var text: String {
    if below.isEmpty { return root }
    return root.hasSuffix("/") ? root + below : "\(root)/\(below)"
  }

  package var description: String { text }

  /// The names below the root, in order.
  package var names: [String] { below.split(separator: "/").map(String.init) }

  /// The path of a name directly below this one.
  package func appending(_ name: String) -> DiskPath {
    DiskPath(root, below.isEmpty ? name : "\(below)/\(name)")
  }
}

/// A file held open by a `FileSystem`.
package struct OpenFile: Hashable, Sendable {
  /// The descriptor; only its `FileSystem` uses it.
  package var descriptor: Int32
  package var path: DiskPath
  /// The status when it was opened.
  package var status: FileStatus
  /// Whether `lock` opened it.
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

/// One entry of a listed folder.
package struct FolderEntry: Hashable, Sendable {
  /// The name; in a deep list, names joined by `/`. Bytes that are not UTF-8 are replaced.
  package var name: String
  package var kind: FileKind
  /// Bytes of a regular file; 0 for anything else.
  package var size: Int

  package init(name: String, kind: FileKind, size: Int = 0) {
    self.name = name
    self.kind = kind
    self.size = size
  }

  /// The depth limit of a deep list, far below the deepest folder of an archive. A folder at this depth is listed but not searched.
  package static let deepest = 32

  /// Whether the entry is at the depth limit.
  var isDeepest: Bool { name.utf8.count { $0 == UInt8(ascii: "/") } >= FolderEntry.deepest }
}

/// The kind, size and identity of a file or folder.
package struct FileStatus: Hashable, Sendable {
  package var kind: FileKind
  /// Bytes.
  package var size: Int
  /// The inode number.
  package var number: UInt64
  /// The time of the last write, in nanoseconds since 1970.
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
  /// The device number, as in `st_dev`.
  package var device: UInt64
  /// Distinguishes two mounts of one device; 0 if the system does not report it.
  package var mount: UInt64

  package init(device: UInt64, mount: UInt64) {
    self.device = device
    self.mount = mount
  }
}

/// The free space of a disk.
package struct DiskSpace: Hashable, Sendable {
  /// Bytes.
  package var free: Int
  /// How many more files can be created; nil if there is no limit, or none is reported.
  package var freeFiles: Int?

  package init(free: Int, freeFiles: Int? = nil) {
    self.free = free
    self.freeFiles = freeFiles
  }
}
