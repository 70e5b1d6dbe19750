import AuditRecord
import CloudsmithEmulator

/// The cases of `ClaimTests`.
extension Claim {
  /// Counts that do not say what is listed, and lists that do not hold what is counted.
  static let counts: [Claim] =
    [1, 60, 99, 100, 130].map {
      Claim(
        "a count from a cache, a multiple of the page size, and \($0) events in between",
        Burst($0, beforeRequest: 4), CachedCount(.forever))
    }
    + [2, 10].map {
      Claim(
        "a count from a cache, and 60 events before request \($0)",
        Burst(60, beforeRequest: $0), CachedCount(.forever))
    } + [
      Claim("a count from a cache, and growth", Growth(events: 3), CachedCount(.forever)),
      Claim(
        "a count from a cache, and growth of a short last page", events: 950, Growth(events: 7),
        CachedCount(.forever)),
      Claim("a count that is told anew every third time", Growth(events: 5), CachedCount(.answers(3))),
      Claim(
        "a count that is told anew every five minutes", Growth(events: 5), CachedCount(.span(.minutes(5)))),
      Claim(
        "a count from a cache, and rows that disappear", mends: false,
        ErasedRows(chance: 0.5, seed: 1), CachedCount(.forever)),
      Claim(
        "a count from a cache, and a loss above", mends: false, Loss(10..<40, beforeRequest: 4),
        CachedCount(.forever)),
      Claim("a count that stands still, and a quiet list", ends: .complete, CachedCount(.forever)),
      Claim("one event twice at a border, and a count of all events", RepeatedAnswers(after: 3, count: 1)),
      Claim("events twice at a border, counted twice", RepeatedAnswers(after: 3, count: 5, isCounted: true)),
      Claim("a page twice", RepeatedAnswers(after: 3, count: 100)),
      Claim("a page twice, counted twice", RepeatedAnswers(after: 3, count: 100, isCounted: true)),
      Claim("events that no page lists, in the count", RepeatedAnswers(after: 3, count: -5)),
      Claim("an event that no page lists, in the count", events: 950, RepeatedAnswers(after: 3, count: -1)),
      Claim("a page that no page number gives", RepeatedAnswers(after: 3, count: -100)),
    ]

  /// Ends and short pages in the middle of a list.
  static let headless: [Claim] =
    [PageRefusal.status(404), .empty].flatMap { refusal in
      [
        Claim(
          "no fields, and an end in the middle, once: \(refusal)", ends: .complete,
          PaginationFields.absent, OddPage(4, refusal: refusal)),
        Claim(
          "no fields, and an end on page 2, once: \(refusal)", ends: .complete,
          PaginationFields.absent, OddPage(2, refusal: refusal)),
        Claim(
          "no fields, and an end in the middle, twice: \(refusal)",
          PaginationFields.absent, OddPage(4, refusal: refusal, times: 2)),
        Claim("an end in the middle, once: \(refusal)", ends: .complete, OddPage(4, refusal: refusal)),
        Claim("an end in the middle, four times: \(refusal)", OddPage(4, refusal: refusal, times: 4)),
        Claim(
          "an end in the middle, and no count: \(refusal)", OddPage(4, refusal: refusal), CountField.absent),
        Claim(
          "no fields, an end in the middle and growth: \(refusal)",
          PaginationFields.absent, OddPage(4, refusal: refusal), Growth(events: 2)),
      ]
    } + [
      Claim(
        "no fields, and a page that lacks its last events, once",
        PaginationFields.absent, ShortPage(4, missing: 6, times: 1)),
      Claim(
        "no fields, and a page that always lacks its last events",
        PaginationFields.absent, ShortPage(4, missing: 6)),
      Claim("a page that lacks its last events, once", ShortPage(4, missing: 6, times: 1)),
      Claim("a page that always lacks its last event", ShortPage(4, missing: 1)),
      Claim("a first page that lacks its last events", PaginationFields.absent, ShortPage(1, missing: 50)),
    ]

