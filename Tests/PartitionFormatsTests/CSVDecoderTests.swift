import AuditRecord
import TestSupport
import Testing

@testable import PartitionFormats

@Suite struct `csv-1 as it is read` {
  @Test(arguments: 1...20) func `hostile rows are read back unchanged`(seed: Int) throws {
    var random = SeededRandom(seed: seed)
    let rows = (0..<50).map { _ in Row.random(using: &random) }
    let text = csv(rows)
    #expect(try decode(text) == rows)
    #expect(try decode(text, chunk: 1) == rows)
    #expect(try decode(text, chunk: Int.random(in: 2...99, using: &random)) == rows)
  }

  @Test(arguments: Row.hostile)
  func `each hostile value is read back from the first, a middle and the last column`(
    value: String
  ) throws {
    let rows = [TextColumn.uuid, .context, .additionalFields].map { column in
      var row = Row()
      row.text[column] = value
      return row
    }
    #expect(try decode(csv(rows)) == rows)
  }

  @Test func `a text split anywhere is read the same`() throws {
    var random = SeededRandom(seed: 2)
    let rows = (0..<3).map { _ in Row.random(using: &random) }
    let text = csv(rows)
    for cut in 0...text.count {
      var decoder = CSVDecoder()
      try decoder.append(Array(text[..<cut]))
      try decoder.append(Array(text[cut...]))
      try decoder.finish()
      #expect(decoder.batch.rows == rows, "cut at \(cut)")
    }
  }

  @Test func `a text truncated anywhere is unfinished, except at the end of a row`() throws {
    let rows = [Row(text: [.uuid: "a", .event: "x\ny"]), Row(text: [.uuid: "b", .context: ""])]
    let text = csv(rows)
    let header = CSVEncoder.header.count
    let edges = [header: 0, csv([rows[0]]).count: 1, text.count: 2]
    for cut in 0...text.count {
      if let whole = edges[cut] {
        #expect(try decode(Array(text[..<cut])).count == whole)
      } else {
        let row = cut < header ? 0 : cut < csv([rows[0]]).count ? 1 : 2
        #expect(throws: CSVError(.unfinished, row: row)) { try decode(Array(text[..<cut])) }
      }
    }
  }

  @Test func `any changed text that parses is written back unchanged`() {
    let rows = [
      Row(
        text: [.uuid: "a", .event: "x,\"y\"\r\n", .context: "", .actor: "é🙂", .target: " "], latitude: -1.5,
        longitude: 20),
      Row(text: [.uuid: "b", .additionalFields: "{\"k\":1}"]),
    ]
    let text = csv(rows)
    let replacements = Array(",\"\r\n\\ \t#a0.-Z".utf8) + [0, 0x80, 0xc3, 0xff]
    var accepted = 0
    for index in text.indices {
      for change in [text[index] ^ 1, text[index] ^ 0x80] + replacements {
        var other = text
        other[index] = change
        accepted += expectCanonical(other)
      }
      var shorter = text
      shorter.remove(at: index)
      accepted += expectCanonical(shorter)
      for change in replacements {
        var longer = text
        longer.insert(change, at: index)
        accepted += expectCanonical(longer)
      }
    }
    #expect(accepted > 100)
  }

  /// Returns 1 if the text was accepted.
  private func expectCanonical(_ text: [UInt8]) -> Int {
    do throws(CSVError) {
      let rows = try decode(text)
      #expect(csv(rows) == text, "\(String(decoding: text, as: UTF8.self))")
      return 1
    } catch {
      return 0
    }
  }

  @Test func `rows keep their order and batch across many chunks`() throws {
    let rows = (0..<20_000).map { Row(text: [.uuid: "u\($0)", .context: ""]) }
    #expect(try decode(csv(rows), chunk: 65_536) == rows)
  }

  @Test func `a row over the limit is refused before it is complete`() throws {
    let row = Row(text: [.uuid: "u", .actor: String(repeating: "x", count: 1_000)])
    let length = csv([row]).count - CSVEncoder.header.count - 1
    for chunk in [1, 100, .max] {
      #expect(try decode(csv([row, row]), chunk: chunk, rowLimit: length) == [row, row])
      #expect(throws: CSVError(.longerThan(length - 1), row: 1)) {
        try decode(csv([row]), chunk: chunk, rowLimit: length - 1)
      }
    }
    var decoder = CSVDecoder(rowLimit: 1_000)
    try decoder.append(CSVEncoder.header + Array("\"".utf8))
    #expect(throws: CSVError(.longerThan(1_000), row: 1)) {
      while true { try decoder.append(Array(repeating: UInt8(ascii: "\n"), count: 100)) }
    }
  }
}
