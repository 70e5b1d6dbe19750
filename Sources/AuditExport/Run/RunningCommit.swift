import AuditArchive
import AuditRecord
import Synchronization

/// A commit that is made while the walk goes on. One is made at a time.
final class RunningCommit: Sendable {
  struct Result: Sendable {
    /// nil if the commit was not made: it failed, or was left to a later run.
    var made: Commit?
    /// The error that ended it. A commit can fail after it was made, while it tidies up.
    var failure: ArchiveError?
  }

  /// What becomes part of the archive.
  let batch: StagedBatch
  /// Counters of the run that the commit records, without those of sealing.
  let counters: RunCounters
  private let state: State
  private let task: Task<Result, Never>

  private final class State: Sendable {
    let isOver = Atomic(false)
  }

  /// Whether `result` returns at once.
  var isOver: Bool { state.isOver.load(ordering: .acquiring) }

  /// Waits for its end. If the current task is cancelled, the commit is still made, and tidies up with less patience.
  var result: Result {
    get async {
      await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }
    }
  }

  /// Begins the commit.
  ///
  /// - Parameters:
  ///   - interval: see `ArchiveWriter.commitUnlessQuiet`.
  ///   - observe: called once the commit is made.
  init(
    _ change: Change, of batch: StagedBatch, _ counters: RunCounters, unlessQuietWithin interval: TimeSpan,
    writer: ArchiveWriter,
    observe: @escaping @Sendable (Commit) -> Void
  ) {
    self.batch = batch
    self.counters = counters
    let state = State()
    self.state = state
    task = Task(executorPreference: BlockingThreads.shared) {
      var result = Result()
      do throws(ArchiveError) {
        _ = try await writer.commitUnlessQuiet(change, within: interval) {
          result.made = $0
          observe($0)
        }
      } catch {
        result.failure = error
      }
      state.isOver.store(true, ordering: .releasing)
      return result
    }
  }
}
