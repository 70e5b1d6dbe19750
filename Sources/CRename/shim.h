#pragma once
#include <errno.h>
#include <stdio.h>
#if defined(__linux__)
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// A rename that refuses a name that is taken, in one step; -1 and errno, as rename(2). The call itself and not
/// renameat2(3): the C library declares that only for _GNU_SOURCE, and not every one has it.
static inline int rename_exclusively(const char *path, const char *new_path) {
#if defined(__linux__) && defined(SYS_renameat2)
  return (int)syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, new_path, 1u /* RENAME_NOREPLACE */);
#elif defined(__APPLE__)
  return renamex_np(path, new_path, RENAME_EXCL);
#else
  errno = ENOSYS;
  return -1;
#endif
}
