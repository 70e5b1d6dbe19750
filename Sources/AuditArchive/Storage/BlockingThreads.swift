internal import Dispatch

/// Threads for tasks that call the local disk: such a call may take long, and the threads that all tasks of a program share are as
/// few as the machine has cores. Actors that a task on these threads calls run there too.
package final class BlockingThreads: TaskExecutor {
  package static let shared = BlockingThreads()

  private let queue = DispatchQueue(label: "cloudsmith-audit-export.disk", attributes: .concurrent)

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
