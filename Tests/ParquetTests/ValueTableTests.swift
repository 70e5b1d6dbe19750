import Testing

@testable import PartitionFormats

@Suite struct ValueTableTests {
  /// The first eight bytes make the hash of the first sixteen zero, whatever the others are.
  private func colliding(_ number: Int) -> [UInt8] {
    let blinding = withUnsafeBytes(of: UInt64(0xa076_1d64_78bd_642f).littleEndian) { Array($0) }
    return blinding + withUnsafeBytes(of: UInt64(number)) { Array($0) } + Array(repeating: 1, count: 16)
  }

  @Test(.timeLimit(.minutes(1)))
  func `values made to collide cost no more than a bounded search each`() {
    var table = ValueTable()
    let count = 120_000
    for number in 0..<count {
      // Each twice, so that a dictionary seems to pay.
      for _ in 0..<2 { colliding(number).withUnsafeBytes { table.append(RawSpan(_unsafeBytes: $0)) } }
    }
    #expect(table.count == 2 * count && table.entries == count)
    for number in stride(from: 0, to: count, by: 997) {
      let id = Int(table.ids[2 * number])
      #expect(Array(table.bytes[table.range(id)]) == colliding(number))
    }
  }
}
