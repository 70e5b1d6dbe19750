import AuditRecord
import AuditReport
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import Logging
import Platform
import Synchronization

/// The one that speaks: the answer on stdout, log and progress on stderr.
final class Console: Sendable {
  let showsProgress: Bool
  let isQuiet: Bool
  let isLogJSON: Bool
  private let hasProgressLine = Mutex(false)
  private let answerError = Mutex<Int32?>(nil)

  /// - Parameters:
  ///   - isQuiet: nothing on stderr but warnings and errors.
  ///   - isLogJSON: every line on stderr is a JSON object.
  init(isQuiet: Bool, isLogJSON: Bool = false) {
    self.isQuiet = isQuiet
    self.isLogJSON = isLogJSON
    showsProgress = !isQuiet && !isLogJSON && isatty(STDERR_FILENO) == 1
  }

  /// For what is said before the options are read, or about options that cannot be read: the form of the log is looked for in the
  /// words of the command line, then in the environment.
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

  /// - Parameter isColoured: the text sets colours.
  func answer(_ text: String, isColoured: Bool = false) {
    clearProgress()
    writeAnswer(TerminalText.lines(text, keepsColour: isColoured) + "\n")
  }

  private func writeAnswer(_ text: String) {
    let code = write(text, to: STDOUT_FILENO)
    // Whoever closed the pipe has read enough.
    if let code, code != EPIPE { answerError.withLock { $0 = $0 ?? code } }
  }

  /// That the answer could not be written; nil when all is well.
  var answerFailure: Failure? {
    answerError.withLock(\.self).map { code in
      Failure(
        status: .storage,
        sentence: """
          The answer could not be written to stdout: \(String(cString: strerror(code))). What the command did is done; look \
          at the archive with status, or make room where stdout goes and run it again.
          """)
    }
  }

  /// For programs that read line by line: nothing at all when there is none.
  func answer(lines: [String]) {
    clearProgress()
    writeAnswer(lines.map { $0 + "\n" }.joined())
  }

  /// The sentence with which the program ends; `heading` stands before it where the log is not in JSON.
  ///
  /// - Parameters:
  ///   - log: the one that it is about.
  ///   - details: an answer that is not on stdout; for a log in JSON.
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

  /// A remark that belongs to the answer.
  func tell(_ line: String) { log(.notice, line, text: TerminalText.lines(line)) }

  /// - Parameter text: the line where the log is not in JSON.
  fileprivate func log(
    _ level: Logger.Level, _ message: String, _ fields: Logger.Metadata = [:], text: @autoclosure () -> String
  ) {
    clearProgress()
    let line =
      isLogJSON ? JSONLogLine(level, message, time: SystemClock().now, fields: fields).text : text()
    write(line + "\n", to: STDERR_FILENO)
  }

  /// Writes over the progress line; nothing when stderr is not a terminal.
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

  /// nil when there is no terminal.
  private func columns(_ descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// How an answer on stdout may look.
  func style(_ environment: [String: String]) -> TerminalStyle {
    TerminalStyle(environment, isTerminal: isatty(STDOUT_FILENO) == 1, columns: columns(STDOUT_FILENO))
  }

  /// The system's number for what went wrong; nil when nothing did.
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

/// Log lines: time, level, message; in JSON also what belongs to them besides.
private struct ConsoleLogHandler: LogHandler {
  let console: Console
  var logLevel: Logger.Level = .info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = metadata.merging(event.metadata ?? [:]) { $1 }
    console.log(
      event.level, "\(event.message)", fields,
      text: TerminalText.line(
        "\(SystemClock().now.description.prefix(19))Z \(event.level.rawValue) \(event.message)"))
  }
}

/// One line of log as one JSON object: `time`, `level`, `message`, `program`, and whatever belongs to the line besides.
struct JSONLogLine {
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
      fatalError("a line of log has no JSON form: \(error)")
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
