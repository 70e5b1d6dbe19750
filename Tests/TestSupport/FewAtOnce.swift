import AuditArchive
import Foundation
package import Testing

/// Limits how many tests run at once, among those of all suites with this trait.
///
/// Swift Testing starts all tests and all their cases at once. A thousand that each have an archive, a server or a program open need
/// gigabytes and two thousand descriptors. Foundation's `Process.run` crashes in a process with more than some 1,350 open files.
///
/// They run on threads of their own: one that waits for a program would else take one of the two or so that all tests share.
///
/// A test's time limit includes its wait for a place: the two do not go together. Tests that take minutes and no more than memory and a
/// processor need no place.
package struct FewAtOnce: SuiteTrait, TestTrait, TestScoping {
  package let isRecursive = true

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
  ) async throws {
    await Places.shared.take()
    do {
      try await withTaskExecutorPreference(BlockingThreads.shared) { try await body() }
    } catch {
      await Places.shared.give()
      throw error
    }
    await Places.shared.give()
  }
}

extension Trait where Self == FewAtOnce {
  package static var fewAtOnce: Self { FewAtOnce() }
}

/// The places of tests that run now, and those that wait, first come, first served.
private actor Places {
  static let shared = Places(max(8, 4 * ProcessInfo.processInfo.activeProcessorCount))

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
