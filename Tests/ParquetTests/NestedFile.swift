import Foundation
import TestSupport

@testable import Parquet

/// A tree and its rows, as a Parquet file and as the JSON that `Tests/Interoperability/read-nested.py` compares with.
struct NestedFile {
  var fields: [ParquetField]
  var rows: [[ParquetValue]]
  var rowLimit = ParquetRowGroup.rowLimit
  var filtered: [[String]] = []
  /// A column of integers, each in one row, by which engines find rows.
  var searched: String?

  var parquet: [UInt8] {
    get throws {
      let schema = try ParquetSchema(name: "schema", fields: fields, filtered: filtered)
      var writer = try ParquetRecordWriter(
        schema, createdBy: "test version 1.0.0 (build 1)", .gzip(level: 1), rowLimit: rowLimit)
      var file: [UInt8] = []
      try writer.append(rows) { file += $0 }
      try writer.finish { file += $0 }
      return file
    }
  }

  var json: Data {
    get throws {
      var object: [String: Any] = [
        "columns": fields.map { [$0.name, Self.json($0.type)] },
        "rows": rows.map { row in row.map(Self.json) },
      ]
      object["search"] = searched
      return try JSONSerialization.data(withJSONObject: object)
    }
  }

  /// Writes both files.
  func write(_ name: String, to folder: URL) throws {
    try Data(parquet).write(to: folder.appending(path: "\(name).parquet"))
    try json.write(to: folder.appending(path: "\(name).json"))
  }

  private static func json(_ type: ParquetType) -> Any {
    switch type {
    case .value(let kind): "\(kind)"
    case .group(let fields): ["group": fields.map { [$0.name, json($0.type)] }]
    case .list(let element, _): ["list": json(element)]
    case .map(let key, let value, _): ["map": ["\(key)", json(value)]]
    }
  }

  private static func json(_ value: ParquetValue) -> Any {
    switch value {
    case .null: NSNull()
    case .text(let text): text
    case .timestamp(let time): time
    case .double(let number): Int64(bitPattern: number.bitPattern)
    case .boolean(let truth): truth
    case .int32(let number): Int(number)
    case .int64(let number): Int(number)
    case .binary(let bytes): bytes.map { String(format: "%02x", $0) }.joined()
    case .group(let values), .list(let values): values.map(json)
    case .map(let entries): entries.map { [json($0.key), json($0.value)] }
    }
  }
}

extension NestedFile {
  /// A tree at random, with rows at random. `variety` is the number of distinct values of a leaf.
  static func random(seed: Int, rows: Int) -> NestedFile {
    var random = SeededRandom(seed: seed)
    let fields = (0..<Int.random(in: 1...4, using: &random)).map {
      ParquetField("c\($0)", type(depth: 0, &random), isRequired: random.once(in: 4))
    }
    let variety = random.pick([1, 5, 1_000_000])
    let table = (0..<rows).map { _ in
      fields.map { value(of: $0.type, hasNulls: !$0.isRequired, variety, &random) }
    }
    return NestedFile(fields: fields, rows: table, rowLimit: random.pick([7, 100, 50_000]))
  }

  private static let kinds: [ParquetColumn.Kind] = [
    .text, .timestamp, .double, .boolean, .int32, .int64, .binary,
  ]

  private static func type(depth: Int, _ random: inout SeededRandom) -> ParquetType {
    switch depth < 4 ? Int.random(in: 0..<6, using: &random) : 0 {
    case 0...2: return .value(random.pick(kinds))
    case 3:
      return .group(
        (0..<Int.random(in: 1...3, using: &random)).map {
          ParquetField("f\($0)", type(depth: depth + 1, &random), isRequired: random.once(in: 4))
        })
    case 4: return .list(type(depth: depth + 1, &random), hasNulls: random.once(in: 2))
    default:
      return .map(
        random.pick([.text, .int64, .int32]), type(depth: depth + 1, &random), hasNulls: random.once(in: 2))
    }
  }

  private static func value(
    of type: ParquetType, hasNulls: Bool, _ variety: Int, _ random: inout SeededRandom
  ) -> ParquetValue {
    if hasNulls && random.once(in: 4) { return .null }
    switch type {
    case .value(let kind): return leaf(kind, Int.random(in: 0..<variety, using: &random))
    case .group(let fields):
      return .group(fields.map { value(of: $0.type, hasNulls: !$0.isRequired, variety, &random) })
    case .list(let element, let hasNulls):
      return .list(
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
          value(of: element, hasNulls: hasNulls, variety, &random)
        })
    case .map(let key, let type, let hasNulls):
      return .map(
        (0..<Int.random(in: 0...3, using: &random)).map {
          .init(leaf(key, 10 * variety + $0), value(of: type, hasNulls: hasNulls, variety, &random))
        })
    }
  }

  private static func leaf(_ kind: ParquetColumn.Kind, _ number: Int) -> ParquetValue {
    switch kind {
    case .text: .text(number == 0 ? "" : number == 1 ? "\n\"é\u{1f600}\\N" : "value \(number)")
    case .timestamp: .timestamp(Int64(number))
    case .double: .double(number == 0 ? -0.0 : Double(number - 2) / 7)
    case .boolean: .boolean(number % 2 == 1)
    case .int32: .int32(number == 0 ? .min : number == 1 ? .max : Int32(number) - 5)
    case .int64: .int64(number == 0 ? .min : number == 1 ? .max : Int64(number) - 5)
    case .binary: .binary(number == 0 ? [] : [0xff, 0x00, UInt8(truncatingIfNeeded: number)])
    }
  }
}
