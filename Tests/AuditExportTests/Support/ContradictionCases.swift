import AuditRecord
import CloudsmithEmulator

/// The cases of `ClaimTests`. In each, the API contradicts itself within what such a run reads. Events hidden consistently
/// are not among them, because no client can detect that.
extension ContradictionCase {
  static let all: [ContradictionCase] = [counts, earlyEnds, copies, ends, changes].flatMap(\.self)

  // MARK: Counts that differ from the list

  private static let counts: [ContradictionCase] = [bursts, staleCounts, repetitions].flatMap(\.self)

  private static let bursts: [ContradictionCase] = [
    (1, 4), (60, 4), (99, 4), (100, 4), (130, 4), (60, 2), (60, 10),
  ].map {
    (events: Int, request: Int) -> ContradictionCase in
    ContradictionCase(
      "a count from a cache, a multiple of the page size, and \(events) events before request \(request)",
      Burst(events, beforeRequest: request), CachedCount(.forever))
  }

  private static let staleCounts: [ContradictionCase] = [
    ContradictionCase("a count from a cache, and growth", Growth(events: 3), CachedCount(.forever)),
    ContradictionCase(
      "a count from a cache, and growth of a short last page", events: 950, Growth(events: 7),
      CachedCount(.forever)),
    ContradictionCase(
      "a count that is refreshed every third response", Growth(events: 5), CachedCount(.answers(3))),
    ContradictionCase(
      "a count that is refreshed every five minutes", Growth(events: 5), CachedCount(.span(.minutes(5)))),
    ContradictionCase(
      "a count from a cache, and rows that disappear", reach: .end, recovers: false,
      ErasedEvents(chance: 0.5, seed: 1), CachedCount(.forever)),
    ContradictionCase(
      "a count from a cache, and a loss above", reach: .top, recovers: false, Loss(10..<40, beforeRequest: 4),
      CachedCount(.forever)),
    ContradictionCase("a count that stands still, and a quiet list", ends: .complete, CachedCount(.forever)),
  ]

  private static let repetitions: [ContradictionCase] = [
    ContradictionCase(
      "one event twice at a border, and a count of all events", ShiftedPages(after: 3, count: 1)),
    ContradictionCase(
      "events twice at a border, counted twice", ShiftedPages(after: 3, count: 5, isCounted: true)),
    ContradictionCase("a page twice", ShiftedPages(after: 3, count: 100)),
    ContradictionCase("a page twice, counted twice", ShiftedPages(after: 3, count: 100, isCounted: true)),
    ContradictionCase(
      "events that no page lists, in the count", reach: .end, ShiftedPages(after: 3, count: -5)),
    ContradictionCase(
      "an event that no page lists, in the count", reach: .end, events: 950,
      ShiftedPages(after: 3, count: -1)),
  ]

  // MARK: Ends and short pages in the middle of a list

  private static let earlyEnds: [ContradictionCase] = [refusedPages, shortPages].flatMap(\.self)

  private static let refusedPages: [ContradictionCase] = [PageRefusal.status(404), .empty].flatMap {
    (refusal: PageRefusal) -> [ContradictionCase] in
    [
      ContradictionCase(
        "no fields, and an end in the middle, once: \(refusal)", ends: .complete, events: 1_090,
        PaginationFields.absent, RefusedPage(4, refusal: refusal)),
      ContradictionCase(
        "no fields, and an end on page 2, once: \(refusal)", ends: .complete, events: 1_090,
        PaginationFields.absent, RefusedPage(2, refusal: refusal)),
      ContradictionCase(
        "no fields, an end in the middle and growth: \(refusal)",
        PaginationFields.absent, RefusedPage(4, refusal: refusal), Growth(events: 2)),
      ContradictionCase(
        "an end in the middle, once: \(refusal)", ends: .complete, RefusedPage(4, refusal: refusal)),
      ContradictionCase(
        "an end in the middle, four times: \(refusal)", RefusedPage(4, refusal: refusal, times: 4)),
      ContradictionCase(
        "an end in the middle, and no count: \(refusal)", RefusedPage(4, refusal: refusal), CountField.absent),
    ]
  }

