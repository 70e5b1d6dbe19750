import AuditExport
import TestSupport
import Testing

/// Which log of a job starts next.
struct LogScheduleTests {
  /// All logs that may start now.
  private func starts(_ schedule: inout LogSchedule) -> [Int] {
    var started: [Int] = []
    while let log = schedule.next() { started.append(log) }
    return started
  }

  @Test func `one at a time keeps the order of the job, also while a log waits`() {
    var schedule = LogSchedule(keys: ["a", "a", "b"], limit: 1)
    #expect(schedule.mostUnderWay == 1)
    for log in 0..<3 {
      #expect(starts(&schedule) == [log])
      schedule.waits(log)
      #expect(starts(&schedule) == [] && !schedule.isFinished)
      schedule.ended(log)
    }
    #expect(schedule.isFinished && starts(&schedule) == [])
  }

  @Test func `the key with the fewest logs under way comes first`() {
    var schedule = LogSchedule(keys: ["a", "a", "a", "a", "b", "c"], limit: 4)
    #expect(starts(&schedule) == [0, 4, 5, 1])
    schedule.ended(4)
    // Only a has logs left.
    #expect(starts(&schedule) == [2])
    schedule.ended(0)
    schedule.ended(1)
    #expect(starts(&schedule) == [3])
  }

  @Test func `while a log waits, another one starts, and the first may go on above the limit`() {
    var schedule = LogSchedule(keys: ["a", "b", "c", "d", "e"], limit: 2)
    #expect(starts(&schedule) == [0, 1])
    schedule.waits(0)
    #expect(starts(&schedule) == [2])
    schedule.goesOn(0)
    #expect(starts(&schedule) == [] && schedule.runningCount == 3)
    schedule.ended(1)
    #expect(starts(&schedule) == [], "two are busy still")
    schedule.ended(2)
    #expect(starts(&schedule) == [3])
  }

  @Test func `beyond four times the limit, only keys without a log under way start one`() {
    // Ten keys that have to wait for long, and then a healthy one.
    var schedule = LogSchedule(keys: (0..<20).map { $0 / 2 } + [10, 10], limit: 2)
    #expect(schedule.mostUnderWay == 11)
    var started: [Int] = []
    while let log = schedule.next() {
      started.append(log)
      schedule.waits(log)
    }
    #expect(started == Array(stride(from: 0, through: 20, by: 2)))
    schedule.goesOn(20)
    schedule.ended(20)
    #expect(starts(&schedule) == [21])
  }

  @Test func `no more than sixteen times the limit are under way, and of one key no more than the limit`() {
    var schedule = LogSchedule(keys: Array(0..<100), limit: 3)
    #expect(schedule.mostUnderWay == 48)
    var started: [Int] = []
    while let log = schedule.next() {
      started.append(log)
      schedule.waits(log)
    }
    #expect(started == Array(0..<48))
    var one = LogSchedule(keys: Array(repeating: "a", count: 100), limit: 3)
    #expect(one.mostUnderWay == 3)
    while let log = one.next() { one.waits(log) }
    #expect(one.runningCount == 3)
  }

  @Test func `messages about a log that has ended change nothing`() {
    var schedule = LogSchedule(keys: ["a", "b"], limit: 1)
    #expect(starts(&schedule) == [0])
    schedule.ended(0)
    schedule.waits(0)
    schedule.ended(0)
    #expect(starts(&schedule) == [1])
    schedule.goesOn(0)
    schedule.ended(1)
    #expect(schedule.isFinished)
  }

  @Test func `whatever logs do, each runs once, and no key is idle while places are free`() throws {
    try withEvery("seed", in: 0..<200) { seed in
      var random = SeededRandom(seed: seed)
      let keys = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        Int.random(in: 0..<8, using: &random)
      }
      let limit = Int.random(in: 1...6, using: &random)
      var schedule = LogSchedule(keys: keys, limit: limit)
      var (started, running, waiting) = ([Int](), Set<Int>(), Set<Int>())
      while !schedule.isFinished {
        while let log = schedule.next() {
          started.append(log)
          running.insert(log)
          try #require(running.count - waiting.count <= limit)
        }
        try #require(
          running.count <= schedule.mostUnderWay && schedule.runningCount == running.count)
        if running.count - waiting.count < limit, running.count < schedule.mostUnderWay {
          let idle = Set(keys.indices.filter { !started.contains($0) }.map { keys[$0] })
            .subtracting(running.map { keys[$0] })
          try #require(idle.isEmpty)
        }
        guard let log = running.sorted().randomElement(using: &random) else { break }
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
          schedule.waits(log)
          waiting.insert(log)
        case 1:
          schedule.goesOn(log)
          waiting.remove(log)
        default:
          schedule.ended(log)
          running.remove(log)
          waiting.remove(log)
        }
      }
      try #require(started.sorted() == Array(keys.indices))
    }
  }
}
