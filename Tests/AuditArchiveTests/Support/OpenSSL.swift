import Foundation
import TestSupport
import Testing

/// OpenSSL's own program, which makes keys and judges signatures.
enum OpenSSL {
  /// Since 1.1.1 it has Ed25519; `-rawin` came with 3.0.
  static let isThere: Bool = {
    do { return try run(["version"]).output.hasPrefix("OpenSSL 3") } catch { return false }
  }()

  static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let watchdog = Watchdog(process.processIdentifier)
    defer { watchdog.end() }
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}
