import CommandResults
import ExportConfiguration
import Platform

/// Makes sure that stdin, stdout and stderr are open.
enum StandardDescriptors {
  /// Opens closed ones on `/dev/null`. Otherwise a file that is opened later would get the number of a closed one, and output would
  /// be written into it. Call this before anything else is opened.
  static func open() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
      // open(2) returns the lowest free number, which is this one.
      guard systemOpen("/dev/null", O_RDWR) < 0 else { continue }
      // Without /dev, as in a bare chroot, a folder takes the number. It can be neither read nor written.
      _ = systemOpen("/", O_RDONLY)
    }
  }
}

private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }

/// How many files the process may have open.
enum OpenFileLimit {
  /// A lock, a scratch folder with its lock, and files that are being written.
  private static let filesOfALog = 8

  #if canImport(Glibc)
    private static let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    private static let kind = RLIMIT_NOFILE
  #endif

  /// Raises the limit as far as the system allows, for many logs at once. `check` reports a limit that is too low.
  static func raise() {
    var limit = rlimit()
    guard getrlimit(kind, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 65_536))
    setrlimit(kind, &limit)
  }

  /// Refuses a run that could use up its descriptors. Once per second, libdispatch opens files in `/proc` to inspect its threads, and
  /// crashes the process if it cannot.
  ///
  /// - Throws: A storage failure.
  ///
  /// - Parameter logs: How many logs may run at once.
  static func check(concurrentRequests: Int, logs: Int = 1) throws(Failure) {
    var limit = rlimit()
    let needed = 32 + 2 * concurrentRequests * logs + filesOfALog * (logs - 1)
    guard getrlimit(kind, &limit) == 0, limit.rlim_cur < needed else { return }
    throw Failure(
      status: .storage,
      sentence: """
        The limit of open files is too low: it is \(limit.rlim_cur), and a run needs \(needed). Raise it (ulimit -n, or LimitNOFILE= \
        in a systemd unit).
        """)
  }
}

/// Output of the argument parser (help, version), which the C library buffers until the program ends.
enum StandardOutput {
  /// Makes the program exit with the status of a storage failure if that output cannot be written.
  static func checkAtExit() {
    atexit {
      guard fflush(nil) != 0 else { return }
      // Read errno before another call changes it.
      let code = errno
      guard code != EPIPE else { return }
      Console.beforeOptions.tell(
        Failure(
          status: .storage, sentence: "stdout could not be written: \(String(cString: strerror(code)))."))
      _exit(ExitStatus.storage.rawValue)
    }
  }
}

/// Tunes the allocator for pages, whose buffers all have similar sizes.
enum PageMemory {
  /// Lets the allocator keep the memory that a page has freed for the next one. Returning it to the system, and having it zeroed
  /// again for each page, takes a tenth of the CPU time of an export. With one arena, one thread can reuse what another has freed.
  static func keep() {
    malloc_set(32 << 20, 16 << 20, 1)
  }
}
