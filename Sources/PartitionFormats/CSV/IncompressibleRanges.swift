private import Platform

/// Finds the random digits in the text of rows: the `uuid`, and the fraction of the second of `event_at` after it.
///
/// They are a sixth of the text and a third of the gzip file. A search for matches in them finds only accidental ones, which waste
/// time and space (`Gzip.compress`).
package enum IncompressibleRanges {
  /// Return the ranges in complete rows of a part, in ascending order.
  ///
  /// A row whose `uuid` is not random (version 4, RFC 9562 §5.4) has none: consecutive UUIDs of other versions share a prefix. A line
  /// inside a quoted field that looks like the start of a row does no harm.
  package static func find(in text: Span<UInt8>) -> [Range<Int>] {
    var places: [Range<Int>] = []
    places.reserveCapacity(2 * text.count / typicalRow)
    text.withUnsafeBufferPointer { text in
      var row = 0
      while row + beginning <= text.count {
        if looksLikeRow(text, at: row) {
          places.append(row..<row + uuid)
          places.append(row + fraction.lowerBound..<row + fraction.upperBound)
        }
        guard let end = endOfLine(text, from: row) else { break }
        row = end + 1
      }
    }
    return places
  }

  private static let typicalRow = 256
  private static let uuid = 36
  private static let version = 14
  private static let fraction = 57..<63
  /// `uuid,2024-02-12T10:30:45.123456Z,`
  private static let beginning = 65

  private static func looksLikeRow(_ text: UnsafeBufferPointer<UInt8>, at row: Int) -> Bool {
    [8, 13, 18, 23].allSatisfy { text[row + $0] == UInt8(ascii: "-") }
      && text[row + version] == UInt8(ascii: "4")
      && text[row + uuid] == UInt8(ascii: ",")
      && text[row + fraction.lowerBound - 1] == UInt8(ascii: ".")
      && text[row + fraction.upperBound] == UInt8(ascii: "Z")
  }

  private static func endOfLine(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    guard let base = text.baseAddress,
      let found = memchr(base + start, Int32(UInt8(ascii: "\n")), text.count - start)
    else { return nil }
    return UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - base
  }
}
