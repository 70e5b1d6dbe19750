import TestSupport
import Testing

@testable import Compression

@Suite(.fewAtOnce) struct `gzip as a stream` {
  private static let member = GzipWriter.memberLength

  /// Members of `length` bytes of content, `width` of them at a time.
  private func write(
    _ content: [UInt8], memberLength length: Int = GzipWriter.memberLength, width: Int = 1, level: Int = 6
  ) async throws(GzipError) -> [UInt8] {
    var writer = try GzipWriter(level: level, width: width)
    var file: [UInt8] = []
    var rest = content[...]
    while !rest.isEmpty {
      if let member = try await writer.append(Array(rest.prefix(length))) { file += member }
      rest = rest.dropFirst(length)
    }
    while let member = try await writer.finish() { file += member }
    return file
  }

  private func read(_ file: [UInt8], chunk: Int) throws(GzipError) -> [UInt8] {
    var reader = try GzipReader()
    var content: [UInt8] = []
    var rest = file[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(chunk))
      var position = 0
      while try reader.read(piece, from: &position, to: &content) {}
      #expect(position == piece.count)
      rest = rest.dropFirst(piece.count)
    }
    try reader.finish()
    return content
  }

  @Test func `a file is the sequence of its members, however many are compressed concurrently`() async throws
  {
    var random = SeededRandom(seed: 3)
    let content = random.text(30 * 4_099)
    var members: [UInt8] = []
    for start in stride(from: 0, to: content.count, by: 10_000) {
      members += try Gzip.compress(Array(content[start..<min(content.count, start + 10_000)]))
    }
    for width in [1, 2, 3, 40] {
      #expect(try await write(content, memberLength: 10_000, width: width) == members, "\(width)")
    }
    #expect(try read(members, chunk: 1 << 16) == content)
  }

  @Test func `empty content is one empty member`() async throws {
    let file = try await write([])
    #expect(file == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(try read(file, chunk: 1) == [])
  }

  @Test func `finishing twice adds nothing`() async throws {
    var writer = try GzipWriter(width: 1)
    #expect(try await writer.append([1]) == nil)
    #expect(try await writer.finish() == Gzip.compress([1]))
    #expect(try await writer.finish() == nil)
  }

  @Test func `GNU gzip and Python read all members`() async throws {
    var random = SeededRandom(seed: 5)
    let content = random.text(2 * Self.member) + random.noise(Self.member)
    let file = try await write(content, width: 2)
    #expect(try Command.output("gzip", ["-t"], input: file) == [])
    #expect(try Command.output("gzip", ["-dc"], input: file) == content)
    let script = "import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))"
    #expect(try Command.output("python3", ["-c", script], input: file) == content)
  }

  @Test(arguments: [1, 2, 3, 7, 1_000, .max]) func `a file is read in chunks of any length`(chunk: Int) throws
  {
    var random = SeededRandom(seed: 6)
    let content = random.text(5_000) + random.noise(5_000)
    let file = try Gzip.compress(content) + Gzip.compress([]) + Gzip.compress(content, level: 1)
    #expect(try read(file, chunk: chunk) == content + content)
  }

  @Test func `a file cut anywhere is reported as truncated, except between members`() throws {
    let one = try Gzip.compress(Array("the first member".utf8))
    let two = try Gzip.compress(Array("the second member".utf8))
    let file = one + two
    for cut in 0..<file.count where cut != one.count {
      for chunk in [1, .max] {
        #expect(throws: GzipError(.truncated, offset: cut)) { try read(Array(file[..<cut]), chunk: chunk) }
      }
    }
    #expect(try read(one, chunk: 5) == Array("the first member".utf8))
  }

  @Test func `no flipped bit changes what is read`() throws {
    let content = Array("a member of a few bytes, bytes, bytes".utf8)
    let file = try Gzip.compress(content) + Gzip.compress(content)
    for index in file.indices {
      for bit in 0..<8 {
        var other = file
        other[index] ^= 1 << bit
        // Time, XFL, system and the text flag say nothing about the content.
        let read = Result { () throws(GzipError) in try self.read(other, chunk: .max) }
        if case .success(let read) = read {
          #expect(read == content + content, "bit \(bit) of byte \(index)")
        }
      }
    }
  }

  @Test func `text that is not gzip and bytes after a member are errors`() throws {
    let member = try Gzip.compress(Array("member".utf8))
    for chunk in [1, .max] {
      #expect(throws: GzipError(.notGzip)) { try read(Array("uuid,event_at\n".utf8), chunk: chunk) }
      #expect(throws: GzipError(.notGzip)) { try read([0x1f, 0x8c], chunk: chunk) }
      for garbage in [[0], [0x0a], [0x1f, 0], Array("garbage".utf8)] as [[UInt8]] {
        #expect(throws: GzipError(.trailingGarbage, offset: member.count)) {
          try read(member + garbage, chunk: chunk)
        }
      }
      #expect(throws: GzipError(.truncated)) { try read([], chunk: chunk) }
    }
  }

  @Test func `a wrong checksum and a wrong length are distinguished`() throws {
    var wrongChecksum = try Gzip.compress(Array("member".utf8))
    wrongChecksum[wrongChecksum.count - 5] ^= 1
    #expect(throws: GzipError(.corrupt("incorrect data check"), offset: wrongChecksum.count - 4)) {
      try read(wrongChecksum, chunk: .max)
    }
    var wrongLength = try Gzip.compress(Array("member".utf8))
    wrongLength[wrongLength.count - 1] ^= 1
    #expect(throws: GzipError(.corrupt("incorrect length check"), offset: wrongLength.count)) {
      try read(wrongLength, chunk: 1)
    }
  }

  @Test func `each error states cause and position`() {
    #expect(GzipError(.notGzip).description == "this is not a gzip file")
    #expect(GzipError(.truncated, offset: 7).description == "the gzip data ends too early, after 7 bytes")
    #expect(
      GzipError(.trailingGarbage, offset: 9).description
        == "other data follows the gzip data, from byte 9")
    #expect(
      GzipError(.corrupt("incorrect data check"), offset: 5).description
        == "the gzip data is damaged near byte 5: incorrect data check")
    #expect(GzipError(.longerThan(8)).description == "the gzip data decompresses to more than 8 bytes")
    #expect(GzipError(.level(0)).description == "the compression level is 0; it must be 1 to 9")
  }
}
