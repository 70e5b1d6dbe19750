import ArgumentParser
import AuditRecord
import CloudsmithAPI
import Platform

/// Writes the manual page, for Scripts/release and for whoever wants to read it: `… manual | man -l -`.
struct ManualCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual",
    abstract: "The manual page, in mdoc.",
    discussion: """
      Its date is today's, or SOURCE_DATE_EPOCH's.

      Examples:
        cloudsmith-audit-export manual | man -l -
      """,
    shouldDisplay: false)

  func run() async throws {
    let seconds = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap(Int64.init)
    let time = seconds.map { Timestamp(microseconds: $0 * 1_000_000) } ?? SystemClock().now
    let console = Console.beforeOptions
    console.answer(ManualPage(program: try CommandTree.program(), date: Day(containing: time)).text)
    if let failure = console.answerFailure { throw failure.status.code }
  }
}
