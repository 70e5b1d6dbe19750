#pragma once
#include <stdlib.h>

// glibc's mallopt, which Swift's Glibc module leaves out; elsewhere nothing needs setting.
static inline void malloc_set_thresholds(int map, int trim) {
#ifdef __GLIBC__
  extern int mallopt(int, int);
  mallopt(-3 /* M_MMAP_THRESHOLD */, map);
  mallopt(-1 /* M_TRIM_THRESHOLD */, trim);
#endif
}
