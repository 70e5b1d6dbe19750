import ArgumentParser
import AuditRecord
import CloudsmithEmulator

/// Options for the behaviours that make a list misleading.
struct ListOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Add a replica that lacks this many of the newest events, or the events of this duration, such as 7 or 10m (repeatable). The replicas and an up-to-date one answer in turn.",
      valueName: "lag"))
  var replicaLag: [ReplicaLag] = []

  @Option(
    help: ArgumentHelp(
      "The order in which the replicas answer, such as 1,0,0. 0 is the up-to-date one.",
      valueName: "list"))
  var replicaOrder: ReplicaOrder?

  @Flag(help: "Choose the replica at random.")
  var replicaRandom = false

  @Flag(help: "Let every replica report the count of the up-to-date one.")
  var replicaSharedCount = false

  @Option(
    help: ArgumentHelp(
      "Report the count from a cache that lives for this many responses, or this duration. 0 means forever.",
      valueName: "lifetime"))
  var cachedCount: CountLifetime?

  @Option(
    help: ArgumentHelp(
      "Answer with an empty list from this request on, or for a number of requests: 5 or 5+3.",
      valueName: "requests"))
  var emptyList: RequestRange?

  @Option(help: "The pagination fields of an empty list.")
  var emptyFields = EmptyList.Fields.absent

  @Option(help: ArgumentHelp("Show only one in this many events.", valueName: "count"))
  var thinEvery: Int?

  @Option(help: ArgumentHelp("Show only the events of this actor.", valueName: "slug"))
  var thinActor: String?

  @Option(help: ArgumentHelp("Thin the list from this request on: 5 or 5+3.", valueName: "requests"))
  var thinDuring = RequestRange.always

  @Option(help: ArgumentHelp("End the list after this many events.", valueName: "count"))
  var cutList: Int?

  @Option(help: ArgumentHelp("Show this many more events on each request.", valueName: "count"))
  var cutListGrowth = 0

  @Option(help: ArgumentHelp("Cut the list from this request on: 5 or 5+3.", valueName: "requests"))
  var cutListDuring = RequestRange.always

  @Option(
    help: ArgumentHelp("Count no further than this, and refuse all pages beyond it.", valueName: "count"))
  var countCap: Int?

  @Flag(help: "Show the pages beyond that count instead.")
  var countCapShowsMore = false

  @Option(help: ArgumentHelp("Refuse all pages after this one.", valueName: "page"))
  var deepPageLimit: Int?

  @Option(help: ArgumentHelp("Refuse pages that end after this many events.", valueName: "count"))
  var deepPlaceLimit: Int?

  @Option(help: ArgumentHelp("Refuse this page once, as if the list ended before it.", valueName: "page"))
  var oddPage: Int?

  @Option(help: ArgumentHelp("Omit the last events of this page.", valueName: "page"))
  var shortPage: Int?

  @Option(help: ArgumentHelp("How many events to omit.", valueName: "count"))
  var shortPageMissing = 1

  @Option(
    help: ArgumentHelp(
      "The status for refused pages. 'empty' means 200 with an empty list.",
      valueName: "status"))
  var refusePages = PageRefusal.status(404)

  @Option(
    help: ArgumentHelp(
      "List the event at one position, counted from 0, at a later position, such as 60:650 (repeatable).",
      valueName: "places"))
  var stray: [MisplacedEvents.Move] = []

  @Option(
    help: ArgumentHelp(
      "Make the event at a position, counted from 0, this many bytes large, such as 60:70000000 (repeatable).",
      valueName: "place:bytes"))
  var largeEvent: [LargeEvent.Size] = []

  @Option(
    help: ArgumentHelp(
      "The probability, 0 to 1, that a row disappears before a request.", valueName: "chance"))
  var erase = 0.0

  @Option(help: "Which row disappears.")
  var erasePlace = ErasedEvents.Place.anywhere

  @Option(
    help: ArgumentHelp(
      "The probability, 0 to 1, that an event_at changes before a request.", valueName: "chance"))
  var move = 0.0

  @Option(help: ArgumentHelp("The largest change of an event_at.", valueName: "span"))
  var moveBy = Span(.hours(36))

  @Flag(help: "Omit all pagination fields.")
  var paginationAbsent = false

  @Option(
    help: ArgumentHelp(
      "List events of this page again on the next page, always the same ones.", valueName: "page"))
  var repeatAfter: Int?

  @Option(
    help: ArgumentHelp(
      "How many events to repeat. If negative, this many are never listed instead.", valueName: "count"))
  var repeatCount = 1

  @Flag(help: "Report the number of listed events instead of the real one.")
  var repeatCounted = false

  @Option(
    help: ArgumentHelp(
      "Filter by the time of writing instead of event_at. It is up to this much later; 0s means no difference.",
      valueName: "span"))
  var filterClock: Span?

  @Option(
    help: ArgumentHelp("The share, 0 to 1, of events that are written later.", valueName: "chance"))
  var filterClockChance = 1.0

  func check() throws {
    for (name, chance) in [("erase", erase), ("move", move), ("filter-clock-chance", filterClockChance)]
    where !(0...1).contains(chance) {
      throw ValidationError("--\(name) must be a probability from 0 to 1.")
    }
    for (name, count) in [("cut-list", cutList), ("cut-list-growth", cutListGrowth)] where count ?? 0 < 0 {
      throw ValidationError("--\(name) must be 0 or more.")
    }
    let counts = [
      ("thin-every", thinEvery), ("count-cap", countCap), ("deep-page-limit", deepPageLimit),
      ("deep-place-limit", deepPlaceLimit), ("odd-page", oddPage), ("repeat-after", repeatAfter),
      ("short-page", shortPage), ("short-page-missing", shortPageMissing),
    ]
    for (name, count) in counts where count ?? 1 < 1 {
      throw ValidationError("--\(name) must be at least 1.")
    }
    if let order = replicaOrder?.copies, let copy = order.first(where: { $0 > replicaLag.count }) {
      throw ValidationError(
        "--replica-order names replica \(copy), but --replica-lag adds only \(replicaLag.count).")
    }
    if replicaOrder != nil, replicaRandom {
      throw ValidationError("Pass --replica-order or --replica-random, not both.")
    }
    if thinEvery != nil, thinActor != nil {
      throw ValidationError("Pass --thin-every or --thin-actor, not both.")
    }
  }

  /// The clock that times of a query are compared with; nil means `event_at`.
  func clock(seed: UInt64) -> FilterClock? {
    filterClock.map { FilterClock(shift: $0.span, chance: filterClockChance, seed: seed) }
  }

  func behaviours(seed: UInt64) -> [any Behaviour] {
    var behaviours: [any Behaviour] = []
    if erase > 0 { behaviours.append(ErasedEvents(chance: erase, erasePlace, seed: seed)) }
    if move > 0 { behaviours.append(MovedEvent(chance: move, by: moveBy.span, seed: seed)) }
    if !largeEvent.isEmpty { behaviours.append(LargeEvent(largeEvent)) }
    if !stray.isEmpty { behaviours.append(MisplacedEvents(stray)) }
    if !replicaLag.isEmpty {
      let choice = replicaOrder.map { LaggingReplica.Choice.listed($0.copies) }
      behaviours.append(
        LaggingReplica(
          [.events(0)] + replicaLag.map(\.lag),
          choice: replicaRandom ? .random(seed: seed) : choice ?? .inTurn,
          sharesCount: replicaSharedCount))
    }
    if let thinEvery { behaviours.append(ThinnedList(to: .every(thinEvery), during: thinDuring)) }
    if let thinActor { behaviours.append(ThinnedList(to: .actor(thinActor), during: thinDuring)) }
    if let cutList {
      behaviours.append(CutList(to: cutList, growingBy: cutListGrowth, during: cutListDuring))
    }
    if let repeatAfter {
      behaviours.append(ShiftedPages(after: repeatAfter, count: repeatCount, isCounted: repeatCounted))
    }
    if let countCap {
      behaviours.append(CountCap(countCap, refusal: countCapShowsMore ? nil : refusePages))
    }
    if let deepPageLimit { behaviours.append(DeepPageLimit(.pages(deepPageLimit), refusal: refusePages)) }
    if let deepPlaceLimit { behaviours.append(DeepPageLimit(.places(deepPlaceLimit), refusal: refusePages)) }
    if let shortPage { behaviours.append(ShortPage(shortPage, missing: shortPageMissing)) }
    if let oddPage { behaviours.append(RefusedPage(oddPage, refusal: refusePages)) }
    if let emptyList { behaviours.append(EmptyList(during: emptyList, fields: emptyFields)) }
    if let cachedCount { behaviours.append(CachedCount(cachedCount.lifetime)) }
    if paginationAbsent { behaviours.append(PaginationFields.absent) }
    return behaviours
  }
}
