import AuditRecord
import Parquet
import TestSupport

@testable import PartitionFormats

/// A Parquet part in memory.
struct ParquetPart {
  var file: [UInt8] = []
  var summary: PartSummary

  /// Writes the rows, handing them over in slices.
  init(_ rows: [Row], slice: Int = .max, _ compression: ParquetCompression = .gzip(level: 6)) throws {
    try self.init(RowBatch(rows), slice: slice, compression)
  }

  init(_ batch: RowBatch, slice: Int = .max, _ compression: ParquetCompression = .gzip(level: 6)) throws {
    var file: [UInt8] = []
    var writer = try ParquetPartWriter(compression)
    for start in stride(from: 0, to: batch.count, by: min(slice, max(1, batch.count))) {
      try writer.append(RowSelection(batch), (start..<batch.count).prefix(slice)) { file += $0 }
    }
    summary = try writer.finish { file += $0 }
    self.file = file
  }

  /// Writes some rows, whose text `content` takes.
  init(_ batch: RowBatch, rows: Range<Int>, content: inout DayContentHash) throws {
    var file: [UInt8] = []
    var writer = try ParquetPartWriter()
    try writer.append(RowSelection(batch), rows) { file += $0 }
    content.append(batch, rows: rows)
    summary = try writer.finish { file += $0 }
    self.file = file
  }

  /// The rows of a file.
  static func read(
    _ file: [UInt8], content: inout DayContentHash
  ) async throws -> (rows: [Row], summary: PartSummary) {
    var reader = try await ParquetPartReader(size: file.count) { Array(file[$0..<$0 + $1]) }
    var rows: [Row] = []
    while let batch = try await reader.next(content: &content) { rows += batch.rows }
    return await (rows, try reader.finish())
  }
}

/// Seeded tables of every shape that a writer of columns treats in its own way.
struct RandomTable {
  private var random: SeededRandom

  static func rows(seed: Int) -> [Row] {
    var table = RandomTable(random: SeededRandom(seed: seed))
    return table.rows()
  }

  private mutating func rows() -> [Row] {
    let count = [0, 1, 2, 7, 8, 9, 63, 64, 65, 130, 300, 600].randomElement(using: &random) ?? 0
    var rows = Array(repeating: Row(text: [:]), count: count)
    for column in TextColumn.allCases {
      let values = column == .uuid ? uuids(count) : texts(count)
      for (index, value) in values.enumerated() { rows[index].text[column] = value }
    }
    let times = times(count)
    let (latitudes, longitudes) = (numbers(count), numbers(count))
    for index in rows.indices {
      rows[index].eventAt = Timestamp(microseconds: times[index])
      rows[index].latitude = latitudes[index]
      rows[index].longitude = longitudes[index]
    }
    return rows
  }

  private mutating func uuids(_ count: Int) -> [String] {
    let same = random.next() % 8 == 0
    return (0..<count).map { _ in same ? "u" : String(random.next(), radix: 16) }
  }

  private mutating func texts(_ count: Int) -> [String?] {
    let pool = pool(of: count)
    switch random.next() % 6 {
    case 0: return Array(repeating: nil, count: count)
    case 1: return Array(repeating: pool.randomElement(using: &random), count: count)
    case 2:
      // Runs of different lengths.
      var values: [String?] = []
      while values.count < count {
        let value = random.next() % 3 == 0 ? nil : pool.randomElement(using: &random)
        values += Array(repeating: value, count: Int(random.next() % 40) + 1)
      }
      return Array(values.prefix(count))
    case 3: return (0..<count).map { _ in pool.randomElement(using: &random) }
    case 4:
      return (0..<count).map { _ in random.next() % 2 == 0 ? nil : pool.randomElement(using: &random) }
    default: return (0..<count).map { _ in "\(random.next())" + (pool.randomElement(using: &random) ?? "") }
    }
  }

  /// Long texts are shorter where there are many of them: a thousand tables are written and read in a test.
  private mutating func pool(of count: Int) -> [String] {
    switch random.next() % 5 {
    case 0: return Row.hostile
    case 1: return ["", "a"]
    case 2: return (0..<300).map { _ in String(random.next(), radix: 36) }
    case 3:
      return ["a", "é", "漢", "🙂", "\u{d7ff}", "\u{10ffff}"].map {
        String(repeating: $0, count: 15 + Int(random.next() % 60))
      }
    default:
      return [String(repeating: "long ", count: 20 + Int(random.next() % 3_000) / (count / 8 + 1)), "short"]
    }
  }

  private mutating func times(_ count: Int) -> [Int64] {
    let range = Timestamp.earliest.microseconds...Timestamp.latest.microseconds
    switch random.next() % 5 {
    case 0: return (0..<count).map { _ in Int64.random(in: range, using: &random) }
    case 1: return Array(repeating: range.upperBound, count: count)
    case 2: return (0..<count).map { $0 % 2 == 0 ? range.lowerBound : range.upperBound }
    default:
      var time = Int64(1_707_733_845_123_456)
      return (0..<count).map { _ in
        time += Int64(random.next() % 1_000_000)
        return time
      }
    }
  }

  private mutating func numbers(_ count: Int) -> [Double] {
    let extremes = [
      0.0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude, .nan, 1,
    ]
    switch random.next() % 5 {
    case 0: return Array(repeating: .nan, count: count)
    case 1: return Array(repeating: -0.0, count: count)
    case 2: return (0..<count).map { _ in extremes.randomElement(using: &random) ?? 0 }
    case 3: return (0..<count).map { _ in Double(Int(random.next() % 20)) / 8 - 1 }
    default: return (0..<count).map { _ in Double.randomValue(using: &random) }
    }
  }
}
