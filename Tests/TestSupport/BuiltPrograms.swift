import Foundation
package import Testing

/// A program of this package, as the build made it.
package struct Program: Sendable {
  package static let exporter = Program(name: "cloudsmith-audit-export")
  package static let emulator = Program(name: "cloudsmith-emulator")
  package static let benchmark = Program(name: "cloudsmith-benchmark")

  package let name: String

  /// The file of the program. The build puts the tests and the programs into one folder.
  package var path: String {
    get throws {
      let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return URL(filePath: tests).deletingLastPathComponent().appending(path: name).path
    }
  }

  /// Starts the program. It gets these variables, a `PATH` and a `HOME` that does not exist, and nothing of the tests' environment.
  package func start(
    _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
  ) throws -> RunningCommand {
    let environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"].merging(environment) { $1 }
    return try Command(try path, arguments, environment: environment, in: folder).start()
  }

  /// Runs the program to its end.
  package func run(
    _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
  ) throws -> CommandOutcome {
    try start(arguments, environment: environment, in: folder).wait()
  }
}

/// A shell script that starts the exporter in a way that `Program` cannot: with a redirection, a mask or a tracer.
package enum Shell {
  /// Runs a script in which `"$@"` is the exporter with these arguments, and `"$1"` the exporter alone.
  package static func run(
    _ script: String, _ arguments: [String] = [], environment: [String: String] = [:]
  ) throws -> CommandOutcome {
    let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"]
      .merging(environment) { $1 }
    let all = ["-c", script, "sh", try Program.exporter.path] + arguments
    return try Command("/bin/sh", all, environment: environment).run()
  }

  /// Whether a script exits with 0, for example because a program is installed. False if the shell does not start.
  package static func works(_ script: String) -> Bool {
    do {
      return try run(script).status == 0
    } catch {
      return false
    }
  }
}

/// The interpreter that `Scripts/test` prepared, with the clients and readers of `Tests/Interoperability`.
package enum Python {
  /// The path of the interpreter; nil if `Scripts/test` has not set `CLOUDSMITH_TEST_PYTHON`.
  package static let interpreter = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_PYTHON"]
  package static var exists: Bool { interpreter != nil }

  /// Runs a script of `Tests/Interoperability` with the variables of the tests and these.
  ///
  /// - Throws: `ExpectationFailedError` if there is no interpreter; `CommandNotStarted`.
  package static func run(
    _ script: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> CommandOutcome {
    try Command(
      try #require(interpreter), [Repository.path("Tests/Interoperability/" + script)] + arguments,
      environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }
    ).run()
  }
}

/// OpenSSL's own program, which makes keys and checks signatures.
package enum OpenSSL {
  /// Version 3 is needed: 1.1.1 has Ed25519, but not `-rawin`.
  package static let exists: Bool = {
    do { return try run(["version"]).output.hasPrefix("OpenSSL 3") } catch { return false }
  }()

  /// Runs `openssl` from the `PATH`. Throws `CommandNotStarted` if there is none.
  package static func run(_ arguments: [String]) throws -> CommandOutcome {
    try Command("openssl", arguments).run()
  }

  /// Checks a commit record by the signature beside it.
  package static func verify(_ record: String, publicKey: String) throws -> CommandOutcome {
    try run([
      "pkeyutl", "-verify", "-pubin", "-inkey", publicKey, "-rawin", "-in", record, "-sigfile",
      record + ".sig",
    ])
  }
}

/// The checkout that the tests were built from.
package enum Repository {
  /// The path of a file, given from the repository's root.
  package static func path(_ relative: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: relative).path
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips the test where the interpreter of `Scripts/test` is missing.
  package static var needsPython: Self {
    .enabled(if: Python.exists, "needs CLOUDSMITH_TEST_PYTHON; Scripts/test sets it")
  }

  /// Skips the test where one of these programs is missing.
  package static func needs(_ programs: String...) -> Self {
    .enabled(
      if: Shell.works(programs.map { "command -v \($0)" }.joined(separator: " && ")),
      "needs \(programs.joined(separator: ", ")) on the PATH")
  }
}
