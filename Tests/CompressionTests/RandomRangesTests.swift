import TestSupport
import Testing

@testable import Compression

@Suite struct `ranges of random digits` {
  /// Lines of a log, and the ranges of random digits in them.
  private static func rows(_ count: Int) -> (text: [UInt8], places: [Range<Int>]) {
    var random = SeededRandom(seed: 7)
    func digits(_ count: Int, of alphabet: String) -> String {
      let alphabet = Array(alphabet)
      return String((0..<count).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
    }
    var text: [UInt8] = []
    var places: [Range<Int>] = []
    for row in 0..<count {
      var uuid = [8, 4, 4, 4, 12].map { digits($0, of: "0123456789abcdef") }
      uuid[2] = "4" + uuid[2].dropFirst()
      let second = 10 + row * 50 / count
      places += [text.count..<text.count + 36, text.count + 57..<text.count + 63]
      text += Array(
        """
        \(uuid.joined(separator: "-")),2024-02-12T10:30:\(second).\(digits(6, of: "0123456789"))Z,read.package_downloaded,,\
        actor-\(row % 17),user,https://api.cloudsmith.io/v1/users/profile/actor-\(row % 17)/,192.0.2.\(row % 251),\
        lib\(digits(1, of: "abcdefgh"))-\(row % 40).tar.gz,package,\n
        """.utf8)
    }
    return (text, places)
  }

  @Test(arguments: 4...9) func `ranges of random bytes make a member smaller`(level: Int) throws {
    let (text, places) = Self.rows(6_000)
    var plain = try Deflater(level: level)
    var told = try Deflater(level: level)
    var (without, with): ([UInt8], [UInt8]) = ([], [])
    try plain.deflate(text.span, to: &without)
    try told.deflate(text.span, random: places, to: &with)
    #expect(with.count < without.count)
    // What was tuned for one block is forgotten before the next.
    var again: [UInt8] = []
    try told.deflate(text.span, to: &again)
    #expect(again == without)
  }

  #if libdeflate
    @Test(arguments: 1...9) func `a level of libdeflate makes no larger member than zlib's`(level: Int) throws
    {
      let (text, _) = Self.rows(6_000)
      var zlib = try GzipMemberEncoder(level: level)
      var plain: [UInt8] = []
      try zlib.append(text, to: &plain)
      #expect(try LibdeflateCompressor(level: level).member(text).count <= plain.count)
    }
  #endif

  @Test(arguments: 1...9) func `ranges may be wrong, may touch, and may go beyond the end`(level: Int) throws
  {
    var random = SeededRandom(seed: level)
    for length in [0, 1, 36, 300, 5_000, 400_000] {
      let content = random.text(length) + Self.rows(20).text
      var places: [Range<Int>] = []
      var start = 0
      while start < content.count {
        let end = start + Int(random.next() % 600)
        places.append(start..<end)
        start = end + (random.next() % 3 == 0 ? 0 : Int(random.next() % 900))
      }
      let member = try Gzip.compress(content, level: level, random: places)
      #expect(try Gzip.decompress(member, limit: content.count) == content)
    }
  }
}
