#pragma once
#include <stdlib.h>

// glibc's mallopt, which Swift's Glibc module leaves out; elsewhere nothing needs setting.
static inline void malloc_set(int map, int trim, int arenas) {
#ifdef __GLIBC__
  extern int mallopt(int, int);
  mallopt(-3 /* M_MMAP_THRESHOLD */, map);
  mallopt(-1 /* M_TRIM_THRESHOLD */, trim);
  mallopt(-8 /* M_ARENA_MAX */, arenas);
#endif
}
