import Foundation

/// A line of shell that starts a program in a way that `Program` cannot: with a redirection, a mask, a tracer.
enum Shell {
  /// `"$@"` in the script is the exporter with these arguments.
  static func run(
    _ script: String, _ arguments: [String] = [], environment: [String: String] = [:]
  ) throws -> Program.Result {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", script, "sh", try Program.exporter.path] + arguments
    process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"]
      .merging(environment) { $1 }
    return try Running(process).wait()
  }

  /// Whether a line of shell ends well; for what a machine may lack.
  static func works(_ script: String) -> Bool {
    do {
      return try run(script).status == 0
    } catch {
      return false
    }
  }
}
