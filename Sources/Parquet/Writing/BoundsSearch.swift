/// Finds the least and the greatest value of each page of a column, and of the chunk.
///
/// It refers to values by their entry in the column's table, and to timestamps by their index. Source of the rules for NaN and
/// zero: parquet-format, parquet.thrift, "ColumnOrder", TYPE_ORDER.
struct BoundsSearch {
  /// The longest bound of text, in bytes; longer text is truncated.
  static let textLimit = 64

  private struct Extremes {
    var least: Int
    var most: Int
  }

  private let kind: ParquetColumn.Kind
  private let table: ValueTable
  private let timestamps: [Int64]
  /// How often the current page holds each entry of a dictionary, so that a page compares each entry once. All zero between
  /// pages.
  private var times: [UInt32]
  /// The bytes of text in the last page.
  private(set) var textBytes = 0
  private var chunk: Extremes?
  private var nans = 0

  init(_ values: ParquetColumnValues) {
    kind = values.column.kind
    table = values.table
    timestamps = values.times
    times = Array(repeating: 0, count: table.isDictionary ? table.entries : 0)
  }

  /// Return the statistics of the next page, which holds the values with these numbers.
  mutating func page(_ range: Range<Int>, nulls: Int) -> ParquetStatistics {
    var extremes: Extremes?
    var pageNaNs = 0
    textBytes = 0
    if kind == .timestamp {
      for index in range { widen(&extremes, by: index) }
    } else if times.isEmpty {
      for index in range { look(at: Int(table.ids[index]), 1, &extremes, &pageNaNs) }
    } else {
      for index in range { times[Int(table.ids[index])] += 1 }
      for entry in times.indices where times[entry] > 0 {
        look(at: entry, Int(times[entry]), &extremes, &pageNaNs)
        times[entry] = 0
      }
    }
    nans += pageNaNs
    if let extremes {
      widen(&chunk, by: extremes.least)
      widen(&chunk, by: extremes.most)
    }
    return statistics(extremes, nulls: nulls, nans: pageNaNs)
  }

  /// Count an entry that occurs this many times in the page.
  @inline(__always)
  private mutating func look(at entry: Int, _ times: Int, _ extremes: inout Extremes?, _ nans: inout Int) {
    switch kind {
    case .double where number(entry).isNaN: nans += times
    case .text, .binary:
      textBytes += times * table.range(entry).count
      widen(&extremes, by: entry)
    default: widen(&extremes, by: entry)
    }
  }

  /// Return the statistics of all pages so far.
  func whole(nulls: Int) -> ParquetStatistics { statistics(chunk, nulls: nulls, nans: nans) }

  @inline(__always)
  private func widen(_ extremes: inout Extremes?, by value: Int) {
    guard var bounds = extremes else {
      extremes = Extremes(least: value, most: value)
      return
    }
    if precedes(value, bounds.least) {
      bounds.least = value
    } else if precedes(bounds.most, value) {
      bounds.most = value
    } else {
      return
    }
    extremes = bounds
  }

  @inline(__always)
  private func precedes(_ one: Int, _ other: Int) -> Bool {
    switch kind {
    case .timestamp: timestamps[one] < timestamps[other]
    case .double: number(one) < number(other)
    case .boolean, .int32, .int64: integer(one) < integer(other)
    case .text, .binary:
      table.bytes.span.bytes.extracting(table.range(one))
        .compare(table.bytes.span.bytes.extracting(table.range(other))) < 0
    }
  }

  private func number(_ entry: Int) -> Double {
    let bits = table.bytes.span.bytes.unsafeLoadUnaligned(
      fromByteOffset: table.range(entry).lowerBound, as: UInt64.self)
    return Double(bitPattern: UInt64(littleEndian: bits))
  }

