package import AuditArchive
import AuditRecord
package import ExportConfiguration

/// What a person reads when the disk, or what stands for it, refuses: what failed, on what, why, and what to do by its cause.
extension Messages {
  /// Of a run, or of a command that reads.
  package func failure(_ error: StorageError) -> Failure {
    switch error.reason {
    case .full:
      Failure(
        status: .storage,
        sentence: """
          The disk of the archive \(quoted(archive)) is full: \(error). What was complete is kept; make room there, and run \
          again.
          """)
    case .throttled, .unreachable:
      Failure(
        status: .unavailable,
        sentence: """
          \("\(error)".capitalizedFirst): \(advice(on: error)). What was complete is kept; run again.
          """)
    case .outrun: outrun("\(error)")
    case .notAFolder where error.path == archive:
      Failure(
        status: .usage,
        sentence: "There is no archive at \(quoted(archive)): \(error.detail). Give a folder with --archive.")
    case .notAFile, .oversized:
      Failure(
        status: .damaged,
        sentence: """
          The archive \(quoted(archive)) is damaged: \(error). Nothing in it was changed; \(advice(on: error)).
          """)
    default:
      Failure(
        status: .storage,
        sentence: """
          \("\(error)".capitalizedFirst): \(advice(on: error)). What was complete is kept; run again when that is done.
          """)
    }
  }

  /// - Parameter fact: what another run changed.
  package func outrun(_ fact: String) -> Failure {
    Failure(
      status: .locked,
      sentence: """
        Another run writes to the archive \(quoted(archive)) at the same time: \(fact). Completed days are kept. Make sure that \
        only one run works on a log.
        """)
  }

  package func fullDisk(_ space: DiskSpace, needed: Int) -> Failure {
    let found =
      space.freeFiles == 0
      ? "no more files can be made (its inodes are used up)" : "\(space.free.asBytes) are free"
    return Failure(
      status: .storage,
      sentence: """
        The disk of the archive \(quoted(archive)) is nearly full: \(found), where a run may need \(needed.asBytes); make \
        room there.
        """)
  }

  /// Of a trial.
  package func notWritable(_ error: StorageError) -> Failure {
    Failure(status: .storage, sentence: "\(error): \(advice(on: error)).".capitalizedFirst)
  }

  /// Of what only tidies up.
  package func untidied(_ error: StorageError) -> String {
    "left behind: \(error). The archive is not affected, and the next run tries again. If it fails again: \(advice(on: error))."
  }

  /// What to do, by the cause; begins small, ends without a full stop.
  private func advice(on error: StorageError) -> String {
    switch error.reason {
    case .full: "make room on that disk"
    case .noInodes:
      """
      that file system can hold no more files (its inodes are used up), whatever space is free: delete files there, or use one \
      made with more inodes
      """
    case .quota: "the quota of this user, group or project is used up: make room, or have it raised"
    case .denied where [.open, .read, .list, .inspect].contains(error.operation):
      "give the user that runs this the right to read it"
    case .denied:
      "give the user that runs the export the right to write there, and to what earlier runs as another user have made"
    case .readOnly:
      """
      that file system is mounted read-only: mount it for writing; after an error of the disk the system itself makes it \
      read-only, and its log (dmesg) says so
      """
    case .otherVolume:
      """
      the folders of an archive (csv, parquet, quarantine, _manifest, _staging) have to be on one volume: put the whole archive \
      on that volume, and not one of its folders
      """
    case .noLocks:
      """
      that file system has no locks, as one over NFS that is mounted with nolock or without lockd: turn them on, or keep the \
      archive on another; without a lock two runs could overwrite each other's work
      """
    case .tooManyOpenFiles:
      "too many files are open: raise the limit (ulimit -n, or LimitNOFILE= in a unit of systemd), or find what leaves them open"
    case .tooLarge:
      """
      a file may not become so large there: raise the limit (ulimit -f), or use another file system (on FAT a file ends at 4 GiB)
      """
    case .nameTooLong: "the path is longer than that file system takes: give a shorter one with --archive"
    case .disconnected:
      "the file system, or the disk under it, went away: mount it again, and see why it went"
    case .exists, .outrun:
      """
      another run, or another program, writes to this archive at the same time: see to it that one alone does; the locks of a \
      network file system may not hold between machines
      """
    case .missing:
      """
      it was there a moment ago: another run, or another program, has taken it away, or the volume was unmounted; see to it \
      that one run alone writes there
      """
    case .symbolicLink:
      """
      replace the link by what it leads to; to keep a folder on another disk, mount that disk there (mount --bind), or move the \
      whole archive: the path of --archive may be a link
      """
    case .notAFile, .oversized:
      "move away what stands there, see who put it there, and restore the file from a copy"
    case .notAFolder, .notEmpty:
      "give another folder with --archive, or move away what stands there"
    case .throttled: "the store asks for fewer requests: run again later, or with less beside it"
    case .unreachable: "the store of the archive does not answer: see whether it can be reached from here"
    case .unsupported: "that file system does not have what an archive needs: keep the archive on another"
    case .other:
      "the disk or its file system reports an error: look at the system's log (dmesg), and check both"
    }
  }

  /// That names may be lost in a power failure, and what to do after one.
  package static let lacksDurableNames = """
    the file system of the archive has no fsync of folders: after a power failure the last files of a run may be gone; run \
    verify then
    """
}

extension String {
  package var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
