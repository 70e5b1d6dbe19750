import Foundation
import TestSupport
import Testing

/// The runner that every other test starts programs with.
@Suite(.fewAtOnce) struct CommandTests {
  @Test func `three megabytes pass through stdin and stdout without a deadlock`() throws {
    let input = [UInt8](repeating: UInt8(ascii: "x"), count: 3_000_000)
    #expect(try Command.output("cat", [], input: input) == input)
  }

  @Test func `stdout and stderr are collected apart, with the exit status`() throws {
    let outcome = try Command("sh", ["-c", "echo out; echo err >&2; exit 7"]).run()
    #expect(outcome.status == 7 && !outcome.wasKilled)
    #expect(outcome.output == "out\n" && outcome.log == "err\n")
  }

  @Test func `a program gets its own environment and working directory`() throws {
    let outcome = try Command("/bin/sh", ["-c", "pwd; echo $NAME"], environment: ["NAME": "x"], in: "/usr")
      .run()
    #expect(outcome.output == "/usr\nx\n")
  }

  @Test func `a program that does not exist is an error`() throws {
    let error = #expect(throws: CommandNotStarted.self) { try Command("/no/such/program").run() }
    #expect(error?.code == ENOENT)
  }

  @Test func `a working directory that does not exist is an error`() throws {
    #expect(throws: CommandNotStarted.self) { try Command("true", in: "/no/such/folder").run() }
  }

  @Test func `a signal ends the program, and its children with it`() throws {
    let running = try Command("sh", ["-c", "sleep 600 & echo child $!; wait"]).start()
    let child = try #require(running.line(beginning: "child "))
    running.signal(SIGTERM)
    let outcome = running.wait()
    #expect(outcome.wasKilled && outcome.status == SIGTERM)
    let clock = try Command("sleep", ["600"]).start()
    try clock.wait { isGone(child) }
  }

  @Test func `a program that is over its limit is killed, and the log says so`() throws {
    var command = Command("sleep", ["600"])
    command.limit = 0.01
    let outcome = try command.run()
    #expect(outcome.wasKilled && outcome.status == SIGKILL)
    #expect(outcome.log.contains("killed by the test"))
  }

  @Test func `a program whose last reference goes away is killed`() throws {
    let id = try Command("sleep", ["600"]).start().id
    #expect(kill(id, 0) == -1)
  }

  @Test func `an ignored SIGPIPE is not inherited`() throws {
    let outcome = try Command("sh", ["-c", "kill -PIPE $$; echo ignored"]).run()
    #expect(outcome.wasKilled && outcome.status == SIGPIPE)
  }

  @Test func `waiting for an effect ends when the program does`() throws {
    let running = try Command("false").start()
    #expect(throws: CommandFailed.self) { try running.wait { false } }
  }

  /// Whether a process has ended. Until init reaps it, an orphan is a zombie.
  private func isGone(_ id: String) -> Bool {
    guard let status = FileManager.default.contents(atPath: "/proc/\(id)/stat") else { return true }
    return String(decoding: status, as: UTF8.self).contains(") Z ")
  }
}
