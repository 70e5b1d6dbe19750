import AuditRecord
import CloudsmithEmulator

/// The cases of `ClaimTests`. In each, the API contradicts itself within what such a run reads. What it hides the same way
/// every time is none of them.
extension Claim {
  static let all: [Claim] = [counts, headless, copies, ends, changes].flatMap(\.self)

  // MARK: Counts that do not say what is listed, and lists that do not hold what is counted

  private static let counts: [Claim] = [bursts, staleCounts, repetitions].flatMap(\.self)

  private static let bursts: [Claim] = [(1, 4), (60, 4), (99, 4), (100, 4), (130, 4), (60, 2), (60, 10)].map {
    (events: Int, request: Int) -> Claim in
    Claim(
      "a count from a cache, a multiple of the page size, and \(events) events before request \(request)",
      Burst(events, beforeRequest: request), CachedCount(.forever))
  }

  private static let staleCounts: [Claim] = [
    Claim("a count from a cache, and growth", Growth(events: 3), CachedCount(.forever)),
    Claim(
      "a count from a cache, and growth of a short last page", events: 950, Growth(events: 7),
      CachedCount(.forever)),
    Claim("a count that is told anew every third time", Growth(events: 5), CachedCount(.answers(3))),
    Claim("a count that is told anew every five minutes", Growth(events: 5), CachedCount(.span(.minutes(5)))),
    Claim(
      "a count from a cache, and rows that disappear", reach: .end, mends: false,
      ErasedRows(chance: 0.5, seed: 1), CachedCount(.forever)),
    Claim(
      "a count from a cache, and a loss above", reach: .top, mends: false, Loss(10..<40, beforeRequest: 4),
      CachedCount(.forever)),
    Claim("a count that stands still, and a quiet list", ends: .complete, CachedCount(.forever)),
  ]

  private static let repetitions: [Claim] = [
    Claim("one event twice at a border, and a count of all events", RepeatedAnswers(after: 3, count: 1)),
    Claim("events twice at a border, counted twice", RepeatedAnswers(after: 3, count: 5, isCounted: true)),
    Claim("a page twice", RepeatedAnswers(after: 3, count: 100)),
    Claim("a page twice, counted twice", RepeatedAnswers(after: 3, count: 100, isCounted: true)),
    Claim("events that no page lists, in the count", reach: .end, RepeatedAnswers(after: 3, count: -5)),
    Claim(
      "an event that no page lists, in the count", reach: .end, events: 950,
      RepeatedAnswers(after: 3, count: -1)),
  ]

  // MARK: Ends and short pages in the middle of a list

  private static let headless: [Claim] = [oddPages, shortPages].flatMap(\.self)

  private static let oddPages: [Claim] = [PageRefusal.status(404), .empty].flatMap {
    (refusal: PageRefusal) -> [Claim] in
    [
      Claim(
        "no fields, and an end in the middle, once: \(refusal)", ends: .complete, events: 1_090,
        PaginationFields.absent, OddPage(4, refusal: refusal)),
      Claim(
        "no fields, and an end on page 2, once: \(refusal)", ends: .complete, events: 1_090,
        PaginationFields.absent, OddPage(2, refusal: refusal)),
      Claim(
        "no fields, an end in the middle and growth: \(refusal)",
        PaginationFields.absent, OddPage(4, refusal: refusal), Growth(events: 2)),
      Claim("an end in the middle, once: \(refusal)", ends: .complete, OddPage(4, refusal: refusal)),
      Claim("an end in the middle, four times: \(refusal)", OddPage(4, refusal: refusal, times: 4)),
      Claim(
        "an end in the middle, and no count: \(refusal)", OddPage(4, refusal: refusal), CountField.absent),
    ]
  }

  private static let shortPages: [Claim] = [
    Claim(
      "no fields, and a page that lacks its last events, once",
      PaginationFields.absent, ShortPage(4, missing: 6, times: 1)),
    Claim(
      "no fields, and a page that always lacks its last events",
      PaginationFields.absent, ShortPage(4, missing: 6)),
    Claim("no fields, and a first page that lacks half", PaginationFields.absent, ShortPage(1, missing: 50)),
    Claim("a page that lacks its last events, once", ShortPage(4, missing: 6, times: 1)),
    Claim("a page that always lacks its last event", ShortPage(4, missing: 1)),
  ]

  // MARK: Several copies of the log, of which some lag behind

  private static let copies: [Claim] = [oneCount, otherCounts, byChance, latecomers].flatMap(\.self)

  private static let oneCount: [Claim] = [1, 7, 99, 100, 101, 250].flatMap { (lag: Int) -> [Claim] in
    [[0, 1], [1, 0], [0, 0, 1], [1, 1, 0, 0]].map { (order: [Int]) -> Claim in
      Claim(
        "copies \(order), one \(lag) events behind, one count", reach: .end,
        LaggingReplica([.events(0), .events(lag)], choice: .listed(order), sharesCount: true))
    }
  }

