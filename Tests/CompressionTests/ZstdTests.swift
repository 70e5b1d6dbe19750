import TestSupport
import Testing

@testable import Compression

@Suite struct `zstd frames` {
  #if zstd
    @Test func `a truncated frame is an error, and a changed one gives at most the limit`() throws {
      var random = SeededRandom(seed: 63)
      for body in [[], random.noise(3_000), random.text(300_000)] {
        var frame: [UInt8] = []
        try Zstd.compressor(level: 3).append(body, to: &frame)
        #expect(try Zstd.decompress(frame, limit: body.count) == body)
        if !body.isEmpty {
          #expect(throws: ZstdError.self) { try Zstd.decompress(frame, limit: body.count - 1) }
        }
        #expect(throws: ZstdError.self) { try Zstd.decompress(frame + [0], limit: body.count) }
        for length in stride(from: 0, to: frame.count, by: 1 + frame.count / 100) {
          #expect(throws: ZstdError.self) { try Zstd.decompress(Array(frame[..<length]), limit: body.count) }
        }
        for _ in 0..<1_000 {
          var changed = frame
          changed[Int(random.next() % UInt64(frame.count))] ^= UInt8(truncatingIfNeeded: random.next())
          // What of the damage is seen is an error; the rest is for the checksum of the page.
          do { #expect(try Zstd.decompress(changed, limit: body.count).count <= body.count) } catch {
            continue
          }
        }
      }
    }
  #else
    @Test func `a build without the trait has no zstd`() {
      #expect(!Zstd.isAvailable)
      #expect(throws: ZstdError.self) { try Zstd.compressor(level: 3) }
      #expect(throws: ZstdError.self) { try Zstd.decompress([], limit: 0) }
    }
  #endif
}
