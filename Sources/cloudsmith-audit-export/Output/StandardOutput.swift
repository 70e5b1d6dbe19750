import Platform

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
