/// Where an archive's files are kept, in terms that a folder and an object store can both meet.
///
/// Paths are those of `ArchivePaths`: relative, parts joined by `/`. Folders come and go with the files in them. When
/// a method that writes returns, what it wrote is durable and whole; when it throws or the power fails, each path
/// holds what it held before, or the new bytes, never a part of them.
///
/// No symbolic link below the archive's own folder is followed: whatever meets one on its way throws `.symbolicLink`. Only
/// regular files are read; what asks for a file and meets something else throws `.notAFile`.
///
/// What only tidies up does not throw: the archive is as good without it. Its failures are reported to whoever made the store.
package protocol ArchiveStorage: Sendable {
  /// Throws when what stands in the archive's place cannot be one, such as a file; nothing there is no error.
  func checkPlace() throws(StorageError)
  /// Whether what stands under a path has that name letter for letter; a disk that does not tell upper from lower case finds it
  /// under others too.
  func isSpelledSo(_ path: String) throws(StorageError) -> Bool
  /// Whether, as far as has been seen, the store cannot make names durable: a power failure may take back the last of them.
  var lacksDurableNames: Bool { get }

  /// Begins a file that nobody sees: bytes are collected until it is put in its place, or discarded.
  func spool() throws(StorageError) -> Spool
  func append(_ bytes: [UInt8], to spool: Spool) throws(StorageError)
  /// Ends a spooled file; its bytes are durable.
  func seal(_ spool: Spool) throws(StorageError)
  /// Up to `count` bytes of a sealed spool from `offset`, fewer only at its end.
  func read(_ spool: Spool, at offset: Int, count: Int) throws(StorageError) -> [UInt8]
  /// Drops a spooled file, sealed or not. One that cannot be removed now goes with `discardSpools`.
  func discard(_ spool: Spool)
  /// Drops everything that is still spooled, by earlier runs too, and returns what was dropped. What cannot be removed is
  /// reported, and keeps its name until a later run removes it. Only whoever holds the log's lock may call it.
  func discardSpools() -> [String]
  /// Drops what was spooled through this store, and nothing of anybody else.
  func discardOwnSpools()

  /// Puts sealed files in their places, whole. Each is on its own: after a failure some may stand there.
  func put(_ files: [(spool: Spool, path: String)]) throws(StorageError)
  /// Creates a file with these bytes, or throws `.exists` and leaves alone the one that is there.
  func create(_ path: String, _ bytes: [UInt8]) throws(StorageError)
  /// Gives a path new bytes, whether or not there is a file.
  func replace(_ path: String, _ bytes: [UInt8]) throws(StorageError)
  /// Makes durable a file that was found, and that a run that died may not have made so.
  func secure(_ path: String) throws(StorageError)

  /// A file of the state, whole; nil when there is no such file. Throws `.oversized` when it has more bytes than
  /// `ArchivePaths.sizeLimit` allows, before it is read.
  func read(_ path: String) throws(StorageError) -> [UInt8]?
  /// Up to `count` bytes from `offset`, fewer only at the end of the file. Throws `.missing` when there is none.
  func read(_ path: String, at offset: Int, count: Int) throws(StorageError) -> [UInt8]
  /// Bytes of a file; nil when nothing stands there.
  func size(_ path: String) throws(StorageError) -> Int?
  /// What stands under a path, whatever it is; nil for nothing.
  func entry(_ path: String) throws(StorageError) -> StoredFile?
  /// What stands in a folder, in no particular order; nothing when there is no such folder. `isDeep`: every file below it, at
  /// any depth, and what is neither a file nor a folder; a folder only where the name is that of a file, or where it lies too
  /// deep to be looked into.
  func list(_ folder: String, isDeep: Bool) throws(StorageError) -> [StoredFile]
  /// Deletes files; one that is not there is as good as deleted.
  func delete(_ paths: [String]) throws(StorageError)
  /// Deletes files that nobody needs any more, and returns those that are gone. One that cannot be deleted is reported, and
  /// keeps none of the others.
  @discardableResult func tidy(_ paths: [String]) -> [String]

  /// Takes the lock of that name and leaves `note` in it for others to read; nil, at once, when another holds it.
  func lock(_ path: String, note: [UInt8]) throws(StorageError) -> StorageLock?
  /// Whether the lock still keeps others out: its file was neither removed nor replaced since.
  func isHeld(_ lock: StorageLock) throws(StorageError) -> Bool
  /// A failure is reported; the lock ends with the process at the latest.
  func unlock(_ lock: StorageLock)
}

extension ArchiveStorage {
  /// Every file below a folder, at any depth, and what is neither a file nor a folder.
  package func list(_ folder: String) throws(StorageError) -> [StoredFile] { try list(folder, isDeep: true) }
}

/// A file being collected, not yet part of the archive.
package struct Spool: Hashable, Sendable {
  package var file: OpenFile
}

/// A lock held; it ends with `unlock` or with the process.
package struct StorageLock: Hashable, Sendable {
  package var file: OpenFile
}

/// A file, or what stands among files.
package struct StoredFile: Hashable, Sendable {
  package var path: String
  /// Bytes of a file; 0 for anything else.
  package var size: Int
  package var kind: FileKind

  package init(path: String, size: Int, kind: FileKind = .file) {
    self.path = path
    self.size = size
    self.kind = kind
  }
}
