// What ThreadSanitizer has to know about Swift's `Mutex` on Linux; `Scripts/test --sanitize thread` links it in.
//
// The quick way through a `Mutex`, when nobody else holds it, is compiled into the code that locks and is seen. When it is
// taken, the lock is handed over inside libswiftSynchronization, which is not built for the sanitizer: that order is not
// seen, and everything done in a `withLock` from two threads is reported as a race. These two functions stand before those
// of the library and say what it does: who locks comes after who unlocked. Nothing is suppressed, so that what is touched
// without the lock is still reported, from inside a `withLock` too. (A suppression cannot say this: `withLock` is always
// inlined and stands in no stack, and the closures that do would hide more than the lock guards.)
//
// The names are part of the library's binary interface. Were they to change, the reports of no race would come back.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

// Weak: manifests and plugins are linked with the same options and without the sanitizer.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define SELF __attribute__((swift_context))
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"  // _MutexHandle._lockSlow(UInt32)
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"      // _MutexHandle._unlockSlow()

typedef __attribute__((swiftcall)) void LockSlow(uint32_t thread, SELF void *mutex);
typedef __attribute__((swiftcall)) void UnlockSlow(SELF void *mutex);
LockSlow lockSlow __asm__(LOCK_SLOW);
UnlockSlow unlockSlow __asm__(UNLOCK_SLOW);

__attribute__((swiftcall)) void lockSlow(uint32_t thread, SELF void *mutex) {
  ((LockSlow *)dlsym(RTLD_NEXT, LOCK_SLOW))(thread, mutex);
  if (__tsan_acquire) __tsan_acquire(mutex);
}

__attribute__((swiftcall)) void unlockSlow(SELF void *mutex) {
  if (__tsan_release) __tsan_release(mutex);
  ((UnlockSlow *)dlsym(RTLD_NEXT, UNLOCK_SLOW))(mutex);
}
