/// Text of anybody's, as it can be shown: what would be invisible, or would make what stands around it look otherwise, is
/// written out as `⟨U+202E⟩`.
package enum VisibleText {
  /// At most `limit` characters (Unicode scalars) of a value are shown.
  package static func of(_ text: String, limit: Int = 120) -> String {
    var shown = String.UnicodeScalarView()
    var marks = 0
    var count = 0
    for scalar in text.unicodeScalars {
      guard count < limit else { return String(shown) + "…" }
      count += 1
      marks = scalar.properties.generalCategory == .nonspacingMark ? marks + 1 : 0
      // A heap of marks on one letter would cover the lines above and below.
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
