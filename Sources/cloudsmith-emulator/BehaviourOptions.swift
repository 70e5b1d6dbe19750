import ArgumentParser
import AuditRecord
import CloudsmithEmulator

/// One option, or a few, for each behaviour of `CloudsmithEmulator/Faults`.
struct BehaviourOptions: ParsableArguments {
  @Option(help: ArgumentHelp("So many new events before each request.", valueName: "count"))
  var grow = 0

  @Option(help: ArgumentHelp("The chance, 0 to 1, of a late event before each request.", valueName: "chance"))
  var late = 0.0

  @Option(help: ArgumentHelp("How much older than the newest event a late one can be.", valueName: "span"))
  var lateBy = "1h"

  @Option(help: ArgumentHelp("Let every so-many-th request fail.", valueName: "count"))
  var failEvery = 0

  @Option(help: ArgumentHelp("The status of a failure.", valueName: "status"))
  var failStatus = 503

  @Option(help: ArgumentHelp("How many requests in a row fail.", valueName: "count"))
  var failBurst = 1

  @Option(help: ArgumentHelp("Send Retry-After with a failure.", valueName: "seconds"))
  var retryAfter: Int?

  @Flag(help: "Give failures an HTML body.")
  var failHTML = false

  @Option(
    help: ArgumentHelp("End the connection within the body of every so-many-th answer.", valueName: "count"))
  var cutEvery = 0

  @Option(help: ArgumentHelp("Reset it there instead.", valueName: "count"))
  var resetEvery = 0

  @Option(help: ArgumentHelp("How much of a body goes out before that.", valueName: "bytes"))
  var cutAfter = 1_000

  @Option(help: ArgumentHelp("Send every so-many-th body slowly.", valueName: "count"))
  var slowEvery = 0

  @Option(help: ArgumentHelp("How fast then, in bytes a second.", valueName: "speed"))
  var slowSpeed = 10_000

  @Option(help: ArgumentHelp("Wait before every answer, such as 2s.", valueName: "span"))
  var delay = "0s"

  @Flag(help: "Leave out X-Pagination-Count.")
  var countAbsent = false

  @Option(help: ArgumentHelp("Misstate X-Pagination-Count by so many.", valueName: "number"))
  var countWrongBy = 0

  @Option(help: ArgumentHelp("Redirect to another host, such as http://127.0.0.1:8081.", valueName: "url"))
  var redirectTo: String?

  func check() throws {
    guard (0...1).contains(late) else { throw ValidationError("--late needs a chance from 0 to 1.") }
    for (name, text) in [("late-by", lateBy), ("delay", delay)] where TimeSpan(text) == nil {
      throw ValidationError("'\(text)' for --\(name) is no length of time; write 90s, 10m or 1h.")
    }
    guard (400...599).contains(failStatus) else { throw ValidationError("--fail-status needs 400 to 599.") }
    let counts = [
      ("grow", grow), ("fail-every", failEvery), ("cut-every", cutEvery), ("reset-every", resetEvery),
      ("cut-after", cutAfter), ("slow-every", slowEvery),
    ]
    for (name, count) in counts where count < 0 {
      throw ValidationError("--\(name) needs a count of 0 or more.")
    }
    for (name, count) in [("fail-burst", failBurst), ("slow-speed", slowSpeed)] where count < 1 {
      throw ValidationError("--\(name) needs a count of at least 1.")
    }
  }

  func behaviours(seed: UInt64) -> [any Behaviour] {
    var behaviours: [any Behaviour] = []
    if grow > 0 { behaviours.append(Growth(events: grow)) }
    if late > 0 {
      behaviours.append(LateEvents(chance: late, by: TimeSpan(lateBy) ?? .hours(1), seed: seed))
    }
    if let redirectTo { behaviours.append(RedirectElsewhere(Rhythm(every: 1), to: redirectTo)) }
    if failEvery > 0 {
      behaviours.append(
        Failures(
          Rhythm(every: failEvery, burst: failBurst), status: failStatus, retryAfter: retryAfter,
          asHTML: failHTML))
    }
    if countAbsent { behaviours.append(CountField.absent) }
    if countWrongBy != 0 { behaviours.append(CountField.wrong(by: countWrongBy)) }
    if let delay = TimeSpan(delay), delay > .zero {
      behaviours.append(SlowBody(Rhythm(every: 1), delay: delay))
    }
    if slowEvery > 0 { behaviours.append(SlowBody(Rhythm(every: slowEvery), bytesPerSecond: slowSpeed)) }
    if cutEvery > 0 { behaviours.append(CutBody(Rhythm(every: cutEvery), after: cutAfter)) }
    if resetEvery > 0 {
      behaviours.append(CutBody(Rhythm(every: resetEvery), after: cutAfter, ending: .reset))
    }
    return behaviours
  }
}
