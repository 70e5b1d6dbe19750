import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

/// Lists whose order is not that of the times.
@Suite(.fewAtOnce) struct `Faults of order` {
  @Test func `ties are listed in another order on each request, and nothing else moves`() throws {
    var emulation = try Emulation(generated: 90, ties: 6) { $0.behaviours = [ShuffledTies(seed: 1)] }
    let pages = try (1...4).map { _ in try emulation.get(size: 90).records }
    let orders = pages.map { page in page.compactMap { $0["uuid"] as? String } }
    #expect(Set(orders).count == 4)
    #expect(Set(orders.map(Set.init)).count == 1)
    let times = pages.map { page in page.compactMap { $0["event_at"] as? String } }
    #expect(Set(times).count == 1)
    #expect(try times.at(0) == times.at(0).sorted(by: >))
  }

  @Test func `a shuffle changes only ties, in queries as in the whole list`() throws {
    var plain = try Emulation(generated: 40)
    var shuffled = try Emulation(generated: 40) { $0.behaviours = [ShuffledTies(seed: 1)] }
    #expect(plain.get(size: 40).body == shuffled.get(size: 40).body)
    var tied = try Emulation(generated: 40, ties: 40) { $0.behaviours = [ShuffledTies(seed: 1)] }
    let query = "event_at:>=2024-02-01 AND actor:*"
    #expect(tied.get(size: 40, query: query).body != tied.get(size: 40, query: query).body)
  }

  @Test func `in ascending order, pages show the reversed list`() throws {
    var emulation = try Emulation(generated: 70)
    let newestFirst = try emulation.walk(size: 30)
    emulation.api.setBehaviours([AscendingOrder()])
    #expect(try emulation.walk(size: 30) == newestFirst.reversed())
    emulation.api.setBehaviours([ShuffledTies(seed: 1), AscendingOrder()])
    #expect(try emulation.walk(size: 30) == newestFirst.reversed())
  }

  @Test func `a stray event stays behind the same neighbour while the list grows`()
    throws
  {
    var (emulation, all) = try Emulation.withNames(
      40, Growth(events: 1), MisplacedEvents([.init(from: 4, to: 31)]))
    var expected = all
    expected.insert(expected.remove(at: 5), at: 32)
    for _ in 0..<3 {
      emulation.now = emulation.now + .seconds(1)
      let shown = try emulation.get(size: 500).uuids.filter { all.contains($0) }
      // The event that grew before the first request has place 0.
      #expect(shown == Array(all[..<3] + all[4...30] + [all[3]] + all[31...]))
    }
  }

  @Test func `seeded strays keep every event in the list once`() throws {
    var (emulation, all) = try Emulation.withNames(200, MisplacedEvents(5, ofNewest: 200, seed: 4))
    let shown = try emulation.walk(size: 30)
    #expect(shown != all)
    #expect(shown.sorted() == all.sorted())
    #expect(try emulation.walk(size: 30) == shown)
  }
}
