import ArgumentParser
import AuditRecord
import CloudsmithEmulator

/// Options for the behaviours that change a log or the responses.
struct BehaviourOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Add this many new events before each request.", valueName: "count"))
  var grow = 0

  @Option(
    help: ArgumentHelp("The probability, 0 to 1, of a late event before each request.", valueName: "chance"))
  var late = 0.0

  @Option(help: ArgumentHelp("How much older than the newest event a late event can be.", valueName: "span"))
  var lateBy = "1h"

  @Flag(help: "Shuffle events with the same time on every request.")
  var shuffleTies = false

  @Flag(help: "List the oldest event first.")
  var ascending = false

  @Option(help: ArgumentHelp("Show only events of this last period, such as 30d.", valueName: "span"))
  var retain: String?

  @Flag(help: "Answer a page past the end with an empty list instead of 404.")
  var emptyPastEnd = false

  @Option(help: ArgumentHelp("Fail every Nth request.", valueName: "count"))
  var failEvery = 0

  @Option(help: ArgumentHelp("The status of a failure.", valueName: "status"))
  var failStatus = 503

  @Option(help: ArgumentHelp("How many requests in a row fail.", valueName: "count"))
  var failBurst = 1

  @Option(help: ArgumentHelp("Send Retry-After with failures.", valueName: "seconds"))
  var retryAfter: Int?

  @Flag(help: "Send an HTML body with failures.")
  var failHTML = false

  @Option(
    help: ArgumentHelp("Close the connection within the body of every Nth response.", valueName: "count"))
  var cutEvery = 0

  @Option(
    help: ArgumentHelp("Reset the connection within the body of every Nth response.", valueName: "count"))
  var resetEvery = 0

  @Option(help: ArgumentHelp("How many bytes of the body to send before that.", valueName: "bytes"))
  var cutAfter = 1_000

  @Option(
    help: ArgumentHelp(
      "Send only half of every Nth gzip body, to clients that accept gzip.", valueName: "count"))
  var truncateGzipEvery = 0

  @Option(
    help: ArgumentHelp("Send a gzip bomb of 256 MiB as every Nth response.", valueName: "count"))
  var gzipBombEvery = 0

  @Option(
    name: .customLong("invalid-json-every"),
    help: ArgumentHelp("Send only half of the JSON of every Nth page.", valueName: "count"))
  var invalidJSONEvery = 0

  @Option(
    name: .customLong("invalid-utf8-every"),
    help: ArgumentHelp("Put a byte that is not UTF-8 into every Nth page.", valueName: "count"))
  var invalidUTF8Every = 0

  @Option(help: ArgumentHelp("Wrap the array of every Nth page in an object.", valueName: "count"))
  var objectEvery = 0

  @Option(help: ArgumentHelp("Send every Nth body slowly.", valueName: "count"))
  var slowEvery = 0

  @Option(help: ArgumentHelp("The speed of slow bodies, in bytes per second.", valueName: "speed"))
  var slowSpeed = 10_000

  @Option(help: ArgumentHelp("Wait this long before every response, such as 2s.", valueName: "span"))
  var delay = "0s"

  @Flag(help: "Omit X-Pagination-Count.")
  var countAbsent = false

  @Option(help: ArgumentHelp("Add this number to X-Pagination-Count.", valueName: "number"))
  var countWrongBy = 0

  @Option(
    help: ArgumentHelp("Send Date, this much behind this machine's clock, such as 0s.", valueName: "span"))
  var dateBehind: String?

  @Option(
    help: ArgumentHelp("Send Date, this much ahead of this machine's clock, such as 2h.", valueName: "span"))
  var dateAhead: String?

  @Option(
    help: ArgumentHelp(
      "Set that clock forward before a request, such as 5:1h, or back, such as 5:-1h (repeatable).",
      valueName: "step"))
  var dateStep: [DateField.Step] = []

  @Option(help: ArgumentHelp("Send Age with the Date, as from a cache.", valueName: "span"))
  var dateAge: String?

  @Option(help: ArgumentHelp("Omit Date from every Nth response.", valueName: "count"))
  var dateAbsentEvery = 0

  @Option(help: ArgumentHelp("Redirect to another host, such as http://127.0.0.1:8081.", valueName: "url"))
  var redirectTo: String?

  func check() throws {
    guard (0...1).contains(late) else { throw ValidationError("--late must be a probability from 0 to 1.") }
    for (name, text) in [
      ("late-by", lateBy), ("delay", delay), ("retain", retain ?? "1d"), ("date-behind", dateBehind ?? "0s"),
      ("date-ahead", dateAhead ?? "0s"), ("date-age", dateAge ?? "0s"),
    ]
    where TimeSpan(text) == nil {
      throw ValidationError("'\(text)' for --\(name) is not a duration: use a form such as 90s, 10m or 1h.")
    }
    if dateBehind != nil, dateAhead != nil {
      throw ValidationError("Pass --date-behind or --date-ahead, not both.")
    }
    guard (400...599).contains(failStatus) else { throw ValidationError("--fail-status must be 400 to 599.") }
    let counts = [
      ("grow", grow), ("fail-every", failEvery), ("cut-every", cutEvery), ("reset-every", resetEvery),
      ("cut-after", cutAfter), ("slow-every", slowEvery), ("truncate-gzip-every", truncateGzipEvery),
      ("gzip-bomb-every", gzipBombEvery), ("invalid-json-every", invalidJSONEvery),
      ("invalid-utf8-every", invalidUTF8Every), ("object-every", objectEvery),
      ("date-absent-every", dateAbsentEvery),
    ]
    for (name, count) in counts where count < 0 {
      throw ValidationError("--\(name) must be 0 or more.")
    }
    for (name, count) in [("fail-burst", failBurst), ("slow-speed", slowSpeed)] where count < 1 {
      throw ValidationError("--\(name) must be at least 1.")
    }
  }

  /// Whether an option sets the `Date` of responses.
  var setsTime: Bool { dateField != nil }

  private var dateField: DateField? {
    guard dateBehind != nil || dateAhead != nil || dateAge != nil || !dateStep.isEmpty || dateAbsentEvery > 0
    else { return nil }
    let behind = dateBehind.flatMap { TimeSpan($0) } ?? .zero
    return DateField(
      ahead: dateAhead.flatMap { TimeSpan($0) } ?? .zero - behind, steps: dateStep,
      age: dateAge.flatMap { TimeSpan($0) }, absent: FaultSchedule(every: dateAbsentEvery))
  }

  func behaviours(seed: UInt64) -> [any Behaviour] {
    var behaviours: [any Behaviour] = []
    if grow > 0 { behaviours.append(Growth(events: grow)) }
    if late > 0 {
      behaviours.append(LateEvents(chance: late, by: TimeSpan(lateBy) ?? .hours(1), seed: seed))
    }
    if shuffleTies { behaviours.append(ShuffledTies(seed: seed)) }
    if ascending { behaviours.append(AscendingOrder()) }
    if let retain = retain.flatMap({ TimeSpan($0) }) { behaviours.append(Retention(retain)) }
    if emptyPastEnd { behaviours.append(EmptyPastEnd()) }
    if let redirectTo { behaviours.append(RedirectElsewhere(FaultSchedule(every: 1), to: redirectTo)) }
    if failEvery > 0 {
      behaviours.append(
        Failures(
          FaultSchedule(every: failEvery, burst: failBurst), status: failStatus, retryAfter: retryAfter,
          asHTML: failHTML))
    }
    if let dateField { behaviours.append(dateField) }
    if countAbsent { behaviours.append(CountField.absent) }
    if countWrongBy != 0 { behaviours.append(CountField.wrong(by: countWrongBy)) }
    if objectEvery > 0 { behaviours.append(ObjectBody(FaultSchedule(every: objectEvery))) }
    if invalidUTF8Every > 0 { behaviours.append(InvalidUTF8(FaultSchedule(every: invalidUTF8Every))) }
    if invalidJSONEvery > 0 { behaviours.append(InvalidJSON(FaultSchedule(every: invalidJSONEvery))) }
    if gzipBombEvery > 0 { behaviours.append(GzipBomb(FaultSchedule(every: gzipBombEvery))) }
    if truncateGzipEvery > 0 { behaviours.append(TruncatedGzip(FaultSchedule(every: truncateGzipEvery))) }
    if let delay = TimeSpan(delay), delay > .zero {
      behaviours.append(SlowBody(FaultSchedule(every: 1), delay: delay))
    }
    if slowEvery > 0 {
      behaviours.append(SlowBody(FaultSchedule(every: slowEvery), bytesPerSecond: slowSpeed))
    }
    if cutEvery > 0 { behaviours.append(CutBody(FaultSchedule(every: cutEvery), after: cutAfter)) }
    if resetEvery > 0 {
      behaviours.append(CutBody(FaultSchedule(every: resetEvery), after: cutAfter, ending: .reset))
    }
    return behaviours
  }
}

extension DateField.Step: ExpressibleByArgument {
  /// Parses `5:1h` or `5:-1h`.
  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let request = Int(parts[0]), request > 0 else { return nil }
    let isBack = parts[1].first == "-"
    guard let span = TimeSpan(String(isBack ? parts[1].dropFirst() : parts[1])) else { return nil }
    self.init(beforeRequest: request, by: isBack ? .zero - span : span)
  }
}
