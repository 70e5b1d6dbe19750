import ArgumentParser
import AuditRecord
import CloudsmithEmulator

struct EventOptions: ParsableArguments {
  @Option(
    name: .customLong("events"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Serve the records of these JSON files unchanged. Each file is an array, newest record first.",
      valueName: "file"))
  var files: [String] = []

  @Option(help: ArgumentHelp("Generate this many events.", valueName: "count"))
  var generate: Int?

  @Option(
    help: ArgumentHelp("The seed. The same seed gives the same events and faults.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "When generated events begin: RFC 3339 or a date (default: 30 days before --to).", valueName: "time"))
  var from: String?

  @Option(
    help: ArgumentHelp(
      "When generated events end, exclusive (default: the start of today, UTC).", valueName: "time"))
  var to: String?

  @Option(
    help: ArgumentHelp(
      "How many consecutive generated events have the same time, to the microsecond.", valueName: "count"))
  var ties = 1

  @Option(
    help: ArgumentHelp(
      "Write the events of the first log as one JSON array, newest first, and exit.", valueName: "file"))
  var printEvents: String?

  @Option(
    help: ArgumentHelp(
      "Write the same on exit, including events that were added while the emulator ran.", valueName: "file"))
  var writeTruth: String?

  func check() throws {
    if !files.isEmpty, generate != nil { throw ValidationError("Pass --events or --generate, not both.") }
    if let generate, generate < 0 { throw ValidationError("--generate must be 0 or more.") }
    if ties < 1 { throw ValidationError("--ties must be at least 1.") }
    if generate == nil, from != nil || to != nil {
      throw ValidationError("--from and --to require --generate.")
    }
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
    guard from < to else { throw ValidationError("--from must be before --to.") }
    return Window(from: from, to: to)
  }

  private func time(_ text: String?) throws -> Timestamp? {
    guard let text else { return nil }
    guard let time = Day(text)?.start ?? Timestamp(rfc3339: text) else {
      throw ValidationError("'\(text)' is not a time: use a form such as 2024-01-01T00:00:00Z or 2024-01-01.")
    }
    return time
  }
}