  /// A boolean or an integer.
  private func integer(_ entry: Int) -> Int64 {
    let bytes = table.bytes.span.bytes
    let offset = table.range(entry).lowerBound
    switch kind {
    case .boolean: return Int64(bytes[offset])
    case .int32:
      return Int64(Int32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Int32.self)))
    default: return Int64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Int64.self))
    }
  }

  private func statistics(_ extremes: Extremes?, nulls: Int, nans: Int) -> ParquetStatistics {
    ParquetStatistics(
      nulls: nulls, nans: kind == .double ? nans : nil, bounds: extremes.map(bounds))
  }

  private func bounds(_ extremes: Extremes) -> ParquetBounds {
    switch kind {
    case .timestamp:
      return ParquetBounds(
        least: BoundsSearch.bytes(UInt64(bitPattern: timestamps[extremes.least])),
        most: BoundsSearch.bytes(UInt64(bitPattern: timestamps[extremes.most])))
    case .double:
      let (least, most) = (number(extremes.least), number(extremes.most))
      return ParquetBounds(
        least: BoundsSearch.bytes((least == 0 ? -0.0 : least).bitPattern),
        most: BoundsSearch.bytes((most == 0 ? 0.0 : most).bitPattern))
    case .boolean, .int32, .int64:
      // The same bytes as in a page.
      return ParquetBounds(
        least: Array(table.bytes[table.range(extremes.least)]),
        most: Array(table.bytes[table.range(extremes.most)]))
    case .text, .binary:
      let least = Array(table.bytes[table.range(extremes.least)])
      let most = Array(table.bytes[table.range(extremes.most)])
      let isText = kind == .text
      let floor = isText ? TextBound.floor(least) : BinaryBound.floor(least)
      let ceiling = isText ? TextBound.ceiling(most) : BinaryBound.ceiling(most)
      return ParquetBounds(
        least: floor, most: ceiling, isLeastExact: floor.count == least.count,
        isMostExact: ceiling == most)
    }
  }

  private static func bytes(_ word: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: word)
    return bytes
  }
}

/// Truncates long text to a lower or upper bound that is still UTF-8.
///
/// Source: parquet-format, parquet.thrift, "Statistics", min_value and max_value.
enum TextBound {
  /// Return a prefix of the text, which does not sort after it.
  static func floor(_ text: [UInt8]) -> [UInt8] {
    Array(text.prefix(cut(text)))
  }

  /// Return a text that does not sort before it: a prefix with its last character incremented, or the text itself if there is none.
  static func ceiling(_ text: [UInt8]) -> [UInt8] {
    let cut = cut(text)
    guard cut < text.count else { return text }
    var scalars = Array(String(decoding: text[..<cut], as: UTF8.self).unicodeScalars)
    while let last = scalars.popLast() {
      // UTF-8 sorts in code point order. U+D800 to U+DFFF are surrogates, not characters.
      let next = last.value == 0xd7ff ? 0xe000 : last.value + 1
      guard let raised = Unicode.Scalar(next) else { continue }
      var view = String.UnicodeScalarView()
      view.append(contentsOf: scalars)
      view.append(raised)
      return Array(String(view).utf8)
    }
    return text
  }

  /// The length to truncate a text to: the start of a character, or the whole length.
  private static func cut(_ text: [UInt8]) -> Int {
    guard text.count > BoundsSearch.textLimit else { return text.count }
    var cut = BoundsSearch.textLimit
    while cut > 0, text[cut] & 0xc0 == 0x80 { cut -= 1 }
    return cut > 0 ? cut : text.count
  }
}

/// Truncates long binary values to a lower or upper bound.
enum BinaryBound {
  /// Return a prefix of the bytes, which does not sort after them.
  static func floor(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.prefix(BoundsSearch.textLimit)) }

  /// Return bytes that do not sort before these: a prefix with its last byte incremented, or the bytes themselves if there is none.
  static func ceiling(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count > BoundsSearch.textLimit else { return bytes }
    var prefix = bytes.prefix(BoundsSearch.textLimit)
    while let last = prefix.popLast() {
      if last < 0xff { return Array(prefix) + [last + 1] }
    }
    return bytes
  }
}
