// The commit that a release is built from. Scripts/release links an object that has it; without one it is NULL, and neither is
// anything compiled anew for it nor is a file of the project written.
extern const char audit_export_commit[] __attribute__((weak));

static inline const char *build_commit(void) { return audit_export_commit; }
