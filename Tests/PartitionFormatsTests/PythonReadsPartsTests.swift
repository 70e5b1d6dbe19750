import AuditRecord
import Foundation
import PartitionFormats
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `Python's gzip and csv` {
  private static let script = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Interoperability/read-csv-part.py")

  /// The cells as the script prints them.
  private func cells(_ row: Row) -> [String] {
    var texts = TextColumn.allCases.makeIterator()
    return Column.allCases.map { column in
      switch column.kind {
      case .string: texts.next().flatMap { row.text[$0] } ?? ""
      case .timestamp: row.eventAt.description
      case .float64: bits(column == .actorLocationLatitude ? row.latitude : row.longitude)
      }
    }
  }

  private func bits(_ value: Double) -> String {
    guard !value.isNaN else { return "" }
    let digits = String(value.bitPattern, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test(arguments: [21, 22] as [UInt64]) func `find the cells of hostile rows, over several members`(
    seed: UInt64
  ) async throws {
    var random = LocalSplitMix64(seed: seed)
    var rows = Row.hostile.map { Row(text: [.uuid: "u", .actor: $0, .additionalFields: $0]) }
    rows += (0..<2_000).map { _ in Row.random(using: &random) }
    let long = String(repeating: "a long value, with \"quotes\"\r\n", count: 50_000)
    rows.append(Row(text: [.uuid: "long", .object: long]))
    let batch = RowBatch(rows)
    var content = DayContentHash()
    var file: [UInt8] = []
    var writer = try CSVPartWriter()
    _ = try await writer.append(RowSelection(batch), content: &content) { file += $0 }
    let summary = try await writer.finish(content: &content) { file += $0 }
    #expect(summary.uncompressedBytes > GzipWriter.memberLength)

    let output = try Command.output("python3", [Self.script.path], input: file)
    let found = try JSONDecoder().decode([[String]].self, from: Data(output))
    #expect(found.first == Column.allCases.map(\.name))
    #expect(found.count == rows.count + 1)
    for (row, cells) in zip(rows, found.dropFirst()) {
      let same = zip(self.cells(row), cells).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
      #expect(same && cells.count == Column.allCases.count, "seed \(seed): \(cells)")
    }
  }
}