  private static let shortPages: [ContradictionCase] = [
    ContradictionCase(
      "no fields, and a page that lacks its last events, once",
      PaginationFields.absent, ShortPage(4, missing: 6, times: 1)),
    ContradictionCase(
      "no fields, and a page that always lacks its last events",
      PaginationFields.absent, ShortPage(4, missing: 6)),
    ContradictionCase(
      "no fields, and a first page that lacks half", PaginationFields.absent, ShortPage(1, missing: 50)),
    ContradictionCase("a page that lacks its last events, once", ShortPage(4, missing: 6, times: 1)),
    ContradictionCase("a page that always lacks its last event", ShortPage(4, missing: 1)),
  ]

  // MARK: Lagging replicas of the log

  private static let copies: [ContradictionCase] = [sharedCounts, ownCounts, randomReplicas, lateReplicas]
    .flatMap(
      \.self)

  private static let sharedCounts: [ContradictionCase] = [1, 7, 99, 100, 101, 250].flatMap {
    (lag: Int) -> [ContradictionCase] in
    [[0, 1], [1, 0], [0, 0, 1], [1, 1, 0, 0]].map { (order: [Int]) -> ContradictionCase in
      ContradictionCase(
        "copies \(order), one \(lag) events behind, one count", reach: .end,
        LaggingReplica([.events(0), .events(lag)], choice: .listed(order), sharesCount: true))
    }
  }

  private static let ownCounts: [ContradictionCase] = [7, 100].flatMap {
    (lag: Int) -> [ContradictionCase] in
    [[0, 1], [1, 0]].flatMap { (order: [Int]) -> [ContradictionCase] in
      [
        ContradictionCase(
          "copies \(order), one \(lag) events behind, each its count",
          LaggingReplica([.events(0), .events(lag)], choice: .listed(order))),
        ContradictionCase(
          "copies \(order), one \(lag) events behind, no count", reach: .end,
          LaggingReplica([.events(0), .events(lag)], choice: .listed(order)), CountField.absent),
        ContradictionCase(
          "copies \(order), one \(lag) events behind, one count, and growth", reach: .end, Growth(events: 2),
          LaggingReplica([.events(0), .events(lag)], choice: .listed(order), sharesCount: true)),
      ]
    }
  }

  private static let randomReplicas: [ContradictionCase] = (0..<8).map { (seed: Int) -> ContradictionCase in
    ContradictionCase(
      "copies by chance, seed \(seed)", reach: seed % 2 == 0 ? .end : .anywhere,
      LaggingReplica(
        [.events(0), .events(3), .span(.hours(5))], choice: .random(seed: UInt64(seed)),
        sharesCount: seed % 2 == 0))
  }

  private static let lateReplicas: [ContradictionCase] = [
    ContradictionCase(
      "a copy that is five hours behind", reach: .end,
      LaggingReplica([.events(0), .span(.hours(5))], sharesCount: true)),
    ContradictionCase(
      "a copy that is behind, after three requests",
      LaggingReplica([.events(0), .events(40)], choice: .listed([0, 0, 0] + Array(repeating: 1, count: 60)))),
    ContradictionCase(
      "a copy that catches up after three requests",
      LaggingReplica([.events(0), .events(40)], choice: .listed([1, 1, 1] + Array(repeating: 0, count: 60)))),
    ContradictionCase(
      "copies in turn, and ties", reach: .end, ties: 7,
      LaggingReplica([.events(0), .events(7)], sharesCount: true), ShuffledTies(seed: 1)),
  ]

  // MARK: False ends of the list

  private static let ends: [ContradictionCase] = [cuts, uncountedCuts, refusals, lostAccess].flatMap(\.self)

