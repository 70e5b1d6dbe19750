import Foundation
import TestSupport
import Testing

/// A C library call that always fails, in programs that are started with `environment`.
struct FaultyCall {
  let environment: [String: String]

  static let isPossible = Shell.works("command -v cc")

  /// - Parameters:
  ///   - call: `flock`, `link`, `rename`, `mkdir`, `unlink`, `fsyncdir` (of folders), `fsyncfile` (of files) or
  ///     `openpart` (of a CSV part, for reading).
  ///   - code: such as `ENOLCK`.
  init(_ call: String, _ code: String, in folder: String) throws {
    let (source, library) = (folder + "/fault.c", folder + "/fault-\(call)-\(code).so")
    try Data(Self.source.utf8).write(to: URL(filePath: source))
    let result = try Shell.run("cc -shared -fPIC -DFAULT_\(call)=\(code) -o '\(library)' '\(source)'")
    try #require(result.status == 0, "\(result.log)")
    environment = ["LD_PRELOAD": library]
  }

  private static let source = """
    #define _GNU_SOURCE
    #include <errno.h>
    #include <fcntl.h>
    #include <stdarg.h>
    #include <string.h>
    #include <sys/stat.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    #define REFUSE(code) do { errno = (code); return -1; } while (0)
    #ifdef FAULT_flock
    int flock(int file, int operation) { if (operation & 8) return 0; REFUSE(FAULT_flock); }
    #endif
    #ifdef FAULT_link
    int link(const char *path, const char *other) { REFUSE(FAULT_link); }
    int linkat(int from, const char *path, int to, const char *other, int flags) { REFUSE(FAULT_link); }
    #endif
    #ifdef FAULT_rename
    int rename(const char *path, const char *other) { REFUSE(FAULT_rename); }
    int renameat(int from, const char *path, int to, const char *other) { REFUSE(FAULT_rename); }
    #endif
    #ifdef FAULT_unlink
    int unlink(const char *path) { REFUSE(FAULT_unlink); }
    int unlinkat(int folder, const char *path, int flags) {
      if (flags) return syscall(SYS_unlinkat, folder, path, flags);
      REFUSE(FAULT_unlink);
    }
    #endif
    #ifdef FAULT_mkdir
    int mkdir(const char *path, mode_t mode) { REFUSE(FAULT_mkdir); }
    int mkdirat(int folder, const char *path, mode_t mode) { REFUSE(FAULT_mkdir); }
    #endif
    #ifdef FAULT_openpart
    int openat(int folder, const char *path, int flags, ...) {
      va_list more;
      va_start(more, flags);
      int mode = flags & O_CREAT ? va_arg(more, int) : 0;
      va_end(more);
      if (!(flags & O_CREAT) && strstr(path, ".csv.gz")) REFUSE(FAULT_openpart);
      return syscall(SYS_openat, folder, path, flags, mode);
    }
    #endif
    #if defined(FAULT_fsyncdir) || defined(FAULT_fsyncfile)
    int fsync(int file) {
      struct stat status;
      if (fstat(file, &status) != 0) return -1;
    #ifdef FAULT_fsyncdir
      if (S_ISDIR(status.st_mode)) REFUSE(FAULT_fsyncdir);
    #else
      if (S_ISREG(status.st_mode)) REFUSE(FAULT_fsyncfile);
    #endif
      return syscall(SYS_fsync, file);
    }
    #endif

    """
}
