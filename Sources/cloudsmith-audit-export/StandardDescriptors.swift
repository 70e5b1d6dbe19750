#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

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
