import Platform

/// Every page needs buffers of the size of those of the page before.
enum PageMemory {
  /// Lets the allocator keep what a page has freed for the next one. Handing it to the system, and having it zeroed again,
  /// page by page, takes a tenth of the processor time of an export. One arena: what one thread has freed, another can use.
  static func keep() {
    malloc_set(32 << 20, 16 << 20, 1)
  }
}
