package import AuditRecord

/// Untrusted text, made safe to show. Characters that are invisible, or that change how their surroundings look, are written as
/// `⟨U+202E⟩`.
package enum VisibleText {
  /// - Parameter limit: The most Unicode scalars to show. Longer text is cut and ends with `…`.
  package static func of(_ text: String, limit: Int = 120) -> String {
    var shown = String.UnicodeScalarView()
    var marks = 0
    var count = 0
    for scalar in text.unicodeScalars {
      guard count < limit else { return String(shown) + "…" }
      count += 1
      marks = scalar.properties.generalCategory == .nonspacingMark ? marks + 1 : 0
      // Many combining marks on one letter would cover the lines above and below.
      if isPlain(scalar), marks <= 3 {
        shown.append(scalar)
      } else {
        let number = String(scalar.value, radix: 16, uppercase: true)
        shown.append(
          contentsOf: "⟨U+\(String(repeating: "0", count: max(0, 4 - number.count)))\(number)⟩".unicodeScalars
        )
      }
    }
    return String(shown)
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value >= 0x20, scalar.value < 0x7F { return true }
    guard !scalar.properties.isDefaultIgnorableCodePoint else { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator,
      .paragraphSeparator:
      return false
    default: return true
    }
  }
}

extension TimeSpan {
  /// The span in at most two units, for people: `41s`, `12m 5s`, `3h 20m`, `2d 4h`, `1,011d`.
  package var words: String {
    let seconds = Int((self.seconds).rounded())
    guard seconds >= 0 else { return "-" + TimeSpan(microseconds: -microseconds).words }
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400)
    func two(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
      "\(large)\(largeUnit)" + (small == 0 ? "" : " \(small)\(smallUnit)")
    }
    if minutes == 0 { return "\(seconds)s" }
    if hours == 0 { return two(minutes, "m", seconds % 60, "s") }
    if days == 0 { return two(hours, "h", minutes % 60, "m") }
    return days < 100 ? two(days, "d", hours % 24, "h") : "\(days.grouped)d"
  }
}

func padded(_ number: Int, _ digits: Int) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// The text, padded with spaces on its right to `width` characters.
package func left(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

/// The text, padded with spaces on its left to `width` characters.
package func right(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
