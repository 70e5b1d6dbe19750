import ArgumentParser
import AuditRecord
import CloudsmithEmulator

/// Options for the behaviours that make a list misleading.
struct ListOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Add a copy of the log that lacks so many of the newest events, or those of so long, such as 7 or 10m; may be repeated. The copies answer in turn with one that is up to date.",
      valueName: "lag"))
  var replicaLag: [ReplicaLag] = []

  @Option(
    help: ArgumentHelp(
      "The order in which the copies answer, such as 1,0,0; 0 is the one that is up to date.",
      valueName: "list"))
  var replicaOrder: CopyOrder?

  @Flag(help: "Choose the copy at random.")
  var replicaRandom = false

  @Flag(help: "Let every copy tell the count of the one that is up to date.")
  var replicaSharedCount = false

  @Option(
    help: ArgumentHelp(
      "Tell the count from a cache that is kept for so many answers, or so long; 0 is for ever.",
      valueName: "lifetime"))
  var cachedCount: CountLifetime?

  @Option(
    help: ArgumentHelp(
      "Answer with an empty list from this request on, or for so many: 5 or 5+3.", valueName: "requests"))
  var emptyList: Stretch?

  @Option(help: "What an empty list says about pages.")
  var emptyFields = EmptyList.Fields.absent

  @Option(help: ArgumentHelp("Show only one of so many events.", valueName: "count"))
  var thinEvery: Int?

  @Option(help: ArgumentHelp("Show only the events of this actor.", valueName: "slug"))
  var thinActor: String?

  @Option(help: ArgumentHelp("Do so from this request on: 5 or 5+3.", valueName: "requests"))
  var thinDuring = Stretch.always

  @Option(help: ArgumentHelp("End the list after so many events.", valueName: "count"))
  var cutList: Int?

  @Option(help: ArgumentHelp("Show so many more at each request.", valueName: "count"))
  var cutListGrowth = 0

  @Option(help: ArgumentHelp("Do so from this request on: 5 or 5+3.", valueName: "requests"))
  var cutListDuring = Stretch.always

  @Option(help: ArgumentHelp("Count no further than this, and refuse the pages past it.", valueName: "count"))
  var countCap: Int?

  @Flag(help: "Show the pages past that count instead.")
  var countCapShowsMore = false

  @Option(help: ArgumentHelp("Refuse the pages past this one.", valueName: "page"))
  var deepPageLimit: Int?

  @Option(help: ArgumentHelp("Refuse the pages that end past so many events.", valueName: "count"))
  var deepPlaceLimit: Int?

  @Option(help: ArgumentHelp("Refuse this page once, as if the list ended before it.", valueName: "page"))
  var oddPage: Int?

  @Option(help: ArgumentHelp("Leave the last events of this page out.", valueName: "page"))
  var shortPage: Int?

  @Option(help: ArgumentHelp("How many of them.", valueName: "count"))
  var shortPageMissing = 1

  @Option(
    help: ArgumentHelp(
      "The status of pages that are refused for these reasons; 'empty' is 200 with an empty list.",
      valueName: "status"))
  var refusePages = PageRefusal.status(404)

  @Option(
    help: ArgumentHelp(
      "List the event at one place, from 0, at a deeper one, such as 60:650; may be repeated.",
      valueName: "places"))
  var stray: [LateOrderBreak.Stray] = []

  @Option(
    help: ArgumentHelp(
      "Make the event at one place, from 0, so many bytes large, such as 60:70000000; may be repeated.",
      valueName: "place:bytes"))
  var largeEvent: [LargeEvent.Size] = []

  @Option(
    help: ArgumentHelp("The chance, 0 to 1, that a row disappears before a request.", valueName: "chance"))
  var erase = 0.0

  @Option(help: "Which row disappears.")
  var erasePlace = ErasedRows.Place.anywhere

  @Option(
    help: ArgumentHelp("The chance, 0 to 1, that an event_at changes before a request.", valueName: "chance"))
  var move = 0.0

  @Option(help: ArgumentHelp("By how much an event_at changes at most.", valueName: "span"))
  var moveBy = Span(.hours(36))

  @Flag(help: "Leave out every field about pages.")
  var paginationAbsent = false

  @Option(
    help: ArgumentHelp("List events of this page again on the next one, always the same.", valueName: "page"))
  var repeatAfter: Int?

  @Option(
    help: ArgumentHelp("How many; when negative, so many are never listed instead.", valueName: "count"))
  var repeatCount = 1

  @Flag(help: "Count what is listed in place of the events there are.")
  var repeatCounted = false

  @Option(
    help: ArgumentHelp(
      "Let a query's times be compared with when an event was written, up to so much later; 0s is no later.",
      valueName: "span"))
  var filterClock: Span?

  @Option(
    help: ArgumentHelp("The share, 0 to 1, of events that are found so much later.", valueName: "chance"))
  var filterClockChance = 1.0

  func check() throws {
    for (name, chance) in [("erase", erase), ("move", move), ("filter-clock-chance", filterClockChance)]
    where !(0...1).contains(chance) {
      throw ValidationError("--\(name) needs a chance from 0 to 1.")
    }
    for (name, count) in [("cut-list", cutList), ("cut-list-growth", cutListGrowth)] where count ?? 0 < 0 {
      throw ValidationError("--\(name) needs a count of 0 or more.")
    }
    let counts = [
      ("thin-every", thinEvery), ("count-cap", countCap), ("deep-page-limit", deepPageLimit),
      ("deep-place-limit", deepPlaceLimit), ("odd-page", oddPage), ("repeat-after", repeatAfter),
      ("short-page", shortPage), ("short-page-missing", shortPageMissing),
    ]
    for (name, count) in counts where count ?? 1 < 1 {
      throw ValidationError("--\(name) needs a count of at least 1.")
    }
    if let order = replicaOrder?.copies, let copy = order.first(where: { $0 > replicaLag.count }) {
      throw ValidationError("--replica-order names copy \(copy); --replica-lag makes \(replicaLag.count).")
    }
    if replicaOrder != nil, replicaRandom {
      throw ValidationError("Give --replica-order or --replica-random, not both.")
    }
    if thinEvery != nil, thinActor != nil {
      throw ValidationError("Give --thin-every or --thin-actor, not both.")
    }
  }

  /// The clock that times of a query are compared with; nil means `event_at`.
  func clock(seed: UInt64) -> FilterClock? {
    filterClock.map { FilterClock(shift: $0.span, chance: filterClockChance, seed: seed) }
  }

  func behaviours(seed: UInt64) -> [any Behaviour] {
    var behaviours: [any Behaviour] = []
    if erase > 0 { behaviours.append(ErasedRows(chance: erase, erasePlace, seed: seed)) }
    if move > 0 { behaviours.append(MovedEvent(chance: move, by: moveBy.span, seed: seed)) }
    if !largeEvent.isEmpty { behaviours.append(LargeEvent(largeEvent)) }
    if !stray.isEmpty { behaviours.append(LateOrderBreak(stray)) }
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
      behaviours.append(RepeatedAnswers(after: repeatAfter, count: repeatCount, isCounted: repeatCounted))
    }
    if let countCap {
      behaviours.append(CountCap(countCap, refusal: countCapShowsMore ? nil : refusePages))
    }
    if let deepPageLimit { behaviours.append(DeepPageLimit(.pages(deepPageLimit), refusal: refusePages)) }
    if let deepPlaceLimit { behaviours.append(DeepPageLimit(.places(deepPlaceLimit), refusal: refusePages)) }
    if let shortPage { behaviours.append(ShortPage(shortPage, missing: shortPageMissing)) }
    if let oddPage { behaviours.append(OddPage(oddPage, refusal: refusePages)) }
    if let emptyList { behaviours.append(EmptyList(during: emptyList, fields: emptyFields)) }
    if let cachedCount { behaviours.append(CachedCount(cachedCount.lifetime)) }
    if paginationAbsent { behaviours.append(PaginationFields.absent) }
    return behaviours
  }
}
