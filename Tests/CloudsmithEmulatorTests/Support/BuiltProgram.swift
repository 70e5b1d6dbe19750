import Foundation
import TestSupport
import Testing

/// The programs beside the tests, and others, run to their end.
enum BuiltProgram {
  /// The package, by the place of this file.
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The folder that the build put the tests and the programs into.
  static var products: URL {
    get throws {
      let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return URL(filePath: link).deletingLastPathComponent()
    }
  }

  static var emulator: URL { get throws { try products.appending(path: "cloudsmith-emulator") } }

  /// The interpreter that has the official clients; nil where the tests that need it are to be skipped.
  static let python = ProcessInfo.processInfo.environment["CLOUDSMITH_TEST_PYTHON"]

  struct Outcome: Sendable {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Runs a program to its end.
  static func run(_ program: URL, _ arguments: [String]) async throws -> Outcome {
    try await onThread { try blockingRun(program, arguments) }
  }

  /// Runs the emulator on a free port while `body` does, ends it with a signal, and tells its exit status.
  static func serve(
    _ arguments: [String], endedBy signal: Int32 = SIGTERM, _ body: (_ port: Int) async throws -> Void
  ) async throws -> Int32 {
    let process = Process()
    let output = Pipe()
    process.executableURL = try emulator
    process.arguments = ["--port", "0"] + arguments
    process.standardOutput = output
    try process.run()
    let number = process.processIdentifier
    do {
      let line = try await onThread { readLine(output.fileHandleForReading) }
      let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
      #expect(line == "listening on http://127.0.0.1:\(port)")
      try await body(port)
    } catch {
      Issue.record(error)
    }
    kill(number, signal)
    let ended = Ended(process: process)
    return try await onThread {
      let watchdog = Watchdog(number)
      ended.process.waitUntilExit()
      watchdog.end()
      return ended.process.terminationStatus
    }
  }

  /// Hands a process from its starter to the thread that waits for it; only that thread uses it then.
  private struct Ended: @unchecked Sendable {
    var process: Process
  }

  private static func readLine(_ file: FileHandle) -> String {
    var line: [UInt8] = []
    while let byte = file.readData(ofLength: 1).first, byte != UInt8(ascii: "\n") { line.append(byte) }
    return String(decoding: line, as: UTF8.self)
  }

  /// Blocking work must not hold up the threads that Swift's tasks share.
  private static func onThread<Result: Sendable>(
    _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Swift.Result { try work() }) }
    }
  }

  private static func blockingRun(_ program: URL, _ arguments: [String]) throws -> Outcome {
    let folder = try temporaryFolder()
    defer { remove(folder) }
    let output = folder.appending(path: "out")
    let errors = folder.appending(path: "err")
    for file in [output, errors] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let watchdog = Watchdog(process.processIdentifier)
    process.waitUntilExit()
    watchdog.end()
    return Outcome(
      status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }

  static func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "emulator-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  static func remove(_ folder: URL) {
    do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
  }
}
