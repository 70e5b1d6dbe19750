import CommandResults
import ExportConfiguration
import Platform

/// stdin, stdout and stderr, whatever the caller has closed of them.
enum StandardDescriptors {
  /// Opens those that are closed on `/dev/null`. A file that is opened later would get the number of a closed one, and what is
  /// said would be written into it. Call it before anything else is opened.
  static func open() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is given, which is this one.
      guard systemOpen("/dev/null", O_RDWR) < 0 else { continue }
      // Without /dev, as in a bare chroot: a folder takes the number, and can be neither read nor written.
      _ = systemOpen("/", O_RDONLY)
    }
  }
}

private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }

/// How many files the process may have open.
enum OpenFileLimit {
  /// Refuses a run that could use up its descriptors: once a second libdispatch opens files of `/proc` to look at its threads, and
  /// ends the process where it cannot.
  static func check(concurrentRequests: Int) throws(Failure) {
    var limit = rlimit()
    let needed = 32 + 2 * concurrentRequests
    #if canImport(Glibc)
      let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let kind = RLIMIT_NOFILE
    #endif
    guard getrlimit(kind, &limit) == 0, limit.rlim_cur < needed else { return }
    throw Failure(
      status: .storage,
      sentence: """
        Too few files may be open: the limit is \(limit.rlim_cur), and a run needs \(needed): raise the limit (ulimit -n, or \
        LimitNOFILE= in a unit of systemd).
        """)
  }
}

/// What the argument parser prints (help, version) stands in the C library's buffer until the end of the program.
enum StandardOutput {
  /// From now on the program ends with the status of a storage failure when that cannot be written out.
  static func checkAtExit() {
    atexit {
      guard fflush(nil) != 0 else { return }
      // Before anything else is called that sets it.
      let code = errno
      guard code != EPIPE else { return }
      Console.beforeOptions.tell(
        Failure(
          status: .storage, sentence: "stdout could not be written: \(String(cString: strerror(code)))."))
      _exit(ExitStatus.storage.rawValue)
    }
  }
}

/// Every page needs buffers of the size of those of the page before.
enum PageMemory {
  /// Lets the allocator keep what a page has freed for the next one. Handing it to the system, and having it zeroed again,
  /// page by page, takes a tenth of the processor time of an export. One arena: what one thread has freed, another can use.
  static func keep() {
    malloc_set(32 << 20, 16 << 20, 1)
  }
}
