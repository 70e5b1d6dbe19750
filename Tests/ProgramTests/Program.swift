import Foundation
import Synchronization
import TestSupport

/// A program that the build made, run as a user would run it.
struct Program {
  static let exporter = Program(name: "cloudsmith-audit-export")
  static let emulator = Program(name: "cloudsmith-emulator")
  static let benchmark = Program(name: "cloudsmith-benchmark")

  let name: String

  struct Result {
    var status: Int32
    /// Whether a signal ended it.
    var wasKilled: Bool
    var output: String
    var log: String

    var json: [String: Any] {
      get throws { try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:] }
    }
  }

  var path: String {
    get throws {
      // The tests stand beside the programs.
      let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return URL(filePath: tests).deletingLastPathComponent().appending(path: name).path
    }
  }

  /// Starts it with this environment and no other.
  func start(_ arguments: [String], environment: [String: String] = [:], in folder: String? = nil) throws
    -> Running
  {
    let process = Process()
    process.executableURL = URL(filePath: try path)
    process.arguments = arguments
    process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"].merging(environment) { $1 }
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    return try Running(process)
  }

  func run(_ arguments: [String], environment: [String: String] = [:], in folder: String? = nil) throws
    -> Result
  {
    try start(arguments, environment: environment, in: folder).wait()
  }
}

/// A program under way.
final class Running {
  let process: Process
  private let output = Collected()
  private let log = Collected()

  init(_ process: Process) throws {
    self.process = process
    let (outputPipe, logPipe) = (Pipe(), Pipe())
    process.standardOutput = outputPipe
    process.standardError = logPipe
    process.standardInput = FileHandle.nullDevice
    output.collect(outputPipe)
    log.collect(logPipe)
    try process.run()
  }

  func wait() -> Program.Result {
    let watchdog = Watchdog(process.processIdentifier)
    process.waitUntilExit()
    watchdog.end()
    output.waitForEnd()
    log.waitForEnd()
    return Program.Result(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: output.text, log: log.text)
  }

  /// Waits until stdout holds a line that begins so, and returns the rest of it; nil if the program ends before.
  func line(beginning prefix: String) -> String? {
    while true {
      let (text, isAtEnd) = output.snapshot
      for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      where line.hasPrefix(prefix) {
        return String(line.dropFirst(prefix.count))
      }
      if isAtEnd { return nil }
      output.waitForMore()
    }
  }

  /// Waits for something that the program does; throws when the program ends before.
  func wait(until isDone: () throws -> Bool) throws {
    while true {
      let isRunning = process.isRunning
      if try isDone() { return }
      guard isRunning else { throw EndedEarly(result: wait()) }
      usleep(20_000)
    }
  }

  struct EndedEarly: Error, CustomStringConvertible {
    var result: Program.Result
    var description: String { "the program ended early, with status \(result.status): \(result.log)" }
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }
}

/// What comes out of a pipe, collected on a thread of its own.
private final class Collected: Sendable {
  private let state = Mutex((bytes: Data(), isAtEnd: false))
  private let changed = NSCondition()

  func collect(_ pipe: Pipe) {
    let handle = pipe.fileHandleForReading
    Thread.detachNewThread { [self] in
      while true {
        let chunk = handle.availableData
        changed.lock()
        state.withLock { state in
          state.bytes += chunk
          state.isAtEnd = chunk.isEmpty
        }
        changed.broadcast()
        changed.unlock()
        if chunk.isEmpty { return }
      }
    }
  }

  var snapshot: (text: String, isAtEnd: Bool) {
    state.withLock { (String(decoding: $0.bytes, as: UTF8.self), $0.isAtEnd) }
  }

  var text: String { snapshot.text }

  func waitForMore() {
    changed.lock()
    let size = state.withLock(\.bytes.count)
    while !state.withLock({ $0.isAtEnd || $0.bytes.count > size }) { changed.wait() }
    changed.unlock()
  }

  func waitForEnd() {
    changed.lock()
    while !state.withLock(\.isAtEnd) { changed.wait() }
    changed.unlock()
  }
}
