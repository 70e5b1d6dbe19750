/// Makes almost valid input for fuzzing: an input of a corpus with a few random changes.
///
/// It knows no format except words and lines. `tokens` adds the tokens of a format.
package struct Mutator: Sendable {
  private let corpus: [[UInt8]]
  private let tokens: [[UInt8]]

  private let longest: Int

  /// - Parameters:
  ///   - corpus: valid inputs; at least one.
  ///   - tokens: texts to insert, in addition to those that are difficult in any format.
  ///   - longest: the maximum length of a mutant, in bytes.
  package init(corpus: [[UInt8]], tokens: [[UInt8]] = [], longest: Int) {
    precondition(!corpus.isEmpty)
    self.longest = longest
    self.corpus = corpus
    self.tokens = Mutator.tokens + tokens
  }

  /// The next mutant. Equal random numbers give equal mutants.
  package func mutant(_ random: inout SeededRandom) -> [UInt8] {
    var bytes = random.pick(corpus)
    repeat {
      mutate(&bytes, &random)
      if bytes.count > longest { bytes.removeLast(bytes.count - longest) }
    } while random.once(in: 2)
    return bytes
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
    let range = Mutator.range(of: bytes, &random)
    let start = range.lowerBound
    switch Int.random(in: 0..<14, using: &random) {
    case 0 where start < bytes.count: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1 where start < bytes.count: bytes[start] = UInt8.random(in: 0...255, using: &random)
    case 2 where start < bytes.count: bytes[start] &+= random.once(in: 2) ? 1 : 255
    case 3: bytes.insert(contentsOf: random.pick(tokens), at: start)
    case 4: bytes.replaceSubrange(range, with: random.pick(tokens))
    case 5: bytes.removeSubrange(range)
    case 6: bytes.insert(contentsOf: bytes[range], at: Int.random(in: 0...bytes.count, using: &random))
    case 7:
      // A thing repeated up to 65,536 times: nesting, long numbers, long names.
      let piece = random.once(in: 2) ? Array(bytes[range.prefix(3)]) : random.pick(tokens)
      let times = 1 << Int.random(in: 1...16, using: &random)
      let fitting = longest / max(1, piece.count)
      let repeated = repeatElement(piece, count: min(times, fitting)).flatMap(\.self)
      bytes.insert(contentsOf: repeated, at: start)
    case 8: bytes.removeSubrange(start...)
    case 9:
      let other = random.pick(corpus)
      bytes.replaceSubrange(start..., with: other[Int.random(in: 0...other.count, using: &random)...])
    case 10, 11:
      let word = Mutator.word(of: bytes, at: start)
      let other = random.pick(corpus)
      let place = Int.random(in: 0...other.count, using: &random)
      bytes.replaceSubrange(
        word,
        with: random.once(in: 2) ? random.pick(tokens) : Array(other[Mutator.word(of: other, at: place)]))
    default: mutateLines(&bytes, &random)
    }
  }

  /// Removes, repeats or swaps a line.
  private func mutateLines(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    let index = Int.random(in: 0..<lines.count, using: &random)
    switch Int.random(in: 0..<3, using: &random) {
    case 0: lines.remove(at: index)
    case 1: lines.insert(lines[index], at: index)
    default: lines.swapAt(index, Int.random(in: 0..<lines.count, using: &random))
    }
    bytes = Array(lines.joined(separator: CollectionOfOne(UInt8(ascii: "\n"))))
  }

  /// A random range, mostly short.
  private static func range(of bytes: [UInt8], _ random: inout SeededRandom) -> Range<Int> {
    let start = Int.random(in: 0...bytes.count, using: &random)
    let length = Int.random(in: 0...(1 << Int.random(in: 0...8, using: &random)), using: &random)
    return start..<min(bytes.count, start + length)
  }

  /// The word around the byte at `position`: a name, number or time. Empty between words.
  private static func word(of bytes: [UInt8], at position: Int) -> Range<Int> {
    let isWordByte = { (byte: UInt8) in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "+"), UInt8(ascii: ":"):
        true
      default: false
      }
    }
    let start = bytes[..<position].lastIndex { !isWordByte($0) }.map { $0 + 1 } ?? 0
    let end = bytes[position...].firstIndex { !isWordByte($0) } ?? bytes.count
    return start..<end
  }

  /// Texts that are difficult for parsers of any format.
  private static let tokens: [[UInt8]] =
    [
      "", "0", "-0", "1", "-1", "00", "+1", "0x10", "1e5", "1e308", "1e309", "-1e999999999", "1e-999999999",
      "nan",
      "inf", "0.1", ".5", "5.", "2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807",
      "9223372036854775808", "-9223372036854775808", "18446744073709551615", "99999999999999999999999999",
      "\"", "\"\"", "'", "\\", "\\\\", "\\\"", "\\u0000", "\\u0022", "\\ud83d", "\\ude00", "\\ud83d\\ude00",
      "\\uDEAD",
      "\\n", "\\/", "/", ",", ":", ";", "=", "#", "%", "%00", "&", "{", "}", "[", "]", "{}", "[]", "[[[[[[[[",
      "{\"a\":", "null", "true", "false", "\0", "\u{1}", "\t", " ", "\n", "\r", "\r\n", "\n\n", "\u{7f}", "é",
      "e\u{301}", "\u{2028}", "\u{feff}", "😀", "0000-00-00", "0001-01-01", "9999-12-31", "2024-02-29",
      "2023-02-29",
      "2024-02-12T10:30:45.123456Z", "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z",
      "T24:00:00Z",
      ":60Z", "+23:59", "-00:00", "../", "..", "\u{212a}",
    ].map { Array($0.utf8) } + [
      [0xff], [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80],
      [0xf0, 0x80, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80], [0xfe, 0xff], [0xef, 0xbb, 0xbf], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff],
    ]
}
