#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// A rename that refuses a name that is taken, in one step; -1 and errno, as renameat(2). The call itself and not
/// renameat2(3): the C library declares that only for _GNU_SOURCE, and not every one has it.
static inline int rename_exclusively(int folder, const char *name, int new_folder, const char *new_name) {
#if defined(__linux__) && defined(SYS_renameat2)
  return (int)syscall(SYS_renameat2, folder, name, new_folder, new_name, 1u /* RENAME_NOREPLACE */);
#elif defined(__APPLE__)
  return renameatx_np(folder, name, new_folder, new_name, RENAME_EXCL);
#else
  errno = ENOSYS;
  return -1;
#endif
}

/// The flag with which a folder is opened only to find what stands in it: that needs the right to search it and not the
/// right to read it. O_PATH of Linux, which the C library declares only for _GNU_SOURCE.
static inline int search_only(void) {
#if defined(__linux__) && defined(__O_PATH)
  return __O_PATH;
#elif defined(O_PATH)
  return O_PATH;
#elif defined(O_SEARCH)
  return O_SEARCH;
#else
  return O_RDONLY;
#endif
}

/// The number of the mount that holds an open folder; 0 where the system does not tell (Linux before 5.8). Two mounts of one
/// device have two numbers, and no file is renamed from one to the other. The call itself, and its answer as statx(2) lays it
/// out: not every C library has them.
static inline unsigned long long mount_number(int folder) {
#if defined(__linux__) && defined(SYS_statx)
  struct {
    unsigned int mask;
    unsigned char before[140];
    unsigned long long mount;
    unsigned char after[104];
  } answer = {0};
  const unsigned int mount_id = 0x1000u, empty_path = 0x1000u;
  if (syscall(SYS_statx, folder, "", empty_path, mount_id, &answer) != 0) return 0;
  return answer.mask & mount_id ? answer.mount : 0;
#else
  (void)folder;
  return 0;
#endif
}
