import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

/// Events that appear, move or vanish while a log is read.
@Suite(.fewAtOnce) struct `Changes of the log` {
  @Test func `growth adds events before each request, newer than all others and not in the future`() throws {
    var emulation = try Emulation(generated: 10) { $0.behaviours = [Growth(events: 3)] }
    var counts: [String?] = []
    for _ in 0..<3 {
      emulation.now = emulation.now + .seconds(1)
      counts.append(emulation.get().headers["X-Pagination-Count"])
    }
    #expect(counts == ["13", "16", "19"])
    let times = try records(emulation.api.truth(emulation.name) ?? []).prefix(9).compactMap {
      $0["event_at"] as? String
    }
    let before = emulation.now - .seconds(3)
    #expect(try times.allSatisfy { try time($0) > before && time($0) <= emulation.now })
    #expect(try times.map(time) == times.map(time).sorted(by: >))
  }

  @Test func `growth shifts events to later pages, and a walk towards older pages loses none`() throws {
    var emulation = try Emulation(generated: 300) { $0.behaviours = [Growth(events: 4)] }
    let before = try records(emulation.api.truth(emulation.name) ?? []).compactMap { $0["uuid"] as? String }
    let seen = try emulation.walk(size: 10)
    #expect(seen.count > Set(seen).count)
    #expect(Set(seen).isSuperset(of: before))
  }

  @Test func `late events are older than the newest event by at most the bound`() throws {
    var emulation = try Emulation(generated: 10) {
      $0.behaviours = [LateEvents(chance: 1, by: .minutes(5), seed: 1)]
    }
    let newest = try #require(emulation.api.log(emulation.name)?.newest)
    for _ in 0..<20 { _ = emulation.get() }
    let times = try records(emulation.api.truth(emulation.name) ?? []).map {
      try time(try #require($0["event_at"] as? String))
    }
    #expect(times.count == 30)
    #expect(times.max() == newest)
    #expect(times.count { $0 >= newest - .minutes(5) && $0 < newest } >= 20)
  }

  @Test func `late events arrive with the given chance`() throws {
    var emulation = try Emulation(generated: 10) {
      $0.behaviours = [LateEvents(chance: 0.1, by: .hours(1), seed: 3)]
    }
    for _ in 0..<1_000 { _ = emulation.get(size: 1) }
    let count = try records(emulation.api.truth(emulation.name) ?? []).count
    #expect((60...160).contains(count))
  }

  @Test(arguments: ErasedEvents.Place.allCases) func `erased rows leave the list and are still known`(
    place: ErasedEvents.Place
  ) throws {
    var (emulation, all) = try Emulation.withNames(100, ErasedEvents(chance: 0.5, place, seed: 2))
    let mark = try #require(emulation.api.log(emulation.name)).events.mark
    for _ in 0..<40 { _ = emulation.get() }
    let log = try #require(emulation.api.log(emulation.name))
    let left = try records(log.truth).compactMap { $0["uuid"] as? String }
    #expect((70..<95).contains(left.count))
    #expect(left == all.filter { left.contains($0) })
    if place == .head { #expect(left == Array(all.suffix(left.count))) }
    let former = try records(log.events.formerJSON).compactMap { $0["uuid"] as? String }
    #expect(Set(former) == Set(all).subtracting(left))
    #expect(log.steady(since: mark) == log.truth)
  }

  @Test func `an event that moves to another time remains the same event`() throws {
    var (emulation, all) = try Emulation.withNames(20, MovedEvent(place: 3, by: .days(-40), beforeRequest: 2))
    let mark = try #require(emulation.api.log(emulation.name)).events.mark
    #expect(try emulation.get(size: 50).uuids == all)
    let before = try emulation.api.log(emulation.name).map { try records($0.truth)[3] }
    var moved = all
    moved.append(moved.remove(at: 3))
    for _ in 0..<2 { #expect(try emulation.get(size: 50).uuids == moved) }
    let log = try #require(emulation.api.log(emulation.name))
    let after = try records(log.truth)[19]
    let was = try time(try #require(before?["event_at"] as? String))
    #expect(try time(try #require(after["event_at"] as? String)) == was - .days(40))
    #expect(after["object"] as? String == before?["object"] as? String)
    #expect(try records(log.events.formerJSON).compactMap { $0["uuid"] as? String } == [all[3]])
    #expect(try records(log.steady(since: mark)).count == 19)
  }

  @Test func `seeded moves lose no event and move none into the future`() throws {
    let run = {
      var (emulation, all) = try Emulation.withNames(50, MovedEvent(chance: 0.5, by: .days(2), seed: 7))
      for _ in 0..<60 { _ = emulation.get() }
      let moved = try emulation.get(size: 500).records
      #expect(try moved.allSatisfy { try time($0["event_at"] as? String ?? "") <= emulation.now })
      let names = moved.compactMap { $0["uuid"] as? String }
      #expect(Set(names) == Set(all))
      #expect(names != all)
      return names
    }
    #expect(try run() == run())
  }

  @Test func `an event that arrives after the mark is not steady`() throws {
    var (emulation, _) = try Emulation.withNames(10)
    let mark = try #require(emulation.api.log(emulation.name)).events.mark
    emulation.api.change(emulation.name) { $0.insert(record: record("new", at: "2024-02-02T00:00:00Z")) }
    let log = try #require(emulation.api.log(emulation.name))
    #expect(try records(log.truth).count == 11)
    #expect(try records(log.steady(since: mark)).count == 10)
  }

  @Test(arguments: [
    #"{"event_at":"2024-02-12T10:00:00Z","uuid":"a"}"#,
    #"{"uuid":"a", "event_at" : "2024-02-12T10:00:00Z" }"#,
  ]) func `moving a record changes only its time`(text: String) throws {
    var emulation = try Emulation([Array(text.utf8)])
    emulation.api.change(emulation.name) { $0.move(0, to: $0.events.time(0) + .hours(1)) }
    #expect(emulation.get().text == "[" + text.replacing("T10", with: "T11") + "]")
  }
}
