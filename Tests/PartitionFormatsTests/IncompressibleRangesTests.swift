import TestSupport
import Testing

@testable import PartitionFormats

@Suite struct `places of random digits` {
  /// Some rows as the exporter writes them, and the places in them.
  private static func rows(_ count: Int) -> (text: [UInt8], places: [Range<Int>]) {
    var random = SeededRandom(seed: 7)
    func digits(_ count: Int, of alphabet: String) -> String {
      String((0..<count).map { _ in random.pick(Array(alphabet)) })
    }
    var text: [UInt8] = []
    var places: [Range<Int>] = []
    for _ in 0..<count {
      var uuid = [8, 4, 4, 4, 12].map { digits($0, of: "0123456789abcdef") }
      uuid[2] = "4" + uuid[2].dropFirst()
      places += [text.count..<text.count + 36, text.count + 57..<text.count + 63]
      let fraction = digits(6, of: "0123456789")
      text += Array("\(uuid.joined(separator: "-")),2024-02-12T10:30:45.\(fraction)Z,event,,actor\n".utf8)
    }
    return (text, places)
  }

  @Test func `incompressible ranges are found in every row and not in the header`() {
    let (text, places) = Self.rows(50)
    #expect(IncompressibleRanges.find(in: text.span) == places)
    #expect(
      IncompressibleRanges.find(in: (CSVEncoder.header + text).span)
        == places.map { $0.lowerBound + CSVEncoder.header.count..<$0.upperBound + CSVEncoder.header.count })
  }

  @Test func `a row with another form of identifier or time, or a truncated row, has no range`() {
    let (text, _) = Self.rows(1)
    for place in [8, 13, 14, 18, 23, 36, 56, 63] {
      var other = text
      other[place] = UInt8(ascii: "x")
      #expect(IncompressibleRanges.find(in: other.span) == [])
    }
    for count in 0..<65 {
      #expect(IncompressibleRanges.find(in: text.span.extracting(first: count)) == [])
    }
  }
}
