/// The order in which the bounds of a chunk's pages stand: `BoundaryOrder` of parquet-format.
enum BoundaryOrder: Int {
  case unordered = 0
  case ascending = 1
  case descending = 2

  init(of bounds: [ParquetBounds], _ kind: ParquetColumn.Kind) {
    let pairs = zip(bounds, bounds.dropFirst())
    let isSame: (Int) -> Bool = { sign in
      pairs.allSatisfy { one, next in
        sign * kind.compare(one.least, next.least) <= 0 && sign * kind.compare(one.most, next.most) <= 0
      }
    }
    self = isSame(1) ? .ascending : isSame(-1) ? .descending : .unordered
  }
}

extension ParquetColumn.Kind {
  /// The order of two bounds as they are written: below, at or above 0.
  fileprivate func compare(_ one: [UInt8], _ other: [UInt8]) -> Int {
    switch self {
    case .text: one.span.bytes.compare(other.span.bytes)
    case .timestamp: sign(Int64(bitPattern: one.littleEndianWord), Int64(bitPattern: other.littleEndianWord))
    case .double: sign(Double(bitPattern: one.littleEndianWord), Double(bitPattern: other.littleEndianWord))
    }
  }

  private func sign<Value: Comparable>(_ one: Value, _ other: Value) -> Int {
    one < other ? -1 : one > other ? 1 : 0
  }
}

extension [UInt8] {
  fileprivate var littleEndianWord: UInt64 { reversed().reduce(0) { $0 << 8 | UInt64($1) } }
}

/// The least and the greatest of a column's values, page by page, and of the chunk.
///
/// Values are named by their entry in the column's table; times by their index. Source of the rules for NaN and zero:
/// parquet-format, parquet.thrift, "ColumnOrder", TYPE_ORDER.
struct BoundsSearch {
  /// Text of more bytes is cut.
  static let textLimit = 64

  private struct Extremes {
    var least: Int
    var most: Int
  }

  private let values: ParquetColumnValues
  /// How often each entry of a dictionary is in the page in hand, so that a page looks at each once; zeros between pages.
  private var times: [UInt32]
  /// The bytes of the texts of the page that was looked at last.
  private(set) var textBytes = 0
  private var chunk: Extremes?
  private var nans = 0

  init(_ values: ParquetColumnValues) {
    self.values = values
    times = Array(repeating: 0, count: values.table.isDictionary ? values.table.entries : 0)
  }

  /// The statistics of the next page, which holds these of the values that are not NULL.
  mutating func page(_ range: Range<Int>, nulls: Int) -> ParquetStatistics {
    var extremes: Extremes?
    var pageNaNs = 0
    textBytes = 0
    if values.column.kind == .timestamp {
      for index in range { widen(&extremes, by: index) }
    } else if times.isEmpty {
      for index in range { look(at: Int(values.table.ids[index]), 1, &extremes, &pageNaNs) }
    } else {
      for index in range { times[Int(values.table.ids[index])] += 1 }
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

  /// Takes note of an entry that is in the page so many times.
  @inline(__always)
  private mutating func look(at entry: Int, _ times: Int, _ extremes: inout Extremes?, _ nans: inout Int) {
    switch values.column.kind {
    case .double where number(entry).isNaN: nans += times
    case .text:
      textBytes += times * values.table.range(entry).count
      widen(&extremes, by: entry)
    default: widen(&extremes, by: entry)
    }
  }

  /// The statistics of all pages so far.
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
    switch values.column.kind {
    case .timestamp: values.times[one] < values.times[other]
    case .double: number(one) < number(other)
    case .text:
      values.table.bytes.span.bytes.extracting(values.table.range(one))
        .compare(values.table.bytes.span.bytes.extracting(values.table.range(other))) < 0
    }
  }

  private func number(_ entry: Int) -> Double {
    let bits = values.table.bytes.span.bytes.unsafeLoadUnaligned(
      fromByteOffset: values.table.range(entry).lowerBound, as: UInt64.self)
    return Double(bitPattern: UInt64(littleEndian: bits))
  }

  private func statistics(_ extremes: Extremes?, nulls: Int, nans: Int) -> ParquetStatistics {
    ParquetStatistics(
      nulls: nulls, nans: values.column.kind == .double ? nans : nil, bounds: extremes.map(bounds))
  }

  private func bounds(_ extremes: Extremes) -> ParquetBounds {
    switch values.column.kind {
    case .timestamp:
      return ParquetBounds(
        least: BoundsSearch.bytes(UInt64(bitPattern: values.times[extremes.least])),
        most: BoundsSearch.bytes(UInt64(bitPattern: values.times[extremes.most])))
    case .double:
      let (least, most) = (number(extremes.least), number(extremes.most))
      return ParquetBounds(
        least: BoundsSearch.bytes((least == 0 ? -0.0 : least).bitPattern),
        most: BoundsSearch.bytes((most == 0 ? 0.0 : most).bitPattern))
    case .text:
      let least = Array(values.table.bytes[values.table.range(extremes.least)])
      let most = Array(values.table.bytes[values.table.range(extremes.most)])
      let (floor, ceiling) = (TextBound.floor(least), TextBound.ceiling(most))
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

/// Bounds of long text, cut so that they are still bounds, and still UTF-8.
///
/// Source: parquet-format, parquet.thrift, "Statistics", min_value and max_value.
enum TextBound {
  /// The text's beginning, which does not sort behind it.
  static func floor(_ text: [UInt8]) -> [UInt8] {
    Array(text.prefix(cut(text)))
  }

  /// A text that does not sort before it: its beginning with the last character raised, where that can be done.
  static func ceiling(_ text: [UInt8]) -> [UInt8] {
    let cut = cut(text)
    guard cut < text.count else { return text }
    var scalars = Array(String(decoding: text[..<cut], as: UTF8.self).unicodeScalars)
    while let last = scalars.popLast() {
      // UTF-8 sorts as its code points do. Behind U+D7FF come the surrogates, which are none.
      let next = last.value == 0xd7ff ? 0xe000 : last.value + 1
      guard let raised = Unicode.Scalar(next) else { continue }
      var view = String.UnicodeScalarView()
      view.append(contentsOf: scalars)
      view.append(raised)
      return Array(String(view).utf8)
    }
    return text
  }

  /// Where a text is cut: at the beginning of a character, or not at all.
  private static func cut(_ text: [UInt8]) -> Int {
    guard text.count > BoundsSearch.textLimit else { return text.count }
    var cut = BoundsSearch.textLimit
    while cut > 0, text[cut] & 0xc0 == 0x80 { cut -= 1 }
    return cut > 0 ? cut : text.count
  }
}
