/// A piece of HTML. Literals in the source are markup. Interpolated strings are text and are escaped: a string cannot become
/// markup.
struct Markup: ExpressibleByStringInterpolation, Sendable {
  fileprivate(set) var html: String

  init(stringLiteral markup: String) { html = markup }
  init(stringInterpolation parts: StringInterpolation) { html = parts.html }
  init(_ pieces: some Sequence<Markup>) { html = pieces.map(\.html).joined() }

  static func += (markup: inout Markup, more: Markup) { markup.html += more.html }

  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var html = ""

    init(literalCapacity: Int, interpolationCount: Int) { html.reserveCapacity(literalCapacity * 2) }

    mutating func appendLiteral(_ literal: String) { html += literal }
    mutating func appendInterpolation(_ markup: Markup) { html += markup.html }
    mutating func appendInterpolation(_ markup: some Sequence<Markup>) {
      for piece in markup { html += piece.html }
    }
    mutating func appendInterpolation(_ number: Int) { html += String(number) }

    /// A coordinate, rounded to a tenth.
    mutating func appendInterpolation(_ number: Double) {
      let tenths = Int((number * 10).rounded())
      html +=
        tenths % 10 == 0
        ? String(tenths / 10) : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }

    mutating func appendInterpolation(_ text: String) {
      for scalar in VisibleText.of(text, limit: Markup.longest).unicodeScalars {
        switch scalar {
        case "&": html += "&amp;"
        case "<": html += "&lt;"
        case ">": html += "&gt;"
        case "\"": html += "&quot;"
        case "'": html += "&#39;"
        default: html.unicodeScalars.append(scalar)
        }
      }
    }
  }

  /// The most Unicode scalars of one text that are shown.
  static let longest = 400

  /// Content that can be wider than the screen. It scrolls by itself, also with the keyboard.
  static func wide(_ label: String, _ body: Markup) -> Markup {
    """
    <div class="wide" tabindex="0" role="group" aria-label="\(label)">
    \(body)</div>
    """
  }
}
