import Foundation

/// A program to run, with everything that it is given. This is the only way in which tests start programs.
///
/// Waiting for a program blocks the calling thread, so the test or its suite needs the trait `.fewAtOnce`.
package struct Command: Sendable {
  /// A path, or a name that is looked up on the `PATH` of the tests.
  package var program: String
  package var arguments: [String]
  /// Every variable that the program gets; nil passes on the variables of the tests.
  package var environment: [String: String]?
  /// The working directory; nil is that of the tests.
  package var folder: String?
  /// What the program reads from stdin. Without input, stdin is `/dev/null`.
  package var input: [UInt8]
  /// How long each wait for the program may take on an idle machine, in seconds. The limit grows with the load (`ScaledTimeout`).
  package var limit = 120.0

  package init(
    _ program: String, _ arguments: [String] = [], environment: [String: String]? = nil,
    in folder: String? = nil, input: [UInt8] = []
  ) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
    self.folder = folder
    self.input = input
  }

  /// Starts the program and returns at once.
  ///
  /// The program and its children are killed when the last reference to the result goes away.
  ///
  /// - Throws: `CommandNotStarted`, also when the program does not exist.
  package func start() throws -> RunningCommand { try RunningCommand(self) }

  /// Runs the program to its end. A program that exceeds the limit is killed; the outcome then says so.
  ///
  /// - Throws: `CommandNotStarted`. Any exit status is an outcome, not an error.
  package func run() throws -> CommandOutcome { try start().wait() }

  /// Runs a program and returns what it wrote to stdout.
  ///
  /// - Throws: `CommandFailed` unless it exits with one of `statuses`; `CommandNotStarted`.
  @discardableResult
  package static func output(
    _ program: String, _ arguments: [String], input: [UInt8] = [], statuses: Set<Int32> = [0]
  ) throws -> [UInt8] {
    let outcome = try Command(program, arguments, input: input).run()
    guard !outcome.wasKilled, statuses.contains(outcome.status) else {
      throw CommandFailed(program: program, outcome: outcome)
    }
    return outcome.outputBytes
  }
}

/// How a program ended, and what it wrote.
package struct CommandOutcome: Sendable {
  /// The exit status, or the number of the signal that killed the program.
  package var status: Int32
  /// Whether a signal killed the program.
  package var wasKilled: Bool
  /// What the program wrote to stdout.
  package var outputBytes: [UInt8]
  /// The same as text; bytes that are not UTF-8 are replaced by U+FFFD.
  package var output: String
  /// What the program wrote to stderr. If the test killed the program for taking too long, the last line says so.
  package var log: String

  /// The JSON object on stdout; empty if stdout holds another kind of value.
  ///
  /// - Throws: if stdout is not JSON.
  package var json: [String: Any] {
    get throws { try JSONSerialization.jsonObject(with: Data(outputBytes)) as? [String: Any] ?? [:] }
  }
}

/// A program could not be started.
package struct CommandNotStarted: Error, CustomStringConvertible {
  package var program: String
  /// An `errno`.
  package var code: Int32

  package var description: String { "cannot start \(program): \(String(cString: strerror(code)))" }
}

/// A program ended in another way than the test needs.
package struct CommandFailed: Error, CustomStringConvertible {
  package var program: String
  package var outcome: CommandOutcome

  package var description: String {
    "\(program) ended with \(outcome.wasKilled ? "signal" : "status") \(outcome.status): \(outcome.log)"
  }
}