  private static let otherCounts: [Claim] = [7, 100].flatMap { (lag: Int) -> [Claim] in
    [[0, 1], [1, 0]].flatMap { (order: [Int]) -> [Claim] in
      [
        Claim(
          "copies \(order), one \(lag) events behind, each its count",
          LaggingReplica([.events(0), .events(lag)], choice: .listed(order))),
        Claim(
          "copies \(order), one \(lag) events behind, no count", reach: .end,
          LaggingReplica([.events(0), .events(lag)], choice: .listed(order)), CountField.absent),
        Claim(
          "copies \(order), one \(lag) events behind, one count, and growth", reach: .end, Growth(events: 2),
          LaggingReplica([.events(0), .events(lag)], choice: .listed(order), sharesCount: true)),
      ]
    }
  }

  private static let byChance: [Claim] = (0..<8).map { (seed: Int) -> Claim in
    Claim(
      "copies by chance, seed \(seed)", reach: seed % 2 == 0 ? .end : .anywhere,
      LaggingReplica(
        [.events(0), .events(3), .span(.hours(5))], choice: .random(seed: UInt64(seed)),
        sharesCount: seed % 2 == 0))
  }

  private static let latecomers: [Claim] = [
    Claim(
      "a copy that is five hours behind", reach: .end,
      LaggingReplica([.events(0), .span(.hours(5))], sharesCount: true)),
    Claim(
      "a copy that is behind, after three requests",
      LaggingReplica([.events(0), .events(40)], choice: .listed([0, 0, 0] + Array(repeating: 1, count: 60)))),
    Claim(
      "a copy that catches up after three requests",
      LaggingReplica([.events(0), .events(40)], choice: .listed([1, 1, 1] + Array(repeating: 0, count: 60)))),
    Claim(
      "copies in turn, and ties", reach: .end, ties: 7,
      LaggingReplica([.events(0), .events(7)], sharesCount: true), ShuffledTies(seed: 1)),
  ]

  // MARK: Ends that are none

  private static let ends: [Claim] = [cuts, blindCuts, refusals, lostSight].flatMap(\.self)

  private static let cuts: [Claim] = [(300, 0), (250, 0), (1, 0), (0, 0), (300, 50), (300, 150), (10, 400)]
    .flatMap { (limit: Int, growth: Int) -> [Claim] in
      let name = "a list cut to \(limit) events from request 4 on, growing by \(growth)"
      let cut = CutList(to: limit, growingBy: growth, during: Stretch(from: 4))
      return [
        Claim(name, cut), Claim("\(name), and empty past its end", cut, EmptyPastEnd()),
        Claim("\(name), and a count from a cache", cut, CachedCount(.forever)),
        Claim(
          "\(name), for two requests",
          CutList(to: limit, growingBy: growth, during: Stretch(from: 4, length: 2))),
      ]
    }

  private static let blindCuts: [Claim] = [(1, 0), (0, 0), (300, 150), (10, 400)].map {
    (limit: Int, growth: Int) -> Claim in
    Claim(
      "a list cut to \(limit) events from request 4 on, growing by \(growth), without fields", reach: .top,
      CutList(to: limit, growingBy: growth, during: Stretch(from: 4)), PaginationFields.absent)
  }

  private static let refusals: [Claim] = [PageRefusal.status(400), .status(404), .status(422), .empty].flatMap
  {
    (refusal: PageRefusal) -> [Claim] in
    [
      Claim(
        "a count that stands at 1000, pages past it: \(refusal)", events: 1_300,
        CountCap(1_000, refusal: refusal)),
      Claim(
        "a count that stands at 1000, pages of 300, those past it: \(refusal)", events: 1_300,
        pageSize: 300, CountCap(1_000, refusal: refusal)),
      Claim("no page past the third: \(refusal)", DeepPageLimit(.pages(3), refusal: refusal)),
      Claim("no page past 450 places: \(refusal)", DeepPageLimit(.places(450), refusal: refusal)),
    ]
  }

  private static let lostSight: [Claim] = [
    Claim("no page past the third: 500", DeepPageLimit(.pages(3), refusal: .status(500))),
    Claim("a count that stands at 500, and pages past it", CountCap(500, refusal: nil)),
    Claim("empty lists from request 4 on", EmptyList(during: Stretch(from: 4))),
    Claim(
      "empty lists and a count of zero from request 4 on", EmptyList(during: Stretch(from: 4), fields: .zero)),
    Claim(
      "empty lists and a count of all from request 4 on", EmptyList(during: Stretch(from: 4), fields: .kept)),
    Claim("an empty list, once", EmptyList(during: Stretch(from: 4, length: 1))),
    Claim("a thinned list from request 4 on", ThinnedList(to: .every(2), during: Stretch(from: 4))),
    Claim(
      "a thinned list, for two requests", ThinnedList(to: .every(50), during: Stretch(from: 4, length: 2))),
  ]

