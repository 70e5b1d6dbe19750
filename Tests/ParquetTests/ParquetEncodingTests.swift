import TestSupport
import Testing

@testable import Parquet

@Suite struct `Parquet's encodings` {
  @Test func `Thrift structures are written in the compact protocol and read back`() throws {
    var thrift = ThriftWriter()
    thrift.structure { thrift in
      thrift.int32(1, 1)
      thrift.binary(3, "ab".utf8)
      thrift.bool(20, true)
      thrift.list(21, of: .int64, [-1, 300]) { $0.integer($1) }
      thrift.structure(22) { $0.bool(1, false) }
      thrift.list(23, of: .yes, Array(repeating: true, count: 15)) { $0.bool($1) }
    }
    let bytes: [UInt8] =
      [0x15, 2, 0x28, 2, 0x61, 0x62, 0x01, 0x28, 0x19, 0x26, 1, 0xd8, 4, 0x1c, 0x12, 0, 0x19, 0xf1, 15]
      + Array(repeating: 1, count: 15) + [0]
    #expect(thrift.bytes == bytes)
    var reader = ThriftReader(bytes, at: 0..<bytes.count)
    try reader.skip(.structure)
    #expect(reader.position == bytes.count)
    for length in bytes.indices {
      var cut = ThriftReader(bytes, at: 0..<length)
      #expect(throws: ThriftError.truncated) { try cut.skip(.structure) }
    }
    let deep = Array(repeating: 0x1c as UInt8, count: 1_000)
    var tooDeep = ThriftReader(deep, at: 0..<deep.count)
    #expect(throws: ThriftError.tooDeep) { try tooDeep.skip(.structure) }
  }

  private func hybrid(_ values: [UInt32], width: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    HybridRuns.append(values.span, width: width, to: &bytes)
    return bytes
  }

  @Test func `runs and packed groups match the examples of the format`() {
    let counting = (0..<8).map { UInt32($0) }
    #expect(hybrid(counting, width: 3) == [3, 0x88, 0xc6, 0xfa])
    #expect(hybrid(Array(repeating: 4, count: 100), width: 3) == [0xc8, 1, 4])
    #expect(hybrid(counting + Array(repeating: 5, count: 9), width: 3) == [3, 0x88, 0xc6, 0xfa, 18, 5])
    // A run that begins inside a group is packed until the group ends.
    #expect(hybrid([1] + Array(repeating: 2, count: 9), width: 2) == [3, 0xa9, 0xaa, 4, 2])
    #expect(hybrid(Array(repeating: 0x12345, count: 8), width: 17) == [16, 0x45, 0x23, 1])
    #expect(hybrid([], width: 1).isEmpty)
    #expect(hybrid([1, 0, 1], width: 1) == [3, 0b101])
  }

