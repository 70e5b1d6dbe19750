import AuditArchive
import Foundation
package import Testing

/// Limits how many tests run at once, among those of all suites with this trait.
///
/// Swift Testing starts all tests and all their cases at once. A thousand tests with an open archive, server or program need gigabytes
/// of memory and two thousand descriptors. Foundation's `Process.run` crashes in a process with more than some 1,350 open files.
///
/// These tests run on threads of their own, because a test that waits for a program would block one of the few threads of the
/// cooperative pool.
///
/// Do not combine this trait with a time limit: the limit includes the wait for a slot. Tests that only use memory and processor
/// time do not need it.
package struct FewAtOnce: SuiteTrait, TestTrait, TestScoping {
  package let isRecursive = true

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
  ) async throws {
    await Slots.shared.take()
    do {
      try await withTaskExecutorPreference(BlockingThreads.shared) { try await body() }
    } catch {
      await Slots.shared.give()
      throw error
    }
    await Slots.shared.give()
  }
}

extension Trait where Self == FewAtOnce {
  /// Runs at most four tests per processor at once, and at least eight.
  package static var fewAtOnce: Self { FewAtOnce() }
}

/// A first-in, first-out semaphore for the tests that run at once.
private actor Slots {
  static let shared = Slots(max(8, 4 * ProcessInfo.processInfo.activeProcessorCount))

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func take() async {
    guard free == 0 else {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func give() {
    guard waiting.isEmpty else { return waiting.removeFirst().resume() }
    free += 1
  }
}
