import Foundation
import TestSupport
import Testing

/// A program of the system, run to its end.
enum TestCommand {
  struct Failure: Error { var text: String }

  /// Runs a program by its name with `input` on stdin and gives its stdout.
  @discardableResult
  static func run(_ name: String, _ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
    let inputFile = folder.appendingPathComponent("in")
    try Data(input).write(to: inputFile)
    let output = Pipe()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let watchdog = Watchdog(process.processIdentifier)
    defer { watchdog.end() }
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(text: "\(name) ended with \(process.terminationStatus)")
    }
    return Array(bytes)
  }
}
