import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

/// Behaviours that make a list look other than it is.
@Suite(.fewAtOnce) struct `Faults of lists` {
  /// What an answer says of pages, in the order count, pages, page, size; nil where it says nothing.
  private static func fields(_ response: EmulatedResponse) -> [String?] {
    ["Count", "PageTotal", "Page", "PageSize"].map { response.headers["X-Pagination-\($0)"] }
  }

  /// An emulator of so many made-up events, and their names, newest first.
  private static func emulation(_ count: Int, _ behaviours: any Behaviour...) throws -> (Emulation, [String])
  {
    var emulation = try Emulation(generated: count)
    let all = try emulation.walk(size: 500)
    emulation.api.behave(behaviours)
    return (emulation, all)
  }

  // MARK: Copies and counts

  @Test(arguments: [
    (LaggingReplica.Choice.inTurn, [0, 7, 2, 0, 7, 2]), (.listed([1, 1, 0]), [7, 7, 0, 7, 7, 0]),
  ]) func `copies answer in their order, each without what it lacks and with its own count`(
    choice: LaggingReplica.Choice, lacks: [Int]
  ) throws {
    let lags = [LaggingReplica.Lag.events(0), .events(7), .events(2)]
    var (emulation, all) = try Self.emulation(40, LaggingReplica(lags, choice: choice))
    for lack in lacks {
      let response = emulation.get(page: 2, size: 10)
      #expect(try response.uuids == Array(all.dropFirst(lack).dropFirst(10).prefix(10)))
      #expect(Self.fields(response) == ["\(40 - lack)", "4", "2", "10"])
    }
  }

  @Test func `copies can share the count, and be chosen by a seed`() throws {
    let behaviour = LaggingReplica([.events(0), .events(7)], choice: .random(seed: 3), sharesCount: true)
    let run = {
      var (emulation, all) = try Self.emulation(40, behaviour)
      return try (1...20).map { _ in
        let response = emulation.get(size: 10)
        #expect(Self.fields(response) == ["40", "4", "1", "10"])
        return try #require(all.firstIndex(of: response.uuids[0]))
      }
    }
    let lacks = try run()
    #expect(Set(lacks) == [0, 7])
    #expect(try run() == lacks)
  }

  @Test func `a copy that lags by a span lacks what was written in it, also what is late`() throws {
    var (emulation, all) = try Self.emulation(10, LaggingReplica([.span(.minutes(5))]))
    emulation.api.change(emulation.name) {
      $0.insert(record: record("late", at: "2024-02-02T00:00:00Z"))
    }
    #expect(try emulation.get(size: 50).uuids == all)
    emulation.now = emulation.now + .minutes(5)
    #expect(try Set(emulation.get(size: 50).uuids) == Set(all + ["late"]))
  }

  @Test func `a query meets the same copy, with the count of what it finds`() throws {
    var emulation = try Emulation([
      record("c", at: "2024-02-12T00:00:00Z"), record("b", at: "2024-02-11T00:00:00Z"),
      record("a", at: "2024-02-10T00:00:00Z", actor: "ben"),
    ]) { $0.behaviours = [LaggingReplica([.events(1)], sharesCount: true)] }
    let response = emulation.get(query: "actor:ada")
    #expect(try response.uuids == ["b"])
    #expect(Self.fields(response).first == "2")
  }

