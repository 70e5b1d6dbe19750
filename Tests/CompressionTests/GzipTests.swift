import TestSupport
import Testing

@testable import Compression

@Suite(.fewAtOnce) struct `gzip in memory` {
  static func contents() -> [[UInt8]] {
    var random = SeededRandom(seed: 1)
    return [
      [], [0], Array("hello, hello, hello\n".utf8), Array(repeating: 0x61, count: 3_000_000),
      random.noise(300_000), random.text(300_000),
    ]
  }

  @Test(arguments: 1...9)
  func `content compressed at any level is read back`(level: Int) throws {
    for content in Self.contents() {
      let file = try Gzip.compress(content, level: level)
      #expect(try Gzip.decompress(file, limit: content.count) == content)
    }
  }

  @Test(arguments: [-1, 0, 10]) func `a level outside 1 to 9 is refused`(level: Int) {
    #expect(throws: GzipError(.level(level))) { try Gzip.compress([1], level: level) }
  }

  @Test func `compressed content is one member with a fixed header`() throws {
    var encoder = try GzipMemberEncoder(level: 6)
    var member: [UInt8] = []
    try encoder.append(Array("a".utf8), to: &member)
    #expect(
      member == [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff,
        0x4b, 0x04, 0x00,
        0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0,
      ])
    let file = try Gzip.compress(Self.contents()[3], level: 9)
    #expect(Array(file.prefix(10)) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
    #expect(file.suffix(4) == [0xc0, 0xc6, 0x2d, 0])
  }

  @Test
  func `content over the limit is reported as too long before a wrong checksum, in any chunks`()
    throws
  {
    var file = try Gzip.compress(Array("hello".utf8))
    file[file.count - 8] ^= 1
    for chunk in 1...file.count {
      var reader = try GzipReader(limit: 4)
      let failure = #expect(throws: GzipError.self) {
        var output: [UInt8] = []
        for start in stride(from: 0, to: file.count, by: chunk) {
          let piece = Array(file[start..<min(file.count, start + chunk)])
          var position = 0
          while try reader.read(piece, from: &position, to: &output) {}
        }
      }
      #expect(failure?.reason == .longerThan(4), "\(chunk)")
    }
  }

  @Test func `GNU gzip accepts and reads the file`() throws {
    for content in Self.contents() {
      let file = try Gzip.compress(content)
      #expect(try Command.output("gzip", ["-t"], input: file) == [])
      #expect(try Command.output("gzip", ["-dc"], input: file) == content)
    }
  }

  @Test func `files of GNU gzip are read, also concatenated`() throws {
    let contents = Self.contents()
    let one = try Command.output("gzip", ["-9c"], input: contents[2])
    let two = try Command.output("gzip", ["-1c"], input: contents[5])
    #expect(try Gzip.decompress(one + two + one, limit: .max) == contents[2] + contents[5] + contents[2])
  }

  @Test func `a header with a name, a comment, extra bytes and a checksum is read`() throws {
    let plain = try Gzip.compress(Array("a".utf8))
    let extra: [UInt8] = [2, 0, 7, 7]
    let named: [UInt8] = Array("name\0comment\0".utf8)
    let header: [UInt8] = [0x1f, 0x8b, 8, 0x1e, 1, 2, 3, 4, 2, 3] + extra + named
    let checksum = crc32(header.span)
    let file = header + [UInt8(checksum & 255), UInt8(checksum >> 8 & 255)] + plain.dropFirst(10)
    #expect(try Gzip.decompress(file, limit: 1) == Array("a".utf8))
  }

  @Test func `content up to the limit is read, and one byte more is refused`() throws {
    for length in [
      0, 1, 1_000, GzipReader.pieceLength - 1, GzipReader.pieceLength, GzipReader.pieceLength + 1,
    ] {
      let content = [UInt8](repeating: 7, count: length)
      let file = try Gzip.compress(content)
      #expect(try Gzip.decompress(file, limit: length) == content)
      if length > 0 {
        #expect(throws: GzipError.self) { try Gzip.decompress(file + file, limit: 2 * length - 1) }
        let failure = #expect(throws: GzipError.self) { try Gzip.decompress(file, limit: length - 1) }
        #expect(failure?.reason == .longerThan(length - 1))
      }
    }
  }

  @Test func `a gzip bomb is abandoned at the limit`() throws {
    var member = try Gzip.compress([UInt8](repeating: 0, count: 64 << 20), level: 9)
    member += member
    #expect(member.count < 1 << 18)
    var reader = try GzipReader(limit: 1 << 20)
    var position = 0
    var decoded = 0
    var failure: GzipError?
    while failure == nil {
      var piece: [UInt8] = []
      do throws(GzipError) {
        _ = try reader.read(member, from: &position, to: &piece)
        decoded += piece.count
        #expect(piece.count <= GzipReader.pieceLength)
      } catch {
        failure = error
      }
    }
    #expect(failure?.reason == .longerThan(1 << 20))
    #expect(decoded <= 1 << 20)
  }
}
