import CZlib
import TestSupport
import Testing

@testable import Compression

/// gzip that is almost right.
@Suite struct MutantTests {
  @Test func `a mutated gzip file is read as zlib reads it, in bounded steps`() async throws {
    var random = SeededRandom(seed: 2)
    let flags: [UInt8] = [0x1f, 0x8b, 8, 0x18, 1, 2, 3, 4, 2, 3] + Array("name\0comment\0".utf8)
    let small = try Gzip.compress(Array("hello".utf8))
    var files = try samples("archive/csv", ending: ".csv.gz")
    files += [small, small + small, flags + small.dropFirst(10), try Gzip.compress([])]
    files += [try Gzip.compress(random.noise(300)), try Gzip.compress(Array(repeating: 0, count: 300_000))]
    files += [
      try Gzip.compress(random.text(20_000), level: 1), try Gzip.compress(random.text(2_000), level: 9),
    ]
    try await FuzzedReader.gzip.readMutants(
      of: files, tokens: [small, [0x1f, 0x8b], [0x1f, 0x8b, 8, 0xff]]
    ) {
      file, random in
      let limit = random.once(in: 2) ? Int.max : Int.random(in: 0...4_000, using: &random)
      let whole = try read(file, limit: limit, chunk: file.count)
      let cut = try read(file, limit: limit, chunk: Int.random(in: 1...max(1, file.count), using: &random))
      try #require(whole.content == cut.content)
      try #require(whole.failure?.reason == cut.failure?.reason)
      let expected = ZlibAnswer(file)
      try #require((whole.failure == nil) == (expected.isWhole && expected.content.count <= limit))
      guard whole.failure == nil else { return false }
      try #require(whole.content == expected.content)
      return true
    }
  }

  private struct Reading {
    var content: [UInt8] = []
    var failure: GzipError?
  }

  /// Every step but the last takes something in or gives something out, and never more than it may.
  private func read(_ file: [UInt8], limit: Int, chunk: Int) throws -> Reading {
    var reader = try GzipReader(limit: limit)
    var reading = Reading()
    var rest = file[...]
    do {
      while !rest.isEmpty {
        let piece = Array(rest.prefix(chunk))
        rest = rest.dropFirst(chunk)
        var position = 0
        var more = true
        while more {
          let (before, length) = (position, reading.content.count)
          more = try reader.read(piece, from: &position, to: &reading.content)
          let decoded = reading.content.count - length
          try #require(decoded <= GzipReader.pieceLength && reading.content.count <= limit)
          try #require(!more || position > before || decoded > 0)
        }
        try #require(position == piece.count)
      }
      try reader.finish()
    } catch let error as GzipError {
      reading.failure = error
      if case .longerThan = error.reason {
        // One byte beyond the limit is how it is noticed.
        try #require(reading.content.count == limit + 1)
      }
    }
    return reading
  }
}

/// What zlib makes of the members of a file, each with a stream of its own.
private struct ZlibAnswer {
  var content: [UInt8] = []
  /// Whether the file is nothing but whole members.
  var isWhole = true

  init(_ file: [UInt8]) {
    var input = file
    var room = [UInt8](repeating: 0, count: 1 << 16)
    input.withUnsafeMutableBufferPointer { input in
      room.withUnsafeMutableBufferPointer { room in
        var taken = 0
        repeat {
          var stream = z_stream()
          stream.next_in = input.baseAddress.map { $0 + taken }
          stream.avail_in = UInt32(input.count - taken)
          var status = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
          while status == Z_OK {
            stream.next_out = room.baseAddress
            stream.avail_out = UInt32(room.count)
            status = inflate(&stream, Z_NO_FLUSH)
            content += UnsafeBufferPointer(rebasing: room.prefix(room.count - Int(stream.avail_out)))
          }
          inflateEnd(&stream)
          isWhole = status == Z_STREAM_END
          taken = input.count - Int(stream.avail_in)
        } while isWhole && taken < input.count
      }
    }
  }
}
