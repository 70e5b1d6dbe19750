internal import Dispatch
import Synchronization

/// Threads for tasks that call the local disk.
///
/// A disk call can block for seconds, and Swift's shared pool has only one thread per core. Default actors that such a task calls run
/// on these threads too (SE-0417). A task starts at once while fewer than 64 threads are busy. Threads are kept. A concurrent dispatch
/// queue is no alternative: when its threads block, it adds one per second.
package final class BlockingThreads: TaskExecutor {
  package static let shared = BlockingThreads()
  private static let limit = 64

  private struct State {
    var jobs: [UnownedJob] = []
    var threads = 0
    /// Threads that wait for `work` and have not been woken.
    var idle = 0
  }

  private let state = Mutex(State())
  private let work = DispatchSemaphore(value: 0)

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isNew: Bool? = state.withLock { state in
      state.jobs.append(job)
      if state.idle > 0 {
        state.idle -= 1
        return false
      }
      guard state.threads < BlockingThreads.limit else { return nil }
      state.threads += 1
      return true
    }
    switch isNew {
    case true?: DispatchQueue(label: "cloudsmith-audit-export.disk").async { self.serve() }
    case false?: work.signal()
    case nil: break  // the next free thread takes it
    }
  }

  private func serve() -> Never {
    while true {
      let job: UnownedJob? = state.withLock { state in
        guard state.jobs.isEmpty else { return state.jobs.removeFirst() }
        state.idle += 1
        return nil
      }
      if let job { job.runSynchronously(on: asUnownedTaskExecutor()) } else { work.wait() }
    }
  }
}
