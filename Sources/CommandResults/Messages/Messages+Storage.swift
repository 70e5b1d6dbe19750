package import AuditArchive
import AuditRecord
package import CloudsmithAPI
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

/// What a person reads when there is no secure connection.
extension Messages {
  package func sentence(on problem: TLSProblem) -> String {
    "No secure connection to the API for the audit log of '\(log)': \(problem). \(advice(on: problem))"
  }

  private func advice(on problem: TLSProblem) -> String {
    switch problem {
    case .noAuthorities:
      "Install the package ca-certificates, or give a file of trusted certificates in PEM form as --ca-file or SSL_CERT_FILE."
    case .expired:
      """
      If the clock is right, whoever runs the server, or the proxy before it, has to renew the certificate; if not, set the \
      clock right.
      """
    case .notYetValid:
      "Set the clock of this machine right, by NTP for example; if it is right, the certificate is wrong."
    case .wrongName:
      "Check --api-host and --proxy; a proxy or a login page of the network may have answered in the place of the API."
    case .selfSigned:
      "If this is the API that you mean, give the certificate as --ca-file; if not, check --api-host and --proxy."
    case .unknownAuthority(_, nil):
      """
      If your network has its own authority, as for a proxy that inspects TLS, give its certificate as --ca-file; if not, \
      update the package ca-certificates, and check --api-host and --proxy.
      """
    case .unknownAuthority(_, _?):
      """
      The CA file (--ca-file or SSL_CERT_FILE) counts instead of the system's authorities: it has to hold the authority of \
      this server. Check the file, --api-host and --proxy.
      """
    case .notTLS: "Check the scheme and the port of --api-host, and --proxy."
    case .oldVersion: "Whoever runs the server, or the proxy before it, has to turn on TLS 1.2 or 1.3."
    case .clientCertificate, .refused: "Check --api-host and --proxy, and ask whoever runs the server."
    }
  }
}
