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

/// The number of the mount that holds what stands under a path; 0 where the system does not tell (Linux before 5.8). Two
/// mounts of one device have two numbers, and no file is renamed from one to the other. The call itself, and its answer as
/// statx(2) lays it out: not every C library has them.
static inline unsigned long long mount_number(const char *path) {
#if defined(__linux__) && defined(SYS_statx)
  struct {
    unsigned int mask;
    unsigned char before[140];
    unsigned long long mount;
    unsigned char after[104];
  } answer = {0};
  const unsigned int mount_id = 0x1000u;
  if (syscall(SYS_statx, AT_FDCWD, path, 0, mount_id, &answer) != 0) return 0;
  return answer.mask & mount_id ? answer.mount : 0;
#else
  (void)path;
  return 0;
#endif
}
