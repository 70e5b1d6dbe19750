import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

/// Lists that lack events.
@Suite(.fewAtOnce) struct `Faults of lists` {
  @Test(arguments: [
    (LaggingReplica.Choice.inTurn, [0, 7, 2, 0, 7, 2]), (.listed([1, 1, 0]), [7, 7, 0, 7, 7, 0]),
  ]) func `replicas answer in order, each without its missing events and with its own count`(
    choice: LaggingReplica.Choice, lacks: [Int]
  ) throws {
    let lags = [LaggingReplica.Lag.events(0), .events(7), .events(2)]
    var (emulation, all) = try Emulation.withNames(40, LaggingReplica(lags, choice: choice))
    for lack in lacks {
      let response = emulation.get(page: 2, size: 10)
      #expect(try response.uuids == Array(all.dropFirst(lack).dropFirst(10).prefix(10)))
      #expect(response.pagination == ["\(40 - lack)", "4", "2", "10"])
    }
  }

  @Test func `replicas can share the count and be chosen by a seed`() throws {
    let behaviour = LaggingReplica([.events(0), .events(7)], choice: .random(seed: 3), sharesCount: true)
    let run = {
      var (emulation, all) = try Emulation.withNames(40, behaviour)
      return try (1...20).map { _ in
        let response = emulation.get(size: 10)
        #expect(response.pagination == ["40", "4", "1", "10"])
        return try #require(all.firstIndex(of: response.uuids[0]))
      }
    }
    let lacks = try run()
    #expect(Set(lacks) == [0, 7])
    #expect(try run() == lacks)
  }

  @Test func `a replica that lags by a span lacks the events written in that span, late ones included`()
    throws
  {
    var (emulation, all) = try Emulation.withNames(10, LaggingReplica([.span(.minutes(5))]))
    emulation.api.change(emulation.name) {
      $0.insert(record: record("late", at: "2024-02-02T00:00:00Z"))
    }
    #expect(try emulation.get(size: 50).uuids == all)
    emulation.now = emulation.now + .minutes(5)
    #expect(try Set(emulation.get(size: 50).uuids) == Set(all + ["late"]))
  }

  @Test func `a query uses the same replica and states its own count`() throws {
    var emulation = try Emulation([
      record("c", at: "2024-02-12T00:00:00Z"), record("b", at: "2024-02-11T00:00:00Z"),
      record("a", at: "2024-02-10T00:00:00Z", actor: "ben"),
    ]) { $0.behaviours = [LaggingReplica([.events(1)], sharesCount: true)] }
    let response = emulation.get(query: "actor:ada")
    #expect(try response.uuids == ["b"])
    #expect(response.pagination.first == "2")
  }

  @Test(arguments: [
    (EmptyList.Fields.absent, [nil, nil, nil, nil]), (.zero, ["0", "1", "2", "10"]),
    (.kept, ["30", "3", "2", "10"]),
  ]) func `the list is empty for a range of requests`(fields: EmptyList.Fields, told: [String?]) throws {
    let (start, all) = try Emulation.withNames(
      30, EmptyList(during: RequestRange(from: 2, length: 2), fields: fields))
    var emulation = start
    for isEmpty in [false, true, true, false] {
      let response = emulation.get(page: 2, size: 10)
      #expect(response.status == 200)
      #expect(try response.uuids == (isEmpty ? [] : Array(all[10..<20])))
      #expect(response.pagination == (isEmpty ? told : ["30", "3", "2", "10"]))
    }
  }

  @Test func `an empty list answers every page and hides no refusal`() throws {
    var (emulation, _) = try Emulation.withNames(30, EmptyList())
    #expect(emulation.get(page: 99).status == 200)
    emulation.api.setBehaviours([EmptyList(), Failures(FaultSchedule(every: 1), status: 503)])
    #expect(emulation.get().status == 503)
  }

  @Test func `a range of requests counts from the first request of its behaviour`() throws {
    var (emulation, all) = try Emulation.withNames(5)
    for _ in 0..<4 { _ = emulation.get() }
    emulation.api.setBehaviours([EmptyList(during: RequestRange(from: 3))])
    let sizes = try (1...5).map { _ in try emulation.get().uuids.count }
    #expect(sizes == [all.count, all.count, 0, 0, 0])
  }

  @Test func `a list is always thinned to the same events`() throws {
    var (emulation, all) = try Emulation.withNames(
      100, ThinnedList(to: .every(5), during: RequestRange(from: 2)))
    #expect(try emulation.get(size: 500).uuids == all)
    let thinned = try emulation.get(size: 500).uuids
    #expect(thinned == all.filter { thinned.contains($0) })
    #expect(thinned.count == 20)
    emulation.api.change(emulation.name) { $0.insertGenerated(at: Timestamp(microseconds: 0)) }
    #expect(try emulation.get(size: 500).uuids == thinned)
    #expect(emulation.get().headers["X-Pagination-Count"] == "20")
  }

  @Test func `a list is thinned to the events of one actor`() throws {
    var emulation = try Emulation(`Queries`.log) { $0.behaviours = [ThinnedList(to: .actor("ada"))] }
    #expect(try emulation.get().uuids == ["c"])
  }

  @Test func `a list is cut short, for queries too, and grows back`() throws {
    var (emulation, all) = try Emulation.withNames(
      100, CutList(to: 30, growingBy: 40, during: RequestRange(from: 2)))
    let counts = (1...4).map { _ in emulation.get(size: 50).headers["X-Pagination-Count"] }
    #expect(counts == ["100", "30", "70", "100"])
    emulation.api.setBehaviours([CutList(to: 30)])
    #expect(try emulation.walk(size: 20) == Array(all.prefix(30)))
    #expect(try emulation.walk(size: 20, query: #"event_at:>="2024-01-01""#) == Array(all.prefix(30)))
    #expect(emulation.get(page: 3, size: 20).status == 404)
  }

  @Test func `retention removes the oldest events from the list, but not from the truth`() throws {
    var emulation = try Emulation(generated: 100)
    let all = try emulation.walk(size: 100)
    let times = try emulation.get(size: 100).records.map { try time(try #require($0["event_at"] as? String)) }
    emulation.api.setBehaviours([Retention(emulation.now - times[79])])
    #expect(try emulation.walk(size: 30) == Array(all.prefix(80)))
    emulation.now = emulation.now + (times[49] - times[79])
    #expect(try emulation.walk(size: 30) == Array(all.prefix(50)))
    emulation.now = emulation.now + .days(40)
    #expect(emulation.get().text == "[]")
    #expect(try records(emulation.api.truth(emulation.name) ?? []).count == 100)
  }
}
