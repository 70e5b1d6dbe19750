import ArgumentParser
import AuditRecord
import CommandResults
import ExportConfiguration
import HTTP
import Platform

/// Prints the manual page, for Scripts/release and for users: `… manual | man -l -`.
struct ManualCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual",
    abstract: "Print the manual page.",
    discussion: """
      The page is in mdoc, for man, mandoc and groff. Its date is today, or SOURCE_DATE_EPOCH if that is set.

      Examples:
        cloudsmith-audit-export manual | man -l -
      """)

  func run() async throws {
    let seconds = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap(Int64.init)
    let time = seconds.map { Timestamp(microseconds: $0 * 1_000_000) } ?? SystemClock().now
    let console = Console.beforeOptions
    console.answer(ManualPage(program: try CommandTree.program(), date: Day(containing: time)).text)
    if let failure = console.answerFailure { throw failure.status.code }
  }
}
