import TestSupport
import Testing

@testable import Parquet

@Suite struct `bloom filters` {
  private func hash(_ text: String) -> UInt64 {
    let bytes = Array(text.utf8)
    return XXHash64.hash(bytes.span.bytes)
  }

  /// The vectors were made with the reference implementation (xxhash 0.8, by way of Python's `xxhash`).
  @Test func `the Bloom filter's hash is XXH64`() {
    #expect(hash("") == 0xef46_db37_51d8_e999)
    #expect(hash("a") == 0xd24e_c4f1_a98c_6e5b)
    #expect(hash("abc") == 0x44bc_2cf5_ad77_0999)
    #expect(hash("Nobody inspects the spammish repetition") == 0xfbce_a83c_8a37_8bf1)
  }

  @Test(arguments: [1, 6, 7, 1_000, 50_000])
  func `a Bloom filter finds every inserted value and hardly any other`(
    count: Int
  ) {
    var filter = BloomFilter(values: count)
    for value in 0..<count { filter.insert(Array("value \(value)".utf8).span.bytes) }
    let found = { (text: String) in filter.mayContain(Array(text.utf8).span.bytes) }
    let missed = (0..<count).count { !found("value \($0)") }
    #expect(missed == 0)
    let wrong = (0..<10_000).count { found("other \($0)") }
    #expect(wrong <= 150)
  }

  @Test func `a filter has a power of two of bytes, and too many values only raise its error rate`() {
    let header: [UInt8] = [0x15, 0x40, 0x1c, 0x1c, 0, 0, 0x1c, 0x1c, 0, 0, 0x1c, 0x1c, 0, 0, 0]
    #expect(BloomFilter(values: 0).bytes == header + Array(repeating: 0, count: 32))
    #expect(BloomFilter(values: 50_000).bytes.count == 65_536 + header.count + 2)
    #expect(BloomFilter(values: 5_000_000).bytes.count == 131_072 + header.count + 2)
  }
}

@Suite struct ValueTableTests {
  /// The first eight bytes make the hash of the first sixteen zero, whatever the others are.
  private func colliding(_ number: Int) -> [UInt8] {
    let blinding = withUnsafeBytes(of: UInt64(0xa076_1d64_78bd_642f).littleEndian) { Array($0) }
    return blinding + withUnsafeBytes(of: UInt64(number)) { Array($0) } + Array(repeating: 1, count: 16)
  }

  @Test(.timeLimit(.minutes(Int(ScaledTimeout.seconds(60) / 60))))
  func `values made to collide cost a bounded search each`() {
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
