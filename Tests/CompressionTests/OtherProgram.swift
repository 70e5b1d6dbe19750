import Foundation
import TestSupport
import Testing

/// Another implementation, run as a program: bytes in on its standard input, bytes out.
struct OtherProgram {
  struct Failure: Error {
    var program: String
    var status: Int32
  }

  /// Runs `program`, found on the PATH, and returns what it wrote; throws unless it ended with one of the statuses.
  static func run(
    _ program: String, _ arguments: [String], input: [UInt8], statuses: Set<Int32> = [0]
  ) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "compression-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    let file = folder.appending(path: "input")
    try Data(input).write(to: file)

    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardInput = try FileHandle(forReadingFrom: file)
    process.standardOutput = output
    try process.run()
    let watchdog = Watchdog(process.processIdentifier)
    defer { watchdog.end() }
    let written = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard statuses.contains(process.terminationStatus) else {
      throw Failure(program: program, status: process.terminationStatus)
    }
    return [UInt8](written)
  }
}
