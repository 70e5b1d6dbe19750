/// A term on text, as the audit-log page of Cloudsmith's documentation writes it: `foo` anywhere, `^foo` at the
/// start, `foo$` at the end, `foo*bar` with anything between. Case does not matter.
package struct TextPattern: Sendable, Hashable {
  private var isAtStart: Bool
  private var isAtEnd: Bool
  private var parts: [[UInt8]]

  init(_ text: Substring) {
    var text = text
    self.isAtStart = text.first == "^"
    if isAtStart { text.removeFirst() }
    self.isAtEnd = text.last == "$"
    if isAtEnd { text.removeLast() }
    self.parts = text.split(separator: "*", omittingEmptySubsequences: false)
      .map { $0.utf8.map(TextPattern.folded) }
  }

  /// Whether the text, as it stands between the quotes of a JSON string, fits.
  func fits(_ text: ArraySlice<UInt8>) -> Bool {
    let text = text.map(TextPattern.folded)
    var position = 0
    for (index, part) in parts.enumerated() {
      let isFirst = index == 0
      if index == parts.count - 1, isAtEnd {
        let start = text.count - part.count
        return start >= position && text[start...].elementsEqual(part) && !(isFirst && isAtStart && start > 0)
      }
      guard let start = TextPattern.find(part, in: text, from: position) else { return false }
      if isFirst, isAtStart, start != 0 { return false }
      position = start + part.count
    }
    return true
  }

  private static func find(_ part: [UInt8], in text: [UInt8], from position: Int) -> Int? {
    guard position + part.count <= text.count else { return nil }
    return (position...(text.count - part.count)).first { text[$0..<$0 + part.count].elementsEqual(part) }
  }

  private static func folded(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
}
