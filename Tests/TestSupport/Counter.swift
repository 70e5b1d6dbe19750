import Synchronization

/// A thread-safe counter that starts at 1.
package final class Counter: Sendable {
  private let value = Mutex(0)

  package init() {}

  package func next() -> Int {
    value.withLock { value in
      value += 1
      return value
    }
  }
}