  // MARK: Rows that disappear or move while the list is read

  private static let changes: [Claim] = [erasures, losses].flatMap(\.self)

  private static let erasures: [Claim] = (0..<3).flatMap { (seed: UInt64) -> [Claim] in
    let places: [Claim] = ErasedRows.Place.allCases.flatMap { (place: ErasedRows.Place) -> [Claim] in
      let erased = ErasedRows(chance: 0.4, place, seed: seed)
      return [
        Claim("rows disappear \(place), seed \(seed)", mends: false, erased),
        Claim("rows disappear \(place), seed \(seed), and growth", mends: false, Growth(events: 1), erased),
      ]
    }
    let uncounted = Claim(
      "the newest rows disappear, seed \(seed), and no count", reach: .top, mends: false,
      ErasedRows(chance: 0.4, .head, seed: seed), CountField.absent)
    return places + [uncounted]
  }

  private static let losses: [Claim] = [
    Claim("thirty rows of page 1 disappear", mends: false, Loss(10..<40, beforeRequest: 4)),
    Claim(
      "thirty rows disappear, and as many come", mends: false, Loss(10..<40, beforeRequest: 4),
      Burst(30, beforeRequest: 5)),
    Claim("an event moves to another instant", MovedEvent(place: 350, by: .minutes(5), beforeRequest: 3)),
    Claim(
      "an event moves to the head, before it was read",
      MovedEvent(place: 650, by: .days(12), beforeRequest: 3)),
    Claim("events move by chance", reach: .end, mends: false, MovedEvent(chance: 0.3, by: .days(2), seed: 5)),
    Claim(
      "an order that breaks from request 4 on", reach: .end,
      LateOrderBreak([.init(from: 60, to: 650)], during: Stretch(from: 4))),
  ]

  // MARK: Events that stand deeper than their time says

  static let strays: [Claim] = [singleStrays, manyStrays].flatMap(\.self)

  private static let singleStrays: [Claim] = [
    (60, 650), (0, 999), (60, 130), (99, 101), (3, 950), (640, 650), (500, 999),
  ].flatMap { (from: Int, to: Int) -> [Claim] in
    let stray = LateOrderBreak([.init(from: from, to: to)])
    return [
      Claim("place \(from) at \(to)", stray),
      Claim("place \(from) at \(to), and growth", Growth(events: 2), stray),
      Claim("place \(from) at \(to), and no fields", stray, PaginationFields.absent),
    ]
  }

  private static let manyStrays: [Claim] =
    [Claim("an order that breaks within ties", ties: 5, LateOrderBreak([.init(from: 61, to: 650)]))]
    + (1...6).map { (count: Int) -> Claim in
      Claim("\(count) strays by chance", LateOrderBreak(count, ofNewest: 1_000, seed: UInt64(count)))
    }

  // MARK: What the second night shows of an archive that was complete after the first

  static let nights: [Claim] = [emptyNights, thinNights, lossyNights].flatMap(\.self)

  private static let emptyNights: [Claim] = EmptyList.Fields.allCases.flatMap {
    (fields: EmptyList.Fields) -> [Claim] in
    [
      Claim("nothing, fields \(fields)", ends: .incomplete, EmptyList(fields: fields)),
      Claim(
        "nothing from request 2 on, fields \(fields)", EmptyList(during: Stretch(from: 2), fields: fields)),
      Claim(
        "nothing, once, fields \(fields)", EmptyList(during: Stretch(from: 1, length: 1), fields: fields)),
    ]
  }

  private static let thinNights: [Claim] =
    [2, 10, 50, 100_000].map { (share: Int) -> Claim in
      Claim("one event in \(share)", ends: .incomplete, ThinnedList(to: .every(share)))
    } + [
      Claim("the events of nobody", ends: .incomplete, ThinnedList(to: .actor("nobody"))),
      Claim("one event in two, from request 2 on", ThinnedList(to: .every(2), during: Stretch(from: 2))),
      Claim(
        "one event in two, for one request", ThinnedList(to: .every(2), during: Stretch(from: 1, length: 1))),
    ]

  private static let lossyNights: [Claim] = [
    Claim("the newest 300 events", ends: .incomplete, CutList(to: 300)),
    Claim("the newest event", ends: .incomplete, CutList(to: 1)),
    Claim("the newest 300 events, and 100 more each time", CutList(to: 300, growingBy: 100)),
    Claim(
      "the newest 300 events, without fields", ends: .incomplete, CutList(to: 300), PaginationFields.absent),
    Claim("twenty rows of the lookback gone", ends: .incomplete, mends: false, Loss(500..<520)),
    Claim("three rows of the lookback gone", ends: .complete, mends: false, Loss(500..<503)),
    Claim("all rows of the lookback gone", ends: .incomplete, mends: false, Loss(475..<1_500)),
  ]
}