  @Test(arguments: [
    (CachedCount.Lifetime.forever, ["10", "10", "10", "10"]), (.answers(2), ["10", "10", "12", "12"]),
    (.answers(1), ["10", "11", "12", "13"]), (.span(.seconds(3)), ["10", "10", "10", "13"]),
  ]) func `the count comes from a cache, of each query its own`(
    lifetime: CachedCount.Lifetime, counts: [String]
  ) throws {
    var emulation = try Emulation(generated: 9) {
      $0.behaviours = [Growth(events: 1), CachedCount(lifetime)]
    }
    for count in counts {
      let response = emulation.get(size: 10)
      #expect(Self.fields(response) == [count, count == "10" ? "1" : "2", "1", "10"])
      emulation.now = emulation.now + .seconds(1)
    }
    let own = emulation.get(size: 10, query: #"event_at:>="2024-01-01""#)
    #expect(own.headers["X-Pagination-Count"] == "14")
  }

  // MARK: Less than there is

  @Test(arguments: [
    (EmptyList.Fields.absent, [nil, nil, nil, nil]), (.zero, ["0", "1", "2", "10"]),
    (.kept, ["30", "3", "2", "10"]),
  ]) func `the list is empty for a stretch of requests`(fields: EmptyList.Fields, told: [String?]) throws {
    let (start, all) = try Self.emulation(30, EmptyList(during: Stretch(from: 2, length: 2), fields: fields))
    var emulation = start
    for isEmpty in [false, true, true, false] {
      let response = emulation.get(page: 2, size: 10)
      #expect(response.status == 200)
      #expect(try response.uuids == (isEmpty ? [] : Array(all[10..<20])))
      #expect(Self.fields(response) == (isEmpty ? told : ["30", "3", "2", "10"]))
    }
  }

  @Test func `an empty list has no page past its end, and hides no refusal`() throws {
    var (emulation, _) = try Self.emulation(30, EmptyList())
    #expect(emulation.get(page: 99).status == 200)
    emulation.api.behave([EmptyList(), Failures(Rhythm(every: 1), status: 503)])
    #expect(emulation.get().status == 503)
  }

  @Test func `a stretch counts from the first request that its behaviour sees`() throws {
    var (emulation, all) = try Self.emulation(5)
    for _ in 0..<4 { _ = emulation.get() }
    emulation.api.behave([EmptyList(during: Stretch(from: 3))])
    let sizes = try (1...5).map { _ in try emulation.get().uuids.count }
    #expect(sizes == [all.count, all.count, 0, 0, 0])
  }

  @Test func `a list is thinned to always the same events`() throws {
    var (emulation, all) = try Self.emulation(100, ThinnedList(to: .every(5), during: Stretch(from: 2)))
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

  @Test func `a list ends early, for queries too, and grows back`() throws {
    var (emulation, all) = try Self.emulation(100, CutList(to: 30, growingBy: 40, during: Stretch(from: 2)))
    let counts = (1...4).map { _ in emulation.get(size: 50).headers["X-Pagination-Count"] }
    #expect(counts == ["100", "30", "70", "100"])
    emulation.api.behave([CutList(to: 30)])
    #expect(try emulation.walk(size: 20) == Array(all.prefix(30)))
    #expect(try emulation.walk(size: 20, query: #"event_at:>="2024-01-01""#) == Array(all.prefix(30)))
    #expect(emulation.get(page: 3, size: 20).status == 404)
  }

  // MARK: Depth

  @Test(arguments: [(PageRefusal.status(404), 404), (.status(400), 400), (.empty, 200)])
  func `the count stands at a cap, and pages past it are refused`(refusal: PageRefusal, status: Int) throws {
    var (emulation, all) = try Self.emulation(100, CountCap(50, refusal: refusal))
    #expect(Self.fields(emulation.get(size: 20)) == ["50", "3", "1", "20"])
    #expect(try emulation.get(page: 3, size: 20).uuids == Array(all[40..<50]))
    let past = emulation.get(page: 4, size: 20)
    #expect(past.status == status)
    #expect(Self.fields(past) == [nil, nil, nil, nil])
    #expect(status != 200 || past.text == "[]")
    let narrow = emulation.get(size: 20, query: #"event_at:<"2024-02-05""#)
    #expect(Self.fields(narrow) != ["50", "3", "1", "20"])
  }

  @Test func `the count stands at a cap, and the list goes on past it`() throws {
    var (emulation, all) = try Self.emulation(100, CountCap(50, refusal: nil))
    let past = emulation.get(page: 4, size: 20)
    #expect(try past.uuids == Array(all[60..<80]))
    #expect(Self.fields(past) == ["50", "3", "4", "20"])
  }

  @Test func `a list shorter than the cap is untouched by it`() throws {
    var (emulation, _) = try Self.emulation(50, CountCap(50, refusal: .status(400)))
    #expect(Self.fields(emulation.get(size: 20)) == ["50", "3", "1", "20"])
    #expect(emulation.get(page: 4, size: 20).status == 404)
  }

  @Test(arguments: [
    PageRefusal.status(400), .status(404), .status(422), .status(500), .empty,
  ]) func `deep pages are refused, and the count stays true`(refusal: PageRefusal) throws {
    for limit in [DeepPageLimit.Limit.pages(2), .places(45)] {
      var (emulation, _) = try Self.emulation(100, DeepPageLimit(limit, refusal: refusal))
      #expect(Self.fields(emulation.get(page: 2, size: 20)) == ["100", "5", "2", "20"])
      let refused = emulation.get(page: 3, size: 20)
      #expect(refused == refusal.response)
      #expect(emulation.get(page: 1, size: 60).status == 200)
    }
  }

  @Test func `a page is refused once`() throws {
    var (emulation, all) = try Self.emulation(100, OddPage(2, refusal: .empty))
    #expect(emulation.get(page: 1, size: 20).status == 200)
    #expect(emulation.get(page: 2, size: 20).text == "[]")
    #expect(try emulation.get(page: 2, size: 20).uuids == Array(all[20..<40]))
  }

  @Test func `a page lacks its last events, and the next one begins where it should`() throws {
    var (emulation, all) = try Self.emulation(100, ShortPage(2, missing: 3, times: 2))
    for _ in 0..<2 {
      let short = emulation.get(page: 2, size: 20)
      #expect(try short.uuids == Array(all[20..<37]))
      #expect(Self.fields(short) == ["100", "5", "2", "20"])
      #expect(try emulation.get(page: 3, size: 20).uuids == Array(all[40..<60]))
    }
    #expect(try emulation.get(page: 2, size: 20).uuids == Array(all[20..<40]))
  }

  @Test func `nothing is said about pages`() throws {
    var (emulation, all) = try Self.emulation(100, PaginationFields.absent)
    let response = emulation.get(page: 2, size: 20)
    #expect(Self.fields(response) == [nil, nil, nil, nil])
    #expect(response.headers["Link"] == nil)
    #expect(try response.uuids == Array(all[20..<40]))
  }

  // MARK: Order

  @Test func `an event stands deeper than its time says, behind the same neighbour while the list grows`()
    throws
  {
    var (emulation, all) = try Self.emulation(40, Growth(events: 1), LateOrderBreak([.init(from: 4, to: 31)]))
    var expected = all
    expected.insert(expected.remove(at: 5), at: 32)
    for _ in 0..<3 {
      emulation.now = emulation.now + .seconds(1)
      let shown = try emulation.get(size: 500).uuids.filter { all.contains($0) }
      // The event that grew before the first request has place 0.
      #expect(shown == Array(all[..<3] + all[4...30] + [all[3]] + all[31...]))
    }
  }

  @Test func `strays by a seed keep every event in the list, once`() throws {
    var (emulation, all) = try Self.emulation(200, LateOrderBreak(5, ofNewest: 200, seed: 4))
    let shown = try emulation.walk(size: 30)
    #expect(shown != all)
    #expect(shown.sorted() == all.sorted())
    #expect(try emulation.walk(size: 30) == shown)
  }

  @Test(arguments: [1, 3, 30, -4]) func `events at one border of pages stand at two places, or at none`(
    count: Int
  ) throws {
    for isCounted in [true, false] {
      var (emulation, all) = try Self.emulation(
        120, RepeatedAnswers(after: 2, count: count, isCounted: isCounted))
      let first = emulation.get(page: 2, size: 30)
      let next = emulation.get(page: 3, size: 30)
      #expect(try first.uuids == Array(all[30..<60]))
      #expect(try next.uuids == Array(all[(60 - count)...].prefix(30)))
      #expect(next.headers["X-Pagination-Count"] == "\(isCounted ? 120 + count : 120)")
      #expect(emulation.get(page: 3, size: 30).body == next.body)
    }
  }

  // MARK: Changes

  @Test(arguments: ErasedRows.Place.allCases) func `rows disappear, and are known to have been there`(
    place: ErasedRows.Place
  ) throws {
    var (emulation, all) = try Self.emulation(100, ErasedRows(chance: 0.5, place, seed: 2))
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

  @Test func `an event moves to another instant, and remains the same event`() throws {
    var (emulation, all) = try Self.emulation(20, MovedEvent(place: 3, by: .days(-40), beforeRequest: 2))
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

  @Test func `events move by a seed, none is lost and none comes to lie in the future`() throws {
    let run = {
      var (emulation, all) = try Self.emulation(50, MovedEvent(chance: 0.5, by: .days(2), seed: 7))
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
    var (emulation, _) = try Self.emulation(10)
    let mark = try #require(emulation.api.log(emulation.name)).events.mark
    emulation.api.change(emulation.name) { $0.insert(record: record("new", at: "2024-02-02T00:00:00Z")) }
    let log = try #require(emulation.api.log(emulation.name))
    #expect(try records(log.truth).count == 11)
    #expect(try records(log.steady(since: mark)).count == 10)
  }

  @Test(arguments: [
    #"{"event_at":"2024-02-12T10:00:00Z","uuid":"a"}"#,
    #"{"uuid":"a", "event_at" : "2024-02-12T10:00:00Z" }"#,
  ]) func `a moved record is the same text but for its time`(text: String) throws {
    var emulation = try Emulation([Array(text.utf8)])
    emulation.api.change(emulation.name) { $0.move(0, to: $0.events.time(0) + .hours(1)) }
    #expect(emulation.get().text == "[" + text.replacing("T10", with: "T11") + "]")
  }

  // MARK: Clocks

  @Test func `a filter on another clock finds an event when it was written`() throws {
    var emulation = try Emulation(`Queries`.log) { $0.timeFilter = .onClock(FilterClock()) }
    let written = try time("2024-02-12T20:00:00Z")
    emulation.api.change(emulation.name) {
      $0.insert(record: record("late", at: "2024-02-10T12:00:00Z"), written: written)
    }
    #expect(try emulation.get().uuids == ["e", "d", "c", "b", "late", "a"])
    #expect(try emulation.get(query: #"event_at:<"2024-02-12""#).uuids == ["b", "a"])
    #expect(try emulation.get(query: #"event_at:>="2024-02-12" AND actor:ada"#).uuids == ["c", "late"])
    #expect(
      try emulation.get(query: #"event_at:>="2024-02-12T20:00:00Z" AND event_at:<"2024-02-12T20:00:01Z""#)
        .uuids
        == ["late"])
  }

  @Test(arguments: [1.0, -1]) func `a filter's clock shifts some events, always by the same`(sign: Double)
    throws
  {
    let clock = FilterClock(shift: .hours(40 * sign), chance: 0.2, seed: 3)
    var (emulation, all) = try Self.emulation(300)
    var shifted = try Emulation(generated: 300) { $0.timeFilter = .onClock(clock) }
    let bound = #""2024-02-15T00:00:00Z""#
    let before = try shifted.walk(size: 50, query: "event_at:<\(bound)")
    let after = try shifted.walk(size: 50, query: "event_at:>=\(bound)")
    #expect(Set(before + after) == Set(all) && before.count + after.count == 300)
    let exact = try emulation.walk(size: 50, query: "event_at:<\(bound)")
    let wrong = Set(exact).symmetricDifference(before)
    #expect((1...30).contains(wrong.count))
    #expect(wrong.isSubset(of: sign > 0 ? exact : before))
    #expect(try shifted.walk(size: 20, query: "event_at:<\(bound)") == before)
  }

  @Test func `the clock of the answers is ahead, steps, is silent at times, and tells its age`() throws {
    var emulation = try Emulation(`Pages`.three) {
      $0.behaviours = [
        DateField(
          ahead: .hours(2),
          steps: [.init(beforeRequest: 2, by: .hours(1)), .init(beforeRequest: 4, by: .days(-1))],
          age: .minutes(1), absent: Rhythm(every: 3))
      ]
    }
    let answers = (1...4).map { _ in emulation.get() }
    #expect(
      answers.map { $0.headers["Date"] } == [
        "Fri, 01 Mar 2024 13:59:00 GMT", "Fri, 01 Mar 2024 14:59:00 GMT", nil,
        "Thu, 29 Feb 2024 14:59:00 GMT",
      ])
    #expect(answers.map { $0.headers["Age"] } == ["60", "60", nil, "60"])
  }

  // MARK: All of them

  @Test func `behaviours go together, and a run with a seed can be repeated`() throws {
    let run = {
      var emulation = try Emulation(generated: 200, ties: 3) {
        $0.timeFilter = .onClock(FilterClock(shift: .hours(1), chance: 0.3))
        $0.behaviours = [
          Growth(events: 1), ErasedRows(chance: 0.2, seed: 1), MovedEvent(chance: 0.2, by: .days(1), seed: 2),
          LateOrderBreak(3, ofNewest: 100, seed: 3), ShuffledTies(seed: 4),
          LaggingReplica([.events(0), .events(5), .span(.seconds(9))], choice: .random(seed: 5)),
          ThinnedList(to: .every(2), during: Stretch(from: 6, length: 3)),
          CutList(to: 20, growingBy: 30, during: Stretch(from: 12)), RepeatedAnswers(after: 1, count: 2),
          CountCap(60), DeepPageLimit(.pages(5)), OddPage(2), CachedCount(.answers(4)),
          EmptyList(during: Stretch(from: 18, length: 1)), DateField(ahead: .minutes(3)),
        ]
      }
      return (1...40).map { number in
        emulation.now = emulation.now + .seconds(1)
        let query = number % 5 == 0 ? #"event_at:>="2024-02-10""# : nil
        return emulation.get(page: 1 + number % 7, size: 15, query: query)
      }
    }
    let answers = try run()
    #expect(try run() == answers)
    #expect(Set(answers.map(\.status)) == [200, 404])
  }

  @Test func `an error answer is left as it is by the faults of lists`() throws {
    var emulation = try Emulation {
      $0.access = .forbidden
      $0.behaviours = [
        LaggingReplica([.events(1)], sharesCount: true), CachedCount(.forever), EmptyList(),
        ThinnedList(to: .every(2)), CutList(to: 1), CountCap(1), DeepPageLimit(.pages(1), refusal: .empty),
        OddPage(1), ShortPage(1, missing: 0), PaginationFields.absent, RepeatedAnswers(after: 1, count: 1),
      ]
    }
    #expect(emulation.get().status == 403)
  }
}
