import AuditRecord
import AuditReport
import CommandResults
import ExportConfiguration
import HTTP
import Logging
import Platform
import Synchronization

/// Writes the result to stdout, and log and progress to stderr.
final class Console: Sendable {
  let showsProgress: Bool
  let isQuiet: Bool
  let isLogJSON: Bool
  private let hasProgressLine = Mutex(false)
  private let answerError = Mutex<Int32?>(nil)

  /// - Parameters:
  ///   - isQuiet: Write only warnings and errors to stderr.
  ///   - isLogJSON: Write every line on stderr as a JSON object.
  init(isQuiet: Bool, isLogJSON: Bool = false) {
    self.isQuiet = isQuiet
    self.isLogJSON = isLogJSON
    showsProgress = !isQuiet && !isLogJSON && isatty(STDERR_FILENO) == 1
  }

  /// The console for messages before the options are parsed, or about options that cannot be parsed. It takes the format of the log
  /// from the raw arguments, or else from the environment.
  static var beforeOptions: Console {
    let name = Settings.isLogJSON.option
    var given: String?
    for (word, next) in zip(CommandLine.arguments, CommandLine.arguments.dropFirst() + [""]) {
      if word == name {
        given = next
      } else if word.hasPrefix(name + "=") {
        given = String(word.dropFirst(name.count + 1))
      }
    }
    let variable = Settings.isLogJSON.variables.lazy.compactMap { ProcessInfo.processInfo.environment[$0] }
      .first
    return Console(isQuiet: false, isLogJSON: (given ?? variable) == "json")
  }

  func logger(_ level: Logger.Level) -> Logger {
    var logger = Logger(label: "cloudsmith-audit-export") { _ in ConsoleLogHandler(console: self) }
    logger.logLevel = isQuiet ? .warning : level
    return logger
  }

  /// Writes a result to stdout.
  ///
  /// - Parameter isColored: Whether the text contains color sequences.
  func answer(_ text: String, isColored: Bool = false) {
    clearProgress()
    writeAnswer(TerminalText.lines(text, keepsColor: isColored) + "\n")
  }

  private func writeAnswer(_ text: String) {
    let code = write(text, to: STDOUT_FILENO)
    // The reader closed the pipe because it has read enough.
    if let code, code != EPIPE { answerError.withLock { $0 = $0 ?? code } }
  }

  /// The failure if a result could not be written to stdout. nil if all were written.
  var answerFailure: Failure? {
    answerError.withLock(\.self).map { code in
      Failure(
        status: .storage,
        sentence: """
          The result could not be written to stdout: \(String(cString: strerror(code))). The command itself is done. Show the archive \
          with status, or free up space where stdout goes and run the command again.
          """)
    }
  }

  /// Writes lines to stdout for programs. Writes nothing if there are none.
  func answer(lines: [String]) {
    clearProgress()
    writeAnswer(lines.map { $0 + "\n" }.joined())
  }

  /// Writes the message of a failure to stderr.
  ///
  /// - Parameters:
  ///   - heading: The text before the message. A JSON log does not have it.
  ///   - log: The log that failed.
  ///   - details: The result, if it is not on stdout. Only a JSON log has it.
  func tell(
    _ failure: Failure, heading: String = "error: ", log name: LogName? = nil, details: String? = nil
  ) {
    var fields: Logger.Metadata = [
      "exit_status": .stringConvertible(Double(failure.status.rawValue)), "status": "\(failure.status.word)",
    ]
    if let name { fields["log"] = "\(name)" }
    if let details { fields["details"] = "\(details)" }
    log(.error, failure.sentence, fields, text: TerminalText.line(heading + failure.sentence))
  }

  /// Writes a remark about the result to stderr.
  func tell(_ line: String) { log(.notice, line, text: TerminalText.lines(line)) }

  /// - Parameter text: The line for a text log.
  fileprivate func log(
    _ level: Logger.Level, _ message: String, _ fields: Logger.Metadata = [:], text: @autoclosure () -> String
  ) {
    clearProgress()
    let line =
      isLogJSON ? LogRecord(level, message, time: SystemClock().now, fields: fields).text : text()
    write(line + "\n", to: STDERR_FILENO)
  }

  /// A line of a text log.
  fileprivate static func line(_ level: Logger.Level, _ message: String) -> String {
    TerminalText.line("\(SystemClock().now.description.prefix(19))Z \(level.rawValue) \(message)")
  }

