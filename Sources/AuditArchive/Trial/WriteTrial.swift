#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A trial of the folders that a run writes to.
struct WriteTrial {
  let root: String
  let paths: ArchivePaths
  let files: any FileSystem

  /// Bytes written on trial: more than a file system keeps aside with a file's name.
  private static let size = 65_536

  func perform() throws(StorageError) {
    let staging = try files.nearestFolder(to: "\(root)/\(paths.staging)")
    try tryFile(in: staging)
    var others = Set<String>()
    for path in [paths.state, paths.commits, paths.quarantine] + PartFormat.allCases.map({ paths.days($0) }) {
      others.insert(try files.nearestFolder(to: "\(root)/\(path)"))
    }
    for folder in others.subtracting([staging]).sorted() { try tryFolder(in: folder) }
  }

  private func tryFile(in folder: String) throws(StorageError) {
    let path = name(in: folder)
    let file = try files.create(path)
    let written = Result { () throws(StorageError) in
      try files.write([UInt8](repeating: 0, count: WriteTrial.size), to: file)
      // A full disk may show only now.
      try files.sync(file)
    }
    let closed = Result { () throws(StorageError) in try files.close(file) }
    do {
      try files.unlink(path)
    } catch let error where error.reason == .missing {}  // a run that ended meanwhile has tidied up
    try written.get()
    try closed.get()
  }

  private func tryFolder(in folder: String) throws(StorageError) {
    let path = name(in: folder)
    try files.makeFolder(path)
    try files.removeFolder(path)
  }

  /// Names that begin so are skipped by those who read the archive as a table.
  private func name(in folder: String) -> String {
    "\(folder)/_check-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: .min ... .max))"
  }
}