  private static let cuts: [ContradictionCase] = [
    (300, 0), (250, 0), (1, 0), (0, 0), (300, 50), (300, 150), (10, 400),
  ]
  .flatMap { (limit: Int, growth: Int) -> [ContradictionCase] in
    let name = "a list cut to \(limit) events from request 4 on, growing by \(growth)"
    let cut = CutList(to: limit, growingBy: growth, during: RequestRange(from: 4))
    return [
      ContradictionCase(name, cut), ContradictionCase("\(name), and empty past its end", cut, EmptyPastEnd()),
      ContradictionCase("\(name), and a count from a cache", cut, CachedCount(.forever)),
      ContradictionCase(
        "\(name), for two requests",
        CutList(to: limit, growingBy: growth, during: RequestRange(from: 4, length: 2))),
    ]
  }

  private static let uncountedCuts: [ContradictionCase] = [(1, 0), (0, 0), (300, 150), (10, 400)].map {
    (limit: Int, growth: Int) -> ContradictionCase in
    ContradictionCase(
      "a list cut to \(limit) events from request 4 on, growing by \(growth), without fields", reach: .top,
      CutList(to: limit, growingBy: growth, during: RequestRange(from: 4)), PaginationFields.absent)
  }

  private static let refusals: [ContradictionCase] = [
    PageRefusal.status(400), .status(404), .status(422), .empty,
  ].flatMap {
    (refusal: PageRefusal) -> [ContradictionCase] in
    [
      ContradictionCase(
        "a count that stands at 1000, pages past it: \(refusal)", events: 1_300,
        CountCap(1_000, refusal: refusal)),
      ContradictionCase(
        "a count that stands at 1000, pages of 300, those past it: \(refusal)", events: 1_300,
        pageSize: 300, CountCap(1_000, refusal: refusal)),
      ContradictionCase("no page past the third: \(refusal)", DeepPageLimit(.pages(3), refusal: refusal)),
      ContradictionCase("no page past 450 places: \(refusal)", DeepPageLimit(.places(450), refusal: refusal)),
    ]
  }

  private static let lostAccess: [ContradictionCase] = [
    ContradictionCase("no page past the third: 500", DeepPageLimit(.pages(3), refusal: .status(500))),
    ContradictionCase("a count that stands at 500, and pages past it", CountCap(500, refusal: nil)),
    ContradictionCase("empty lists from request 4 on", EmptyList(during: RequestRange(from: 4))),
    ContradictionCase(
      "empty lists and a count of zero from request 4 on",
      EmptyList(during: RequestRange(from: 4), fields: .zero)),
    ContradictionCase(
      "empty lists and a count of all from request 4 on",
      EmptyList(during: RequestRange(from: 4), fields: .kept)),
    ContradictionCase("an empty list, once", EmptyList(during: RequestRange(from: 4, length: 1))),
    ContradictionCase(
      "a thinned list from request 4 on", ThinnedList(to: .every(2), during: RequestRange(from: 4))),
    ContradictionCase(
      "a thinned list, for two requests",
      ThinnedList(to: .every(50), during: RequestRange(from: 4, length: 2))),
  ]

  // MARK: Rows that disappear or move while the list is read

  private static let changes: [ContradictionCase] = [erasures, losses].flatMap(\.self)

  private static let erasures: [ContradictionCase] = (0..<3).flatMap {
    (seed: UInt64) -> [ContradictionCase] in
    let places: [ContradictionCase] = ErasedEvents.Place.allCases.flatMap {
      (place: ErasedEvents.Place) -> [ContradictionCase] in
      let erased = ErasedEvents(chance: 0.4, place, seed: seed)
      return [
        ContradictionCase("rows disappear \(place), seed \(seed)", recovers: false, erased),
        ContradictionCase(
          "rows disappear \(place), seed \(seed), and growth", recovers: false, Growth(events: 1), erased),
      ]
    }
    let uncounted = ContradictionCase(
      "the newest rows disappear, seed \(seed), and no count", reach: .top, recovers: false,
      ErasedEvents(chance: 0.4, .head, seed: seed), CountField.absent)
    return places + [uncounted]
  }

