import Foundation

/// A program that a test has started.
///
/// Threads collect stdout and stderr, so the program never blocks on a full pipe. The program leads a process group of its own. When
/// it ends, the rest of the group is killed: no child outlives its test.
package final class RunningCommand: Sendable {
  /// The process identifier.
  package let id: Int32
  private let command: Command
  private let state = Monitor(State())

  private struct State {
    var output: [UInt8] = []
    var log: [UInt8] = []
    var isOutputOpen = true
    var isLogOpen = true
    /// As `waitpid` returns it; nil while the program runs.
    var waitStatus: Int32?
    var isOverdue = false
  }

  /// - Throws: `CommandNotStarted`.
  init(_ command: Command) throws {
    let child = try SpawnedProcess(command)
    self.command = command
    id = child.id
    let state = state
    Thread.detachNewThread {
      RunningCommand.read(child.output) { bytes in state.change { $0.output += bytes } }
      state.change { $0.isOutputOpen = false }
    }
    Thread.detachNewThread {
      RunningCommand.read(child.log) { bytes in state.change { $0.log += bytes } }
      state.change { $0.isLogOpen = false }
    }
    Thread.detachNewThread { RunningCommand.awaitEnd(of: child.id, state) }
  }

  deinit { end() }

  /// Whether the program has ended.
  package var hasEnded: Bool { state.read { $0.waitStatus != nil } }

  /// Sends a signal to the program itself, not to its children. Does nothing once it has ended.
  package func signal(_ number: Int32) {
    state.read { if $0.waitStatus == nil { kill(id, number) } }
  }

  /// Kills the program and its children, and waits until the program is gone.
  package func end() {
    state.read { if $0.waitStatus == nil { kill(-id, SIGKILL) } }
    while !state.wait(seconds: 60, until: { $0.waitStatus != nil }) {}
  }

  /// Waits until the program ends. Kills it if that takes too long.
  @discardableResult
  package func wait() -> CommandOutcome {
    if !isInTime({ $0.waitStatus != nil }) { endOverdue() }
    // The group is dead by now. Only a process that left the group can still hold a pipe open.
    _ = isInTime(within: 10) { !$0.isOutputOpen && !$0.isLogOpen }
    return state.read { state in
      let status = state.waitStatus ?? SIGKILL
      let signal = status & 0x7F
      let note = state.isOverdue ? "\nkilled by the test: no end within \(command.limit) s or more" : ""
      return CommandOutcome(
        status: signal == 0 ? status >> 8 & 0xFF : signal, wasKilled: signal != 0,
        outputBytes: state.output, output: String(decoding: state.output, as: UTF8.self),
        log: String(decoding: state.log, as: UTF8.self) + note)
    }
  }

  /// Waits until stdout has a line with this prefix and returns the rest of that line.
  ///
  /// - Returns: nil if stdout ends first, or if it takes too long; the program is then killed.
  package func line(beginning prefix: String) -> String? {
    var found: String?
    let isInTime = isInTime { state in
      found = RunningCommand.line(of: state.output, beginning: prefix)
      return found != nil || !state.isOutputOpen
    }
    if !isInTime { endOverdue() }
    return found
  }

  /// Whether stdout has a line with this prefix by now.
  package func hasPrinted(_ prefix: String) -> Bool {
    state.read { RunningCommand.line(of: $0.output, beginning: prefix) != nil }
  }

  /// The rest of the first whole line with this prefix.
  private static func line(of output: [UInt8], beginning prefix: String) -> String? {
    output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
      .first { $0.starts(with: prefix.utf8) }
      .map { String(decoding: $0.dropFirst(prefix.utf8.count), as: UTF8.self) }
  }

  /// Whether stderr has this text so far.
  package func hasLogged(_ text: String) -> Bool {
    state.read { String(decoding: $0.log, as: UTF8.self).contains(text) }
  }

  /// Waits for an effect of the program that only looking can show, such as a file.
  ///
  /// - Throws: `CommandFailed` if the program ends first, or if it takes too long; the errors of `isDone`.
  package func wait(until isDone: () throws -> Bool) throws {
    let start = ContinuousClock.now
    while true {
      let hasEnded = hasEnded
      if try isDone() { return }
      if !hasEnded, isOverdue(since: start, command.limit) { endOverdue() }
      if self.hasEnded { throw CommandFailed(program: command.program, outcome: wait()) }
      _ = state.wait(seconds: 0.02) { $0.waitStatus != nil }
    }
  }

  private func endOverdue() {
    state.change { $0.isOverdue = true }
    end()
  }

  private func isInTime(within limit: Double? = nil, _ isDone: (State) -> Bool) -> Bool {
    let limit = limit ?? command.limit
    let start = ContinuousClock.now
    while !state.wait(seconds: limit / 8, until: isDone) {
      if isOverdue(since: start, limit) { return false }
    }
    return true
  }

  /// Compares with the load of now, which may have grown since the start.
  private func isOverdue(since start: ContinuousClock.Instant, _ limit: Double) -> Bool {
    (ContinuousClock.now - start) / .seconds(1) > ScaledTimeout.seconds(limit)
  }

  /// Reads until the pipe ends, then closes it.
  private static func read(_ descriptor: Int32, _ body: (ArraySlice<UInt8>) -> Void) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      body(buffer[..<count])
    }
    close(descriptor)
  }

  private static func awaitEnd(of id: Int32, _ state: Monitor<State>) {
    var information = siginfo_t()
    while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
    // The process is not reaped yet, so no other process or group can have its number.
    kill(-id, SIGKILL)
    state.change { state in
      // Does not block: the process has ended.
      var status: Int32 = 0
      while waitpid(id, &status, 0) == -1, errno == EINTR {}
      state.waitStatus = status
    }
  }
}

/// A value that threads change, read and wait for.
private final class Monitor<Value: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  /// Only used while `condition` is locked.
  private var value: Value

  init(_ value: Value) { self.value = value }

  func change(_ body: (inout Value) -> Void) {
    condition.lock()
    body(&value)
    condition.broadcast()
    condition.unlock()
  }

  func read<Result>(_ body: (Value) -> Result) -> Result {
    condition.lock()
    defer { condition.unlock() }
    return body(value)
  }

  /// Returns false if the value does not fit within this time.
  func wait(seconds: Double, until isDone: (Value) -> Bool) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    let end = Date(timeIntervalSinceNow: seconds)
    while !isDone(value) {
      guard condition.wait(until: end) else { return isDone(value) }
    }
    return true
  }
}
