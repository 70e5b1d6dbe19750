/// Work on the elements of a list, several at a time, with the results in the order of the list.
///
/// The results do not depend on `width`, unless the work on one element changes what the work on another one sees. With a width of 1 there
/// is no concurrency: each element is begun after the result of the one before was taken.
///
/// The tasks are child tasks. They run on the executor that the caller prefers (see `BlockingThreads`), and are cancelled with it.
package struct OrderedTasks: Sendable {
  /// What a task tells its caller.
  private enum Step<Event: Sendable, Result: Sendable>: Sendable {
    case event(Event)
    case result(Int, Result)
  }

  private let width: Int

  /// - Parameter width: the most elements that are worked on at a time, at least 1.
  package init(width: Int) { self.width = max(1, width) }

  /// Works on each element, and hands over the events and results in the calling task.
  ///
  /// Memory: at most `2 * width` elements are begun whose results are not taken yet. Returns only when all work has ended. If the task is
  /// cancelled, results can be lost: check `Task.isCancelled` afterwards.
  ///
  /// - Parameters:
  ///   - work: called with an element and a function that takes events. Begun in the order of the elements. Should end soon once its task
  ///     is cancelled.
  ///   - event: takes the events, those of one element in order.
  ///   - take: takes the results, in the order of the elements. If it throws, the tasks are cancelled, and no other result is taken.
  package func run<Element: Sendable, Event: Sendable, Result: Sendable, Failure: Error>(
    _ elements: [Element],
    work: @escaping @Sendable (Element, (Event) -> Void) async -> Result,
    event: (Event) -> Void,
    take: (Element, Result) async throws(Failure) -> Void
  ) async throws(Failure) {
    guard width > 1, elements.count > 1 else {
      for element in elements { try await take(element, await work(element, event)) }
      return
    }
    let ended = await withDiscardingTaskGroup { group -> Swift.Result<Void, Failure> in
      let (steps, sender) = AsyncStream.makeStream(of: Step<Event, Result>.self)
      var iterator = steps.makeAsyncIterator()
      var waiting: [Int: Result] = [:]
      var (begun, running, taken) = (0, 0, 0)
      while taken < elements.count {
        while begun < elements.count, running < width, begun - taken < 2 * width {
          let (number, element) = (begun, elements[begun])
          group.addTask {
            sender.yield(.result(number, await work(element) { sender.yield(.event($0)) }))
          }
          begun += 1
          running += 1
        }
        switch await iterator.next() {
        case .event(let told)?: event(told)
        case .result(let number, let result)?:
          running -= 1
          waiting[number] = result
        case nil: return .success(())  // cancelled
        }
        while let result = waiting.removeValue(forKey: taken) {
          do throws(Failure) {
            try await take(elements[taken], result)
          } catch {
            group.cancelAll()
            return .failure(error)
          }
          taken += 1
        }
      }
      return .success(())
    }
    try ended.get()
  }
}
