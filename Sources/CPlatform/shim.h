// The calls and settings of the system that Swift's C library does not show, and the commit of the build.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#endif

/// Rename a file, but fail with EEXIST if the new name is taken; one atomic step. Returns -1 and sets errno, as renameat(2).
/// It makes the system call itself: the C library declares renameat2(3) only for _GNU_SOURCE, and not every one has it.
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

/// The flag that opens a folder only to look up names in it. It needs the right to search the folder, not the right to read
/// it. On Linux it is O_PATH, which the C library declares only for _GNU_SOURCE.
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

/// The identifier of the mount that holds an open folder; 0 if the system does not report it (Linux before 5.8). Two mounts
/// of one device have different identifiers, and rename(2) fails between them. It makes the system call itself and declares
/// the result as statx(2) lays it out, because not every C library has them.
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

/// Whether an open file or folder is on a file system in memory: tmpfs or ramfs (statfs(2)). 0 where the system does not say.
static inline int is_in_memory(int file) {
#if defined(__linux__)
  struct statfs answer;
  if (fstatfs(file, &answer) != 0) return 0;
  return (unsigned int)answer.f_type == 0x01021994u || (unsigned int)answer.f_type == 0x858458f6u;
#else
  (void)file;
  return 0;
#endif
}

/// Set the allocator's mmap and trim thresholds, in bytes, and its number of arenas. It calls glibc's mallopt(3), which
/// Swift's Glibc module leaves out. It does nothing with other C libraries.
static inline void malloc_set(int map, int trim, int arenas) {
#ifdef __GLIBC__
  extern int mallopt(int, int);
  mallopt(-3 /* M_MMAP_THRESHOLD */, map);
  mallopt(-1 /* M_TRIM_THRESHOLD */, trim);
  mallopt(-8 /* M_ARENA_MAX */, arenas);
#endif
}

/// The commit that a release is built from. Scripts/release links an object file that defines it, so that a release neither
/// recompiles nor rewrites any file of the project.
extern const char audit_export_commit[] __attribute__((weak));

/// The commit, or NULL if the build is not a release.
static inline const char *build_commit(void) { return audit_export_commit; }
