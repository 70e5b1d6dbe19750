import AuditRecord

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A trial of the folders that a run writes to.
struct WriteProbe {
  let root: String
  let paths: ArchivePaths
  let files: any FileSystem

  /// Bytes written on trial: more than a file system keeps aside with a file's name.
  private static let size = 65_536

  /// Returns whether names cannot be made durable here.
  func perform() throws(StorageError) -> Bool {
    try checkLengths()
    let staging = try files.nearestFolder(to: DiskPath(root, paths.staging))
    try tryFile(in: staging)
    var lacksFolderSync = try !trySync(of: staging)
    for folder in try targets() {
      try tryFolder(in: folder)
      if folder != staging, try !trySync(of: folder) { lacksFolderSync = true }
      try tryPlacing(from: staging, in: folder)
    }
    return lacksFolderSync
  }

  /// What a run looks at each time: that what it stages can be put in its place, all of it. Where folders are on volumes of
  /// their own, placing is tried.
  func checkVolumes() throws(StorageError) {
    let staging = try files.nearestFolder(to: DiskPath(root, paths.staging))
    let volume = try files.volume(at: staging)
    for folder in try targets() where folder != staging {
      if try files.volume(at: folder) != volume { try tryPlacing(from: staging, in: folder) }
    }
  }

  /// Whether there are locks where the log's lock will stand. What else fails is told of the writing.
  func tryLock() throws(StorageError) {
    let path = name(in: try files.nearestFolder(to: DiskPath(root, paths.state)))
    do {
      if let file = try files.lock(path) { try files.close(file) }
    } catch {
      if try files.status(path) != nil { try files.unlink(path) }
      guard error.reason == .noLocks else { return }
      throw error
    }
    try remove(path)
  }

  /// Looks for the longest paths that a run makes: the names on trial are shorter.
  private func checkLengths() throws(StorageError) {
    let day = Day(containing: .earliest)
    let hash = ArchivePaths.shortHash(sha256Hex([]))
    var longest = [
      paths.spool(1), paths.signature(1), paths.quarantine(QuarantineName(commit: 1, hash: hash)),
    ]
    for format in PartFormat.allCases {
      longest.append(paths.part(PartName(format: format, day: day, index: 0, revision: 1, hash: hash)))
    }
    for path in longest { _ = try files.status(DiskPath(root, path)) }
  }

  /// Where finished files are put, as far as they are there, or else where they would be made.
  private func targets() throws(StorageError) -> [DiskPath] {
    var folders = Set<DiskPath>()
    for path in [paths.state, paths.commits, paths.quarantine] + PartFormat.allCases.map({ paths.days($0) }) {
      folders.insert(try files.nearestFolder(to: DiskPath(root, path)))
    }
    return folders.sorted { $0.text < $1.text }
  }

  private func tryFile(in folder: DiskPath) throws(StorageError) {
    let path = name(in: folder)
    let file = try files.create(path)
    let written = Result { () throws(StorageError) in
      try files.write([UInt8](repeating: 0, count: WriteProbe.size), to: file)
      // A full disk may show only now.
      try files.sync(file)
    }
    let closed = Result { () throws(StorageError) in try files.close(file) }
    try remove(path)
    try written.get()
    try closed.get()
  }

  private func remove(_ path: DiskPath) throws(StorageError) {
    do {
      try files.unlink(path)
    } catch let error where error.reason == .missing {}  // a run that ended meanwhile has tidied up
  }

  /// false: this file system has no fsync of folders.
  private func trySync(of folder: DiskPath) throws(StorageError) -> Bool {
    do {
      try files.syncFolder(folder)
      return true
    } catch let error where error.reason == .unsupported {
      return false
    }
  }

  /// Puts a file in its place as a run does: by a link, where there are links, and by a rename.
  private func tryPlacing(from staging: DiskPath, in folder: DiskPath) throws(StorageError) {
    let (path, place) = (name(in: staging), name(in: folder))
    let file = try files.create(path)
    var standing = path
    let placed = Result { () throws(StorageError) in
      try files.close(file)
      do throws(StorageError) {
        try files.link(path, to: place)
        try remove(place)
      } catch {
        guard error.reason == .unsupported else { throw error }  // then a run renames
      }
      try files.rename(path, to: place)
      standing = place
    }
    try remove(standing)
    do throws(StorageError) {
      try placed.get()
    } catch {
      guard error.reason != .missing else { return }  // a run that ended meanwhile has tidied up
      var error = error
      error.path = folder.text
      throw error
    }
  }

  private func tryFolder(in folder: DiskPath) throws(StorageError) {
    let path = name(in: folder)
    try files.makeFolder(path)
    try files.removeFolder(path)
  }

  /// Names that begin so are skipped by those who read the archive as a table.
  private func name(in folder: DiskPath) -> DiskPath {
    folder.appending(
      "_check-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: .min ... .max))")
  }
}

/// What a trial of an archive's folders found.
package struct WriteProbeResult: Hashable, Sendable {
  /// The archive's own folder, or the nearest above it that is there.
  package var folder: String
  /// Whether the file system has no fsync of folders: a power failure may take back the names of the last files.
  package var lacksDurableNames: Bool

  package init(folder: String, lacksDurableNames: Bool) {
    self.folder = folder
    self.lacksDurableNames = lacksDurableNames
  }
}

extension FileSystem {
  /// The path itself, or the nearest folder above it that is there. Throws `.symbolicLink` or `.notAFolder` when something else
  /// than a folder stands on the way below the root.
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