  /// Several copies of the log, of which some lag behind.
  static let copies: [Claim] =
    [1, 7, 99, 100, 101, 250].flatMap { lag in
      [[0, 1], [1, 0], [0, 0, 1], [1, 1, 0, 0]].map { order in
        Claim(
          "copies \(order), one \(lag) events behind, one count",
          LaggingReplica([.events(0), .events(lag)], choice: .listed(order), sharesCount: true))
      }
    }
    + [7, 100].flatMap { lag in
      [[0, 1], [1, 0]].flatMap { order in
        [
          Claim(
            "copies \(order), one \(lag) events behind, each its count",
            LaggingReplica([.events(0), .events(lag)], choice: .listed(order))),
          Claim(
            "copies \(order), one \(lag) events behind, no count",
            LaggingReplica([.events(0), .events(lag)], choice: .listed(order)), CountField.absent),
          Claim(
            "copies \(order), one \(lag) events behind, and growth", Growth(events: 2),
            LaggingReplica([.events(0), .events(lag)], choice: .listed(order), sharesCount: true)),
        ]
      }
    }
    + (0..<8).map { seed in
      Claim(
        "copies by chance, seed \(seed)",
        LaggingReplica(
          [.events(0), .events(3), .span(.hours(5))], choice: .random(seed: UInt64(seed)),
          sharesCount: seed % 2 == 0))
    } + [
      Claim(
        "a copy that is five hours behind",
        LaggingReplica([.events(0), .span(.hours(5))], sharesCount: true)),
      Claim(
        "a copy that is behind, after three requests",
        LaggingReplica(
          [.events(0), .events(40)], choice: .listed([0, 0, 0] + Array(repeating: 1, count: 60)))),
      Claim(
        "a copy that catches up after three requests",
        LaggingReplica(
          [.events(0), .events(40)], choice: .listed([1, 1, 1] + Array(repeating: 0, count: 60)))),
      Claim(
        "copies in turn, and ties", ties: 7,
        LaggingReplica([.events(0), .events(7)], sharesCount: true), ShuffledTies(seed: 1)),
    ]

  /// Ends that are none.
  static let ends: [Claim] =
    [
      ("300 events", 300, 0), ("250 events", 250, 0), ("one event", 1, 0), ("nothing", 0, 0),
      ("300 events, growing by 50", 300, 50), ("300 events, growing by 150", 300, 150),
      ("10 events, growing by 400", 10, 400),
    ].flatMap { name, limit, growth in
      [
        Claim(
          "a list cut to \(name), from request 4 on",
          CutList(to: limit, growingBy: growth, during: Stretch(from: 4))),
        Claim(
          "a list cut to \(name), from request 4 on, and empty past its end",
          CutList(to: limit, growingBy: growth, during: Stretch(from: 4)), EmptyPastEnd()),
        Claim(
          "a list cut to \(name), for two requests",
          CutList(to: limit, growingBy: growth, during: Stretch(from: 4, length: 2))),
        Claim(
          "a list cut to \(name), without fields",
          CutList(to: limit, growingBy: growth, during: Stretch(from: 4)), PaginationFields.absent),
        Claim(
          "a list cut to \(name), and a count from a cache",
          CutList(to: limit, growingBy: growth, during: Stretch(from: 4)), CachedCount(.forever)),
      ]
    }
    + [PageRefusal.status(400), .status(404), .status(422), .empty].flatMap { refusal in
      [
        Claim(
          "a count that stands at 1000, pages past it: \(refusal)", events: 1_300,
          CountCap(1_000, refusal: refusal)),
        Claim(
          "a count that stands at 1000, without a multiple of the page size: \(refusal)", events: 1_300,
          pageSize: 300, CountCap(1_000, refusal: refusal)),
        Claim("no page past the third: \(refusal)", DeepPageLimit(.pages(3), refusal: refusal)),
        Claim("no page past 450 places: \(refusal)", DeepPageLimit(.places(450), refusal: refusal)),
        Claim(
          "no page past the third, and no fields: \(refusal)",
          DeepPageLimit(.pages(3), refusal: refusal), PaginationFields.absent),
      ]
    } + [
      Claim("no page past the third: 500", DeepPageLimit(.pages(3), refusal: .status(500))),
      Claim("a count that stands at 500, and pages past it", CountCap(500, refusal: nil)),
      Claim("empty lists from request 4 on", EmptyList(during: Stretch(from: 4))),
      Claim("empty lists of no events from request 4 on", EmptyList(during: Stretch(from: 4), fields: .zero)),
      Claim(
        "empty lists with the fields of whole ones, from request 4 on",
        EmptyList(during: Stretch(from: 4), fields: .kept)),
      Claim("an empty list, once", EmptyList(during: Stretch(from: 4, length: 1))),
      Claim("a thinned list from request 4 on", ThinnedList(to: .every(2), during: Stretch(from: 4))),
      Claim(
        "a thinned list, for two requests", ThinnedList(to: .every(50), during: Stretch(from: 4, length: 2))),
    ]

