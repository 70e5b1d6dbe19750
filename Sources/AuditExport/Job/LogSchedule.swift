/// Decides which log of a job starts next. No I/O.
///
/// While a log waits for the API, another one may start, so a slow key does not hold up the others: with many keys, each
/// can have a request under way although only a few logs are busy. The next log is one whose key has the fewest logs under
/// way, and among these the first one of the job.
package struct LogSchedule: Sendable {
  /// The most logs that are busy when another one starts.
  private let limit: Int
  /// With so many logs under way, only a key without any starts one: keys that wait for long must not hold up the others.
  private let crowd: Int
  /// The key of each log, as a number.
  private let keys: [Int]
  /// For each key, its logs that have not started, the first one last.
  private var pending: [[Int]]
  /// For each key, its logs under way.
  private var underWay: [Int]
  private var waiting: Set<Int> = []
  private var running: Set<Int> = []

  /// - Parameters:
  ///   - keys: for each log, in the order of the job, which key it uses. Logs with equal values share a key.
  ///   - limit: how many logs may be busy at once, at least 1.
  package init(keys: [some Hashable], limit: Int) {
    var numbers: [AnyHashable: Int] = [:]
    self.keys = keys.map { key in
      let number = numbers[key] ?? numbers.count
      numbers[key] = number
      return number
    }
    self.limit = limit
    var pending: [[Int]] = Array(repeating: [], count: numbers.count)
    for (log, key) in self.keys.enumerated().reversed() { pending[key].append(log) }
    self.pending = pending
    underWay = Array(repeating: 0, count: numbers.count)
    crowd = limit == 1 ? 1 : 4 * limit
    let most = limit == 1 ? 1 : max(crowd, min(numbers.count, 16 * limit))
    mostUnderWay = min(most, pending.reduce(0) { $0 + min($1.count, limit) })
  }

  /// The most logs that can be under way at once, busy or waiting. Each of them takes memory and open files.
  package let mostUnderWay: Int

  /// The number of logs under way.
  package var runningCount: Int { running.count }
  /// Whether every log has started and ended.
  package var isFinished: Bool { running.isEmpty && pending.allSatisfy(\.isEmpty) }

  /// The log to start now, which then counts as busy. nil if none may start before another one waits or ends.
  package mutating func next() -> Int? {
    guard running.count - waiting.count < limit, running.count < mostUnderWay else { return nil }
    // No more of one key than could be busy at once: its other logs would only wait for the same pace.
    let most = running.count < crowd ? limit : 1
    let open = pending.indices.filter { !pending[$0].isEmpty && underWay[$0] < most }
    guard
      let key = open.min(by: {
        (underWay[$0], pending[$0].last ?? 0) < (underWay[$1], pending[$1].last ?? 0)
      }), let log = pending[key].popLast()
    else { return nil }
    underWay[key] += 1
    running.insert(log)
    return log
  }

  /// A log waits for its pace, the rate limit, or another attempt.
  package mutating func waits(_ log: Int) {
    if running.contains(log) { waiting.insert(log) }
  }

  /// A log does not wait any more. It goes on at once, even if that makes more logs busy than the limit.
  package mutating func goesOn(_ log: Int) { waiting.remove(log) }

  /// A log has ended. Call it once for each log that `next` returned.
  package mutating func ended(_ log: Int) {
    guard running.remove(log) != nil else { return }
    waiting.remove(log)
    underWay[keys[log]] -= 1
  }
}