  @Test func `values of every width and count are read back exactly`() throws {
    var random = SeededRandom(seed: 51)
    for width in 1...32 {
      for count in [0, 1, 7, 8, 9, 100] {
        let mask = UInt32.max >> UInt32(32 - width)
        var values: [UInt32] = []
        while values.count < count {
          let value = UInt32(truncatingIfNeeded: random.next()) & mask
          values += Array(repeating: value, count: Int(random.next() % 12) + 1)
        }
        values = Array(values.prefix(count))
        let bytes = hybrid(values, width: width)
        let limit = UInt64(mask) + 1
        #expect(
          HybridRuns.read(bytes, at: 0..<bytes.count, width: width, count: count, below: limit) == values)
        for other in [bytes.count - 1, bytes.count + 1] where other >= 0 && count > 0 {
          let found = HybridRuns.read(bytes + [0], at: 0..<other, width: width, count: count, below: limit)
          #expect(found == nil)
        }
      }
    }
  }

  private func delta(_ values: [Int64]) -> [UInt8] {
    var bytes: [UInt8] = []
    DeltaBinaryPacking.append(values.span, to: &bytes)
    return bytes
  }

  @Test func `delta encoding matches the examples of the format`() {
    #expect(delta([]) == [0x80, 1, 4, 0, 0])
    #expect(delta([1, 2, 3, 4, 5]) == [0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0])
    let packed: [UInt8] = [0xc0, 0x3f, 0, 0, 0, 0, 0, 0]
    #expect(delta([7, 5, 3, 1, 2, 3, 4, 5]) == [0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0] + packed)
  }

  @Test func `deltas of every width are read back, including overflows`() {
    var random = SeededRandom(seed: 52)
    for width in 0...64 {
      for count in [1, 2, 32, 33, 34, 128, 129, 130, 300] {
        let values = (0..<count).map { _ in
          width == 0 ? Int64(-5) : Int64(bitPattern: random.next() >> UInt64(64 - width))
        }
        let bytes = delta(values)
        var position = 0
        let found = DeltaBinaryPacking.read(bytes, at: &position, before: bytes.count, count: count)
        #expect(found == values && position == bytes.count, "width \(width), \(count) values")
        position = 0
        #expect(
          DeltaBinaryPacking.read(bytes, at: &position, before: bytes.count - 1, count: count) == nil)
      }
    }
    let extremes = delta([.min, .max, .min, 0, .max])
    var position = 0
    #expect(
      DeltaBinaryPacking.read(extremes, at: &position, before: extremes.count, count: 5)
        == [.min, .max, .min, 0, .max])
  }

  private func encoded(_ values: ParquetColumnValues, _ encoding: ParquetEncoding) -> [UInt8] {
    var bytes: [UInt8] = []
    values.appendValues(0..<values.count, encoding, to: &bytes)
    return bytes
  }

  private func column(_ texts: [String?]) -> ParquetColumnValues {
    var values = ParquetColumnValues(ParquetColumn("c", .text))
    var bytes: [UInt8] = []
    var ranges: [Range<Int>] = []
    for text in texts {
      guard let text else { continue }
      ranges.append(bytes.count..<bytes.count + text.utf8.count)
      bytes += text.utf8
    }
    values.append(levels: texts.map { $0 == nil ? 0 : 1 }, texts: ranges, in: bytes.span.bytes)
    return values
  }

  @Test func `text is encoded plain, as lengths and bytes, or with a dictionary`() {
    let values = column(["Hello", "World", nil, "Foobar", "ABCDEF"])
    #expect(values.encoding == .deltaLengthByteArray)
    #expect(
      encoded(values, .deltaLengthByteArray) == delta([5, 5, 6, 6]) + Array("HelloWorldFoobarABCDEF".utf8))
    #expect(encoded(values, .plain).prefix(13) == [5, 0, 0, 0, 72, 101, 108, 108, 111, 5, 0, 0, 0])
    var levels: [UInt8] = []
    values.appendLevels(0..<5, to: &levels)
    #expect(levels == [2, 0, 0, 0, 3, 0b11011])
    let repeated = column(["a", "b", "a", "a"])
    #expect(repeated.encoding == .rleDictionary)
    #expect(encoded(repeated, .rleDictionary) == [1, 3, 0b0010])
    // Four different values of five are too many.
    #expect(column(["a", "b", "c", "d", "a"]).encoding == .deltaLengthByteArray)
    #expect(column([nil, nil]).encoding == .deltaLengthByteArray)
  }

  @Test func `bounds of long text are truncated to text that still bounds it`() {
    let limit = BoundsSearch.textLimit
    for letter in ["a", "é", "漢", "🙂", "\u{d7ff}", "\u{10ffff}", "a\u{10ffff}"] {
      for count in 1...70 {
        for lead in ["", "x", "xy"] {
          let text = Array((lead + String(repeating: letter, count: count)).utf8)
          let (floor, ceiling) = (TextBound.floor(text), TextBound.ceiling(text))
          #expect(floor.span.bytes.compare(text.span.bytes) <= 0)
          #expect(ceiling.span.bytes.compare(text.span.bytes) >= 0)
          #expect(String(validating: floor, as: UTF8.self) != nil)
          #expect(String(validating: ceiling, as: UTF8.self) != nil)
          #expect(floor.count <= limit)
          #expect(ceiling.count <= limit || ceiling == text)
          #expect(text.count > limit || (floor == text && ceiling == text))
        }
      }
    }
    let letters = Array(String(repeating: "a", count: 65).utf8)
    #expect(TextBound.ceiling(letters) == Array((String(repeating: "a", count: 63) + "b").utf8))
  }

  private func numbers(_ numbers: [Double]) -> (ParquetStatistics, BoundsSearch) {
    var values = ParquetColumnValues(ParquetColumn("c", .double, isRequired: true))
    values.append(levels: [], doubles: numbers)
    var search = BoundsSearch(values)
    return (search.page(0..<numbers.count, nulls: 0), search)
  }

  @Test func `NaN is never a bound, and a zero bound includes both zeros`() {
    let bytes: (Double) -> [UInt8] = { number in (0..<8).map { UInt8(number.bitPattern >> (8 * $0) & 0xff) } }
    for zeros in [[0.0], [-0.0], [0.0, -0.0], [.nan, 0.0]] {
      #expect(numbers(zeros).0.bounds == ParquetBounds(least: bytes(-0.0), most: bytes(0.0)))
    }
    let mixed = numbers([.nan, 2, -3, .nan]).0
    #expect(mixed == ParquetStatistics(nans: 2, bounds: ParquetBounds(least: bytes(-3), most: bytes(2))))
    #expect(numbers([.nan]).0 == ParquetStatistics(nans: 1))
    // A page of NaN alone has no bounds, and so its chunk has no column index.
    let column = ParquetColumn("c", .double)
    var chunk = ParquetChunk(column: column, encoding: .plain, values: 1)
    let page = { (nulls: Int, bounds: ParquetBounds?) in
      ParquetPage(
        offset: 0, size: 0, rows: 0..<1, statistics: ParquetStatistics(nulls: nulls, nans: 0, bounds: bounds),
        textBytes: 0)
    }
    chunk.pages = [page(0, nil)]
    var thrift = ThriftWriter()
    #expect(!chunk.writeColumnIndex(to: &thrift) && thrift.bytes.isEmpty)
    chunk.pages = [page(1, nil)]
    #expect(chunk.writeColumnIndex(to: &thrift))
  }
}
