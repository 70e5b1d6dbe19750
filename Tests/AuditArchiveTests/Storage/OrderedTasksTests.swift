import AuditArchive
import Synchronization
import TestSupport
import Testing

@Suite struct OrderedTasksTests {
  private struct Stop: Error, Equatable { var number: Int }

  private final class Begun: Sendable {
    let count = Mutex(0)
  }

  private func pause(_ random: inout SeededRandom) async {
    for _ in 0..<Int.random(in: 0..<20, using: &random) { await Task.yield() }
  }

  @Test(arguments: [1, 2, 8])
  func `results come in the order of the elements, and at most width elements are worked on at a time`(
    width: Int
  ) async {
    let running = Mutex((now: 0, most: 0))
    var (taken, events) = ([Int](), [Int: [Int]]())
    await OrderedTasks(width: width).run(Array(0..<200)) { number, event -> Int in
      var random = SeededRandom(seed: number)
      running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
      event(2 * number)
      await pause(&random)
      event(2 * number + 1)
      running.withLock { $0.now -= 1 }
      return number * number
    } event: {
      events[$0 / 2, default: []].append($0)
    } take: { number, square in
      #expect(square == number * number && events[number] == [2 * number, 2 * number + 1])
      taken.append(number)
    }
    #expect(taken == Array(0..<200) && running.withLock(\.most) <= width)
  }

  @Test(arguments: [1, 2, 8])
  func `after a slow element, at most twice the width are begun`(width: Int) async {
    let begun = Mutex(0)
    var most = 0
    await OrderedTasks(width: width).run(Array(0..<100)) { (number, _) -> Int in
      begun.withLock { $0 += 1 }
      if number == 0 { for _ in 0..<1_000 { await Task.yield() } }
      return begun.withLock(\.self)
    } event: { (_: Never) in
    } take: { number, count in
      most = max(most, count - number)
    }
    #expect(most <= 2 * width)
  }

  @Test(arguments: [1, 2, 8])
  func `an error thrown by take cancels the work, and run returns after the work has ended`(width: Int) async
  {
    for last in 0..<20 {
      let running = Mutex(0)
      var taken: [Int] = []
      do throws(Stop) {
        try await OrderedTasks(width: width).run(Array(0..<20)) { (number, _) -> Int in
          running.withLock { $0 += 1 }
          await Task.yield()
          running.withLock { $0 -= 1 }
          return number
        } event: { (_: Never) in
        } take: { (number, _) throws(Stop) in
          if number == last { throw Stop(number: number) }
          taken.append(number)
        }
        Issue.record("nothing was thrown")
      } catch {
        #expect(error == Stop(number: last) && taken == Array(0..<last))
      }
      #expect(running.withLock(\.self) == 0)
    }
  }

  @Test(arguments: [1, 2, 8])
  func `a cancelled task returns, and begins no further elements`(width: Int) async {
    let begun = Begun()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await OrderedTasks(width: width).run(Array(0..<1_000)) { (number, _) -> Int in
          guard !Task.isCancelled else { return number }
          begun.count.withLock { $0 += 1 }
          while !Task.isCancelled { await Task.yield() }
          return number
        } event: { (_: Never) in
        } take: { _, _ in
        }
      }
      while begun.count.withLock({ $0 < width }) { await Task.yield() }
      group.cancelAll()
    }
    #expect(begun.count.withLock(\.self) == width)
  }
}