  /// Writes lines of a text log to stderr.
  fileprivate func logLines(_ lines: [String]) {
    clearProgress()
    write(lines.map { $0 + "\n" }.joined(), to: STDERR_FILENO)
  }

  /// Replaces the progress line. Does nothing if stderr is not a terminal.
  func progress(_ line: String) {
    guard showsProgress else { return }
    let visible = TerminalText.line(String(line.prefix(max(20, terminalWidth - 1))))
    hasProgressLine.withLock { hasLine in
      hasLine = true
      write("\r\u{1B}[K" + visible, to: STDERR_FILENO)
    }
  }

  private func clearProgress() {
    hasProgressLine.withLock { hasLine in
      if hasLine { write("\r\u{1B}[K", to: STDERR_FILENO) }
      hasLine = false
    }
  }

  private var terminalWidth: Int { columns(STDERR_FILENO) ?? 80 }

  /// nil if the descriptor is not a terminal.
  private func columns(_ descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// The style for results on stdout.
  func style(_ environment: [String: String]) -> TerminalStyle {
    TerminalStyle(environment, isTerminal: isatty(STDOUT_FILENO) == 1, columns: columns(STDOUT_FILENO))
  }

  /// - Returns: The error number (errno). nil on success.
  @discardableResult
  private func write(_ text: String, to descriptor: Int32) -> Int32? {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { systemWrite(descriptor, $0) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { return written < 0 ? errno : EIO }
      rest = rest.dropFirst(written)
    }
    return nil
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}

/// Collects the log lines of a log that runs beside others. They are written together when it ends, or once there are 200.
final class LogLines: Sendable {
  private let console: Console
  private let log: LogName
  private let lines = Mutex<[String]>([])

  init(_ console: Console, _ log: LogName) {
    self.console = console
    self.log = log
  }

  func logger(_ level: Logger.Level) -> Logger {
    var logger = Logger(label: "cloudsmith-audit-export") { [self] _ in
      ConsoleLogHandler(console: console, lines: self)
    }
    logger.logLevel = level
    return logger
  }

  /// Adds a line. It begins with the time; the name of the log comes after the level.
  fileprivate func add(_ level: Logger.Level, _ message: String) {
    let line = Console.line(level, "\(log): \(message)")
    let isFull = lines.withLock { lines in
      lines.append(line)
      return lines.count >= LogLines.most
    }
    if isFull { flush() }
  }

  func flush() {
    let taken = lines.withLock { lines in
      defer { lines = [] }
      return lines
    }
    if !taken.isEmpty { console.logLines(taken) }
  }

  private static let most = 200
}

/// Writes log lines: time, level and message. A JSON log also has the metadata.
private struct ConsoleLogHandler: LogHandler {
  let console: Console
  /// Where the lines are kept together. nil to write each at once.
  var lines: LogLines?
  var logLevel: Logger.Level = .info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    if let lines { return lines.add(event.level, "\(event.message)") }
    let fields = metadata.merging(event.metadata ?? [:]) { $1 }
    console.log(
      event.level, "\(event.message)", fields, text: Console.line(event.level, "\(event.message)"))
  }
}

/// A log line as a JSON object with `time`, `level`, `message`, `program` and the metadata.
struct LogRecord {
  let text: String

  init(_ level: Logger.Level, _ message: String, time: Timestamp, fields: Logger.Metadata = [:]) {
    var members = fields.mapValues(Value.init)
    members["time"] = .string(time.description)
    members["level"] = .string(level.rawValue)
    members["message"] = .string(message)
    members["program"] = .string("cloudsmith-audit-export")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      text = JSONText.escaped(String(decoding: try encoder.encode(members), as: UTF8.self))
    } catch {
      fatalError("cannot encode a log line as JSON: \(error)")
    }
  }

  private enum Value: Encodable {
    case string(String)
    case number(Double)

    init(_ value: Logger.MetadataValue) {
      if case .stringConvertible(let number as Double) = value, number.isFinite {
        self = .number(number)
      } else {
        self = .string("\(value)")
      }
    }

    func encode(to encoder: any Encoder) throws {
      var value = encoder.singleValueContainer()
      switch self {
      case .string(let text): try value.encode(text)
      case .number(let number):
        if let whole = Int(exactly: number) { try value.encode(whole) } else { try value.encode(number) }
      }
    }
  }
}
