import AuditArchive

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file of the user's that is written whole or not at all: beside its place first, then renamed over it.
struct PageFile {
  private let folder: String
  private let name: String
  private var path: String { "\(folder)/\(name)" }

  /// What stands in these folders of an archive is the archive's alone: anything else there is a finding of `verify`.
  private static let folders = ["csv", "parquet", "quarantine", "_manifest", "_staging"]

  /// Refuses a place that cannot be written to, or that belongs to the archive.
  init(path: String, archive: String) throws(Failure) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    guard let last = parts.last, !path.hasSuffix("/"), last != ".", last != ".." else {
      throw .usage("--html \(quoted(path)): give the name of a file, such as audit.html.")
    }
    name = String(last)
    let above = String(path.dropLast(name.count))
    guard let folder = Self.resolved(above.isEmpty ? "." : above) else {
      throw Failure(
        status: .storage,
        sentence: "The folder of --html \(quoted(path)) cannot be found: make it, or give another file.")
    }
    self.folder = folder == "/" ? "" : folder
    if let root = Self.resolved(archive) {
      for owned in Self.folders where (folder + "/").hasPrefix("\(root)/\(owned)/") {
        throw .usage(
          "--html \(quoted(path)) lies in \(owned)/ of the archive, where nothing but the archive may stand: give another folder."
        )
      }
    }
  }

  private static func resolved(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }

  func write(_ bytes: [UInt8]) throws(Failure) {
    let files = PosixFileSystem()
    let temporary = "\(folder)/.\(name).\(getpid()).tmp"
    do {
      if try files.status(path, followingLinks: false)?.kind == .folder {
        throw Failure.usage("--html \(quoted(path)) is a folder: give the name of a file in it.")
      }
      // Left by a run that was killed and had this number.
      if try files.status(temporary, followingLinks: false) != nil { try files.unlink(temporary) }
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
        try files.rename(temporary, to: path)
      } catch {
        // The failure that led here is the one to tell.
        do { try files.unlink(temporary) } catch {}
        throw error
      }
      try files.syncFolder(folder.isEmpty ? "/" : folder)
    } catch let error as StorageError {
      throw Failure(
        status: .storage,
        sentence:
          "The page \(quoted(path)) could not be written: \(error). What was there before is there still.")
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(status: .failed, sentence: "\(error)")
    }
  }
}