  /// Rows that disappear or move while the list is read.
  static let changes: [Claim] =
    ErasedRows.Place.allCases.flatMap { place in
      (0..<3).flatMap { seed in
        [
          Claim(
            "rows disappear \(place), seed \(seed)", mends: false,
            ErasedRows(chance: 0.4, place, seed: UInt64(seed))),
          Claim(
            "rows disappear \(place), seed \(seed), and growth", mends: false, Growth(events: 1),
            ErasedRows(chance: 0.4, place, seed: UInt64(seed))),
          Claim(
            "rows disappear \(place), seed \(seed), and no count", mends: false,
            ErasedRows(chance: 0.4, place, seed: UInt64(seed)), CountField.absent),
        ]
      }
    } + [
      Claim("thirty rows of page 1 disappear", mends: false, Loss(10..<40, beforeRequest: 4)),
      Claim(
        "thirty rows disappear, and as many come", mends: false, Loss(10..<40, beforeRequest: 4),
        Burst(30, beforeRequest: 5)),
      Claim(
        "an event moves to another day, once it was read",
        MovedEvent(place: 60, by: .days(-3), beforeRequest: 3)),
      Claim("an event moves to another instant", MovedEvent(place: 350, by: .minutes(5), beforeRequest: 3)),
      Claim(
        "an event moves to the head, before it was read",
        MovedEvent(place: 650, by: .days(12), beforeRequest: 3)),
      Claim("events move by chance", mends: false, MovedEvent(chance: 0.3, by: .days(2), seed: 5)),
    ]

  /// Events that stand deeper than their time says.
  static let strays: [Claim] =
    [(60, 650), (0, 999), (60, 130), (99, 101), (3, 950), (640, 650), (500, 999)].flatMap { from, to in
      [
        Claim("place \(from) at \(to)", LateOrderBreak([.init(from: from, to: to)])),
        Claim(
          "place \(from) at \(to), and growth", Growth(events: 2), LateOrderBreak([.init(from: from, to: to)])
        ),
        Claim(
          "place \(from) at \(to), and no fields", LateOrderBreak([.init(from: from, to: to)]),
          PaginationFields.absent),
      ]
    }
    + (0..<6).map {
      Claim("\($0 + 1) strays by chance", LateOrderBreak($0 + 1, ofNewest: 1_000, seed: UInt64($0)))
    } + [
      Claim(
        "an order that breaks from request 4 on",
        LateOrderBreak([.init(from: 60, to: 650)], during: Stretch(from: 4))),
      Claim("an order that breaks within ties", ties: 5, LateOrderBreak([.init(from: 61, to: 650)])),
    ]

  /// What the second night shows of an archive that was complete after the first.
  static let nights: [Claim] =
    EmptyList.Fields.allCases.flatMap { fields in
      [
        Claim("nothing, fields \(fields)", ends: .incomplete, EmptyList(fields: fields)),
        Claim(
          "nothing from request 2 on, fields \(fields)", EmptyList(during: Stretch(from: 2), fields: fields)),
        Claim(
          "nothing, once, fields \(fields)", EmptyList(during: Stretch(from: 1, length: 1), fields: fields)),
      ]
    }
    + [2, 10, 50, 100_000].map {
      Claim("one event in \($0)", ends: .incomplete, ThinnedList(to: .every($0)))
    } + [
      Claim("the events of nobody", ends: .incomplete, ThinnedList(to: .actor("nobody"))),
      Claim("one event in two, from request 2 on", ThinnedList(to: .every(2), during: Stretch(from: 2))),
      Claim(
        "one event in two, for one request", ThinnedList(to: .every(2), during: Stretch(from: 1, length: 1))),
      Claim("the newest 300 events", CutList(to: 300)), Claim("the newest event", CutList(to: 1)),
      Claim("the newest 300 events, and 100 more each time", CutList(to: 300, growingBy: 100)),
      Claim(
        "a list that ends after 300 events and says so by 404 alone", CutList(to: 300),
        PaginationFields.absent),
      Claim("an old copy of a day ago", ends: .incomplete, LaggingReplica([.events(480)])),
      Claim("twenty rows of the lookback gone", ends: .incomplete, mends: false, Loss(500..<520)),
      Claim("three rows of the lookback gone", ends: .complete, mends: false, Loss(500..<503)),
      Claim("all rows of the lookback gone", ends: .incomplete, mends: false, Loss(475..<1_500)),
    ]
}