  private static let losses: [ContradictionCase] = [
    ContradictionCase("thirty rows of page 1 disappear", recovers: false, Loss(10..<40, beforeRequest: 4)),
    ContradictionCase(
      "thirty rows disappear, and as many come", recovers: false, Loss(10..<40, beforeRequest: 4),
      Burst(30, beforeRequest: 5)),
    ContradictionCase(
      "an event moves to another instant", MovedEvent(place: 350, by: .minutes(5), beforeRequest: 3)),
    ContradictionCase(
      "an event moves to the head, before it was read",
      MovedEvent(place: 650, by: .days(12), beforeRequest: 3)),
    ContradictionCase(
      "events move by chance", reach: .end, recovers: false, MovedEvent(chance: 0.3, by: .days(2), seed: 5)),
    ContradictionCase(
      "an order that breaks from request 4 on", reach: .end,
      MisplacedEvents([.init(from: 60, to: 650)], during: RequestRange(from: 4))),
  ]

  // MARK: Events listed deeper than their time implies

  static let misplaced: [ContradictionCase] = [misplacedOnce, misplacedMany].flatMap(\.self)

  private static let misplacedOnce: [ContradictionCase] = [
    (60, 650), (0, 999), (60, 130), (99, 101), (3, 950), (640, 650), (500, 999),
  ].flatMap { (from: Int, to: Int) -> [ContradictionCase] in
    let stray = MisplacedEvents([.init(from: from, to: to)])
    return [
      ContradictionCase("place \(from) at \(to)", stray),
      ContradictionCase("place \(from) at \(to), and growth", Growth(events: 2), stray),
      ContradictionCase("place \(from) at \(to), and no fields", stray, PaginationFields.absent),
    ]
  }

  private static let misplacedMany: [ContradictionCase] =
    [
      ContradictionCase(
        "an order that breaks within ties", ties: 5, MisplacedEvents([.init(from: 61, to: 650)]))
    ]
    + (1...6).map { (count: Int) -> ContradictionCase in
      ContradictionCase(
        "\(count) strays by chance", MisplacedEvents(count, ofNewest: 1_000, seed: UInt64(count)))
    }

  // MARK: Second runs after a complete first run

  static let secondRuns: [ContradictionCase] = [emptySecondRuns, partialSecondRuns, lossySecondRuns].flatMap(
    \.self)

  private static let emptySecondRuns: [ContradictionCase] = EmptyList.Fields.allCases.flatMap {
    (fields: EmptyList.Fields) -> [ContradictionCase] in
    [
      ContradictionCase("nothing, fields \(fields)", ends: .incomplete, EmptyList(fields: fields)),
      ContradictionCase(
        "nothing from request 2 on, fields \(fields)",
        EmptyList(during: RequestRange(from: 2), fields: fields)),
      ContradictionCase(
        "nothing, once, fields \(fields)", EmptyList(during: RequestRange(from: 1, length: 1), fields: fields)
      ),
    ]
  }

  private static let partialSecondRuns: [ContradictionCase] =
    [2, 10, 50, 100_000].map { (share: Int) -> ContradictionCase in
      ContradictionCase("one event in \(share)", ends: .incomplete, ThinnedList(to: .every(share)))
    } + [
      ContradictionCase("the events of nobody", ends: .incomplete, ThinnedList(to: .actor("nobody"))),
      ContradictionCase(
        "one event in two, from request 2 on", ThinnedList(to: .every(2), during: RequestRange(from: 2))),
      ContradictionCase(
        "one event in two, for one request",
        ThinnedList(to: .every(2), during: RequestRange(from: 1, length: 1))),
    ]

  private static let lossySecondRuns: [ContradictionCase] = [
    ContradictionCase("the newest 300 events", ends: .incomplete, CutList(to: 300)),
    ContradictionCase("the newest event", ends: .incomplete, CutList(to: 1)),
    ContradictionCase("the newest 300 events, and 100 more each time", CutList(to: 300, growingBy: 100)),
    ContradictionCase(
      "the newest 300 events, without fields", ends: .incomplete, CutList(to: 300), PaginationFields.absent),
    ContradictionCase(
      "twenty rows of the lookback gone", ends: .incomplete, recovers: false, Loss(500..<520)),
    ContradictionCase("three rows of the lookback gone", ends: .complete, recovers: false, Loss(500..<503)),
    ContradictionCase("all rows of the lookback gone", ends: .incomplete, recovers: false, Loss(475..<1_500)),
  ]
}
