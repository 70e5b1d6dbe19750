package import AuditArchive
import AuditRecord
package import ExportConfiguration

/// Messages about the archive's storage. The advice depends on the reason of the error.
extension Messages {
  /// The failure of a run, or of a command that reads the archive.
  package func failure(_ error: StorageError) -> Failure {
    switch error.reason {
    case .full:
      Failure(
        status: .storage,
        sentence: """
          The disk of the archive \(quoted(archive)) is full: \(error). \
          \(hasCommits ? "Completed days are kept. Free up space, then run again." : "Free up space. \(continuation(""))")
          """)
    case .throttled, .unreachable:
      Failure(
        status: .unavailable,
        sentence: """
          \("\(error)".capitalizedFirst). \(advice(on: error).capitalizedFirst). \
          \(continuation("Completed days are kept; run again."))
          """)
    case .interrupted:
      Failure(
        status: .interrupted,
        sentence: "Interrupted: \(error). \(continuation("Completed days are kept; run again to continue."))")
    case .outrun: outrun("\(error)")
    case .unusable:
      Failure(
        status: .usage,
        sentence:
          "\("\(error)".capitalizedFirst). \(advice(on: error).capitalizedFirst).")
    case .untrusted:
      // As for the certificate of the API.
      Failure(
        status: .failed,
        sentence: "\("\(error)".capitalizedFirst). \(advice(on: error).capitalizedFirst).")
    case .notAFolder where error.path == archive:
      Failure(
        status: .usage,
        sentence: "There is no archive at \(quoted(archive)): \(error.detail). Pass a folder with --archive.")
    case .notAFile, .oversized:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is damaged: \(error). Nothing in it was changed. \(advice(on: error).capitalizedFirst).
          """)
    default:
      Failure(
        status: .storage,
        sentence: """
          \("\(error)".capitalizedFirst). \(advice(on: error).capitalizedFirst). \
          \(continuation("Completed days are kept; run again after that."))
          """)
    }
  }

  /// Another run changed the archive at the same time.
  ///
  /// - Parameter fact: What it changed, without a full stop.
  package func outrun(_ fact: String) -> Failure {
    Failure(
      status: .locked,
      sentence: """
        Another run is writing to the archive \(quoted(archive)): \(fact).\(hasCommits ? " Completed days are kept." : "") Make sure \
        that only one run works on a log at a time.
        """)
  }

  /// The log line about a run that waits for a lease. Starts in lowercase and has no full stop at the end.
  package func waiting(_ lease: ExpiredLease) -> String {
    "waiting until \(lease.until) for the lease of '\(log)': \(unreleased(lease))"
  }

  /// The finding of `check` about a lease that a run can take after a wait.
  package func expired(_ lease: ExpiredLease) -> String {
    "no run holds it, but \(unreleased(lease)), so a run can take it from \(lease.until) on, and waits until then"
  }

  private func unreleased(_ lease: ExpiredLease) -> String {
    "another run\(lease.holder.map { " (\($0))" } ?? "") did not release it"
  }

  /// The disk has less room than a run may need.
  ///
  /// - Parameters:
  ///   - needed: Bytes.
  ///   - isScratch: Whether it is the disk of unfinished files, because the archive is in a bucket.
  package func fullDisk(_ space: DiskSpace, needed: Int, isScratch: Bool = false) -> Failure {
    let found =
      space.freeFiles == 0
      ? "it has no free inodes, so no files can be created" : "\(space.free.asBytes) are free"
    return Failure(
      status: .storage,
      sentence: """
        The disk of \(isScratch ? "unfinished files" : "the archive \(quoted(archive))") is nearly full: \(found), and a run may \
        need \(needed.asBytes). Free up space there\(isScratch ? ", or pass a folder on another disk as --scratch-dir" : "").
        """)
  }

  /// The failure of a write test, which `check` does.
  package func notWritable(_ error: StorageError) -> Failure {
    Failure(
      status: failure(error).status,
      sentence: "\("\(error)".capitalizedFirst). \(advice(on: error).capitalizedFirst).")
  }

  /// The warning that a leftover could not be deleted.
  package func undeleted(_ error: StorageError) -> String {
    "cleanup failed: \(error). The archive is not affected, and the next run tries again. If it fails again: \(advice(on: error))."
  }

  /// What to do about the reason. Starts in lowercase and has no full stop at the end.
  func advice(on error: StorageError) -> String {
    if let cure = error.cure { return cure.hasSuffix(".") ? String(cure.dropLast()) : cure }
    return switch error.reason {
    case .full: "free up space on that disk"
    case .noInodes:
      """
      delete files on that file system, or use one with more inodes: its inodes are used up, so it can hold no more files, even if \
      space is free
      """
    case .quota:
      "free up space, or have the quota raised: the quota of this user, group or project is used up"
    case .denied where [.open, .read, .list, .inspect].contains(error.operation):
      "give the user that runs this command permission to read it"
    case .denied:
      "give the user that runs the export permission to write there, including to files that earlier runs created as another user"
    case .readOnly:
      """
      mount that file system for writing: it is mounted read-only. The system does that itself after a disk error, and logs it \
      (dmesg)
      """
    case .otherVolume:
      """
      move the whole archive to one volume, not only one of its folders: the folders of an archive (csv, parquet, quarantine, \
      _manifest, _staging) must be on one volume
      """
    case .noLocks:
      """
      turn on locks for that file system, or keep the archive on another one. NFS has no locks when mounted with nolock or without \
      lockd. Without a lock, two runs could overwrite each other's work
      """
    case .tooManyOpenFiles:
      "raise the limit of open files (ulimit -n, or LimitNOFILE= in a systemd unit), or find what leaves files open"
    case .tooLarge:
      """
      raise the limit of the file size (ulimit -f), or use another file system (FAT limits files to 4 GiB): the file would be too \
      large
      """
    case .nameTooLong: "pass a shorter path with --archive: this one is too long for that file system"
    case .disconnected:
      "mount the file system again, and find out why it, or the disk under it, was disconnected"
    case .exists, .outrun:
      """
      make sure that only one run writes to this archive: another run, or another program, is writing to it too. The locks of a \
      network file system may not work between machines
      """
    case .missing:
      """
      make sure that only one run writes there: the file existed a moment ago, and another run, or another program, removed it, or the \
      volume was unmounted
      """
    case .symbolicLink:
      """
      replace the link with its target. All folders of an archive must be on one volume. To keep the archive on another disk, move \
      all of it there; the path of --archive itself may be a link
      """
    case .notAFile, .oversized:
      "move it away, find out who put it there, and restore the file from a copy"
    case .notAFolder, .notEmpty:
      "pass another folder with --archive, or move away what is there"
    case .unusable: "correct the settings of the storage"
    case .untrusted: "pass the certificate authority of the storage as --ca-file"
    case .interrupted: "run again"
    case .throttled: "run again later, or with less other load: the storage asks for fewer requests"
    case .unreachable: "check that the storage of the archive can be reached from here: it does not answer"
    case .unsupported:
      "keep the archive on another file system: this one lacks a feature that an archive needs"
    case .other:
      "look at the system's log (dmesg), and check the disk and its file system: one of them reports an error"
    }
  }

  /// The warning that a power failure may lose the newest files. Starts in lowercase and has no full stop at the end.
  package static let lacksDurableNames = """
    the archive's file system cannot fsync folders, so a power failure may lose the last files of a run; run verify after a power \
    failure
    """
}

extension String {
  /// The text with its first letter in uppercase.
  package var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
