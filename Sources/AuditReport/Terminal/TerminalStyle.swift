/// What a terminal can show: width, color and characters.
package struct TerminalStyle: Hashable, Sendable {
  /// Columns.
  package var width: Int
  /// Whether it can show color.
  package var isColored: Bool
  /// Whether it can show characters beyond ASCII.
  package var isUnicode: Bool

  package init(width: Int = 80, isColored: Bool = false, isUnicode: Bool = false) {
    self.width = width
    self.isColored = isColored
    self.isUnicode = isUnicode
  }

  /// Reads the environment as cloudsmith-cli does. `CLOUDSMITH_COLOR=always` or `never` decides about color. Without it, `NO_COLOR`,
  /// `CLOUDSMITH_FORCE_COLOR` and `TERM=dumb` decide, in this order, and then whether there is a terminal. `COLUMNS` takes precedence
  /// over the terminal's width. Characters beyond ASCII need a UTF-8 locale by the rules of POSIX (`LC_ALL`, `LC_CTYPE`, `LANG`).
  package init(_ environment: [String: String], isTerminal: Bool, columns: Int?) {
    func value(_ name: String) -> String? {
      environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    switch value("CLOUDSMITH_COLOR")?.lowercased() {
    case "always": isColored = true
    case "never": isColored = false
    default:
      isColored =
        value("NO_COLOR") != nil
        ? false
        : value("CLOUDSMITH_FORCE_COLOR") == "true" || isTerminal && value("TERM") != "dumb"
    }
    let asked = value("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    width = min(max(asked ?? columns ?? 80, 40), 240)
    let locale = value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? ""
    isUnicode = locale.uppercased().replacing("-", with: "").contains("UTF8")
  }

  enum Ink: String {
    case plain = ""
    case strong = "1"
    case faint = "2"
    case accent = "36"
    /// For problems.
    case alert = "1;31"
  }

  func paint(_ text: String, _ ink: Ink) -> String {
    isColored && ink != .plain && !text.isEmpty ? "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m" : text
  }

  func pick(_ unicode: String, _ ascii: String) -> String { isUnicode ? unicode : ascii }
}
