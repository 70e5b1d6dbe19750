#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the argument parser prints (help, version) stands in the C library's buffer until the end of the program.
enum StandardOutput {
  /// From now on the program ends with the status of a storage failure when that cannot be written out.
  static func checkAtExit() {
    atexit {
      guard fflush(nil) != 0, errno != EPIPE else { return }
      let sentence = "error: stdout could not be written: \(String(cString: strerror(errno))).\n"
      _ = Array(sentence.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      _exit(ExitStatus.storage.rawValue)
    }
  }
}
