package import AuditRecord
package import ExportConfiguration
import Platform

/// JSON output: indented, with sorted keys in snake case.
package enum JSONText {
  /// - Precondition: Encoding does not throw, as for every result of a command.
  package static func of(_ value: some Encodable) -> String { text(value, .prettyPrinted) }

  /// On one line, for JSON Lines.
  ///
  /// - Precondition: Encoding does not throw, as for every result of a command.
  package static func line(of value: some Encodable) -> String { text(value, []) }

  private static func text(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting) -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, formatting]
    do {
      return escaped(String(decoding: try encoder.encode(value), as: UTF8.self))
    } catch {
      fatalError("cannot encode a result as JSON: \(error)")
    }
  }

  /// Escapes characters that the encoder leaves alone and that a terminal would interpret. They occur only inside strings.
  package static func escaped(_ json: String) -> String {
    guard json.unicodeScalars.contains(where: { !TerminalText.isSafe($0) && $0 != "\n" }) else { return json }
    return json.unicodeScalars.map { scalar in
      guard !TerminalText.isSafe(scalar), scalar != "\n" else { return String(scalar) }
      return String(scalar).utf16.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }.joined()
    }.joined()
  }
}

/// The result of a command, with one form for people and one for programs.
package protocol CommandResult {
  /// The exit status for this log. By default, that of the failure, or `done`.
  var status: ExitStatus { get }
  /// What went wrong, for stderr. nil if the text says everything.
  var failure: Failure? { get }
  /// The form for people, on stdout. No newline at the end.
  var text: String { get }
  /// The JSON form. Its keys are written in snake case and sorted.
  var document: any Encodable { get }
  /// Whether the text contains color sequences.
  var isColored: Bool { get }
  /// What a person should act on although the command succeeded. The text contains it. If no text is printed, it is logged.
  var warnings: [String] { get }
  /// Counts for the summary of a job with many logs. The name says what is counted, such as `events received`. A command
  /// always has the same ones in the same order.
  var figures: [(name: String, count: Int)] { get }
}

extension CommandResult {
  package var status: ExitStatus { failure?.status ?? .done }
  package var failure: Failure? { nil }
  package var isColored: Bool { false }
  package var warnings: [String] { [] }
  package var figures: [(name: String, count: Int)] { [] }
  /// The JSON form as text.
  package var json: String { JSONText.of(document) }
}

/// What `--output-format json` prints for a command that failed before it had a result.
package struct FailureResult: Encodable {
  package var status: String
  /// The exit status of the program.
  package var exitStatus: Int32
  /// The sentences of the failure.
  package var message: String
  /// The log. Only with a job file.
  package var source: String?

  package init(_ failure: Failure, log: LogName? = nil) {
    status = failure.status.word
    exitStatus = failure.status.rawValue
    message = failure.sentence
    source = log?.description
  }
}

/// A window in a JSON document.
package struct WindowText: Encodable {
  package var from: String
  package var to: String

  /// RFC 3339, with microseconds.
  package init(_ window: Window) {
    from = window.from.description
    to = window.to.description
  }
}
