import ArgumentParser
import AuditRecord
import CloudsmithEmulator

struct EventOptions: ParsableArguments {
  @Option(
    name: .customLong("events"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Serve the records of these JSON arrays, as they are written; each file lists them newest first.",
      valueName: "file"))
  var files: [String] = []

  @Option(help: ArgumentHelp("Make up so many events.", valueName: "count"))
  var generate: Int?

  @Option(help: ArgumentHelp("The same seed: the same events and the same faults.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "When made-up events begin: RFC 3339 or a date. Default: 30 days before --to.", valueName: "time"))
  var from: String?

  @Option(
    help: ArgumentHelp("Before when they end. Default: the beginning of today, UTC.", valueName: "time"))
  var to: String?

  @Option(
    help: ArgumentHelp(
      "Let so many made-up events in a row share one time, to the microsecond.", valueName: "count"))
  var ties = 1

  @Option(
    help: ArgumentHelp(
      "Write the first log's events as one JSON array, newest first, and end.", valueName: "file"))
  var printEvents: String?

  @Option(
    help: ArgumentHelp(
      "Write the same at the end, with every event that came while the emulator ran.", valueName: "file"))
  var writeTruth: String?

  func check() throws {
    if !files.isEmpty, generate != nil { throw ValidationError("Give --events or --generate, not both.") }
    if let generate, generate < 0 { throw ValidationError("--generate needs a count that is not negative.") }
    if ties < 1 { throw ValidationError("--ties needs a count of at least 1.") }
    if generate == nil, from != nil || to != nil { throw ValidationError("--from and --to need --generate.") }
    _ = try window()
  }

  func source() throws -> EmulatorConfiguration.Events {
    if !files.isEmpty { return .files(files) }
    guard let generate else { return .none }
    return .generated(Generation(count: generate, window: try window(), ties: ties))
  }

  private func window() throws -> Window {
    let to = try time(to) ?? Day(containing: .now()).start
    let from = try time(from) ?? to - .days(30)
    guard from < to else { throw ValidationError("--from must lie before --to.") }
    return Window(from: from, to: to)
  }

  private func time(_ text: String?) throws -> Timestamp? {
    guard let text else { return nil }
    guard let time = Day(text)?.start ?? Timestamp(rfc3339: text) else {
      throw ValidationError("'\(text)' is no time; write 2024-01-01T00:00:00Z or 2024-01-01.")
    }
    return time
  }
}
